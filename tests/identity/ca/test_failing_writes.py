"""Every write fails once, before it and after it: what is on disk is whole, and memory says the same."""

from __future__ import annotations

from typing import Any

import pytest

from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.times import DAY
from palyra_kernel.testing import MemoryBackend, MemoryRecordStore
from tests.identity.gateway import Gateway
from tests.identity.making import DOMAIN

HOSTS = Hosts.of(["localhost"])


class Plug:
    """Counts writes; the one numbered *at* fails, before it is done or right after."""

    def __init__(self) -> None:
        self.count, self.at, self.after = 0, 0, False

    def write(self, act):
        self.count += 1
        if self.count == self.at and not self.after:
            raise UnavailableError("disk_full", "no")
        act()
        if self.count == self.at:
            raise UnavailableError("disk_full", "no")


def plugged(base: Any, plug: Plug) -> Any:
    """*base*, each of whose writes goes through *plug*."""

    class Plugged(base):  # type: ignore[misc]  # one of two
        def put(self, blobs, deadline):
            plug.write(lambda: super(Plugged, self).put(blobs, deadline))

        def delete(self, ids, deadline):
            plug.write(lambda: super(Plugged, self).delete(ids, deadline))

        def commit(self, checks, puts, deletes):
            plug.write(lambda: super(Plugged, self).commit(checks, puts, deletes))

    return Plugged


def on(folder, plug):
    backend = plugged(MemoryBackend, plug).open(place(folder))
    store = plugged(MemoryRecordStore, plug).open(f"memory://{folder}")
    return Gateway(folder, made=False, backend=backend, store=store)


def place(folder):
    from palyra_kernel import BlobPlace
    from tests.support import VAULT_ID

    return BlobPlace(folder=folder, vault_id=VAULT_ID)


ACTS = {
    "making it": lambda gateway: gateway.authority.ensure(DOMAIN),
    "a device": lambda gateway: gateway.issue(),
    "a server": lambda gateway: gateway.servers.identity("work", HOSTS),
    "rotating": lambda gateway: gateway.authority.rotate(),
    "a root": lambda gateway: gateway.authority.rotate_root(),
    "an emergency": lambda gateway: gateway.authority.rotate_emergency(),
    "tending": lambda gateway: gateway.authority.tend(),
}


def before(gateway, act):
    """Where *act* starts from."""
    if act != "making it":
        gateway.authority.ensure(DOMAIN)
        gateway.servers.identity("work", HOSTS)
        gateway.now += DAY
    if act == "tending":
        gateway.authority.rotate()
        gateway.authority.rotate_root()
        gateway.now += 40 * DAY


def seen(gateway, process):
    """All that somebody who asks *process* can see of it."""
    try:
        state = process.state()
    except PalyraError as error:
        return error.code
    return state, tuple(process.log.entries())


@pytest.mark.parametrize("act", ACTS)
def test_each_write_fails_in_turn(act, tmp_path):
    """Hazard H33: CA and bundle went in two writes, and memory was ahead of the disk after one had failed."""
    at, done = 0, False
    while not done:
        at += 1
        for after in (False, True):
            plug = Plug()
            gateway = on(tmp_path / f"{at}{after}", plug)
            before(gateway, act)
            start = seen(gateway, gateway.process())
            plug.count, plug.at, plug.after = 0, at, after
            try:
                ACTS[act](gateway)
                failed = False
            except UnavailableError as error:
                assert error.code == "disk_full"  # noqa: PT017
                failed = True
            done = plug.count < at
            plug.at = 0
            assert seen(gateway, gateway.authority) == seen(gateway, gateway.process())
            if failed and not after and at == 1:
                assert seen(gateway, gateway.process()) == start
            ACTS[act](gateway)  # and again, as whoever was refused does
            gateway.authority.ensure(DOMAIN)
            gateway.authority.tend()
            gateway.process().check()
            gateway.authority.log.verify()
            state = gateway.authority.state()
            expected = {f"ca/{ca.id}" for ca in (*state.roots, *state.issuing)} | {"signer"}
            assert {name for name in gateway.secret_names() if not name.startswith("server/")} == expected
    assert at > 1
