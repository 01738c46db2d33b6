"""A full disk: no act without its event, and nothing that was told is lost."""

import sys

import pytest

from palyra_kernel.errors import UnavailableError
from palyra_kernel.records import Change, Namespace
from tests.audit.events import made
from tests.durable.processes import in_child

if sys.platform == "win32":
    pytest.skip("limits of POSIX", allow_module_level=True)

import resource

THINGS = Namespace("things", guarded=True)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_disk_without_room_for_an_event(places):
    """Hazards S14, P22: a full disk refuses the act, keeps what was told, and passes."""
    places.create().close()

    def limited():
        with places.open() as kernel:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
            done = 0
            try:
                for done in range(10_000):
                    change = Change()
                    change.put(THINGS.key(str(done)), bytes(2_000))
                    kernel.audit.write(made(done), change)
            except UnavailableError as error:
                return done, error.code
            return done, None

    done, code = eval(in_child(limited))  # a tuple that this test printed
    assert code in ("disk_full", "os_error")
    with places.open() as kernel:
        things = len(kernel._records.scan(THINGS.prefix, None, 10_000))
        assert kernel.audit.verify() == (things + 1, [])  # and the birth of the vault
        assert done <= things <= done + 1
        kernel.audit.write(made(1))
        assert kernel.verify() == []
