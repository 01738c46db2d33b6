"""No room: a full disk and a limit on the size of a file refuse the new value, keep the old one, and pass."""

import contextlib
import sys

import pytest

from palyra_kernel.errors import UnavailableError
from tests.durable.posix import small_disk
from tests.durable.processes import in_child
from tests.support import Places

if sys.platform == "win32":
    pytest.skip("mounts and limits of POSIX", allow_module_level=True)

import resource


def fill(kernel):
    """Put until there is no room; the values that were acknowledged, and the code of the refusal."""
    kept: dict[str, bytes] = {}
    for number in range(1000):
        value = b"%d " % number * 2_000
        try:
            kernel.vault.put(f"k{number}", value)
        except UnavailableError as error:
            return kept, error.code
        kept[f"k{number}"] = value
    raise AssertionError("it never filled up")


def holds(kernel, kept):
    """Everything in *kept* is there, nothing else is, and nothing is damaged."""
    assert {item.ref.key for item in kernel.vault.list()} - set(kept) <= {f"k{len(kept)}"}
    for key, value in kept.items():
        assert kernel.vault.get(key) == value
    assert {finding.code for finding in kernel.verify()} <= {"orphans"}


def test_a_disk_that_fills_up():
    """Hazards D6, P3, U15: a store that empties its file before it writes the new one loses everything on a full disk.
    A real one, with writes of a part: 25,536 of 40,000 bytes, then ENOSPC."""
    with small_disk("1m") as folder, contextlib.ExitStack() as stack:
        places = Places(folder)
        kernel = stack.enter_context(places.create())
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(100_000))
        kept, code = fill(kernel)
        assert kept
        assert code in ("disk_full", "os_error")
        holds(kernel, kept)
        ballast.unlink()
        kernel.vault.put("after", b"there is room again")
        kernel.vault.destroy("after")
        kernel.close()
        with places.open() as again:
            holds(again, kept)


def test_a_vault_that_is_opened_on_a_full_disk():
    """Hazard D6: reading needs no room. Elsewhere each read wrote a lock file first."""
    with small_disk("1m") as folder:
        places = Places(folder)
        with places.create() as kernel:
            kernel.vault.put("a", b"value")
            with contextlib.suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
                while file.write(bytes(512)):
                    pass
            assert kernel.vault.get("a") == b"value"
            assert kernel.verify() == []
        (folder / "ballast").unlink()
        with places.open() as kernel:
            assert kernel.vault.get("a") == b"value"


def test_a_limit_on_the_size_of_a_file(places):
    """Hazard P3, U15: what a quota does, without one: a write beyond the limit fails with EFBIG in the middle."""
    places.create().close()

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with places.open() as kernel:
            kept, code = fill(kernel)
            holds(kernel, kept)
            return f"{len(kept)} {code}"

    count, code = in_child(limited).split()
    assert code in ("disk_full", "os_error")
    with places.open() as kernel:
        holds(kernel, {f"k{number}": b"%d " % number * 2_000 for number in range(int(count))})
        kernel.vault.put("after", b"there is room again")


@pytest.mark.parametrize("which", ["records", "objects"])
def test_a_database_that_may_not_grow(kernel, which):
    """Hazard P3: records and envelopes fill up one after the other; neither leaves the other half done."""
    kernel.vault.put("a", b"old")
    backend = kernel._objects.backend._inner._database
    database = backend if which == "objects" else kernel._records.store._database
    database._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(UnavailableError) as caught:
        kernel.vault.put_many({f"k{number}": b"x" * 1_000 for number in range(200)})
    assert (caught.value.code, caught.value.exit_code) == ("disk_full", 6)
    assert kernel.vault.get("a") == b"old"
    assert [item.ref.key for item in kernel.vault.list()] == ["a"]
    assert {finding.code for finding in kernel.verify()} <= {"orphans"}
    database._connection.execute("PRAGMA max_page_count = 1000000")
    kernel.vault.put("a", b"new")
    assert kernel.vault.get("a") == b"new"
