"""The CA in a vault as it is used: new keys under it, backups of it, verification of everything."""

from __future__ import annotations

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.identity.ca.bundle import accepted_bundle
from palyra_kernel.identity.clock import Clock
from palyra_kernel.values.ids import now_ms
from palyra_kernel.vault import Vault
from tests.backup.machines import Machine
from tests.identity.making import DOMAIN

MINUTE = 60_000


def of(kernel, later_ms: int = 0) -> Authority:
    vault = Vault(kernel._records, kernel._index, kernel._objects, versions_kept=1)
    return Authority(kernel._records, vault, Clock(now_ms=lambda: now_ms() + later_ms))


def test_new_keys_of_the_vault_leave_the_ca_as_it_is(places):
    """Hazard H21: one key hung on the other."""
    with places.create() as kernel:
        state = of(kernel).ensure(DOMAIN)
        kernel.rekey()
        assert of(kernel).check() == state
        assert kernel.verify() == []
    with places.open() as kernel:
        kernel.rekey_root()
    with places.open() as kernel:
        assert of(kernel).check() == state
        of(kernel).rotate_emergency()
        assert kernel.verify() == []
    assert not [path for path in places.files() if b"PRIVATE KEY" in path.read_bytes()]


def test_a_gateway_from_a_backup(tmp_path):
    """A root that went out in an emergency is back in the gateway, and devices do not trust it; the next emergency has
    to reach them, though the gateway knows nothing of the one between."""
    here, there = Machine(tmp_path / "here"), Machine(tmp_path / "there")
    sheet = here.make()
    with here.places.open() as kernel:
        pinned = of(kernel).ensure(DOMAIN).signer
    here.backup()
    with here.places.open() as kernel:
        authority = of(kernel, MINUTE)
        for _ in range(5):
            authority.rotate_emergency()
        known = authority.bundle()
    there.restore(here.file, sheet)
    with there.open(sheet) as kernel:
        old = of(kernel, 2 * MINUTE)
        old.check()
        with pytest.raises(DeniedError):
            accepted_bundle(old.bundle().encoded(), pinned, DOMAIN, above=known.number)
        old.rotate_emergency()
        fresh = old.bundle()
        assert accepted_bundle(fresh.encoded(), pinned, DOMAIN, above=known.number) == fresh
