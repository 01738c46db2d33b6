"""Approvals in a real vault: over new keys, backups and restores, and the setting of how long what lasts."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from palyra_kernel.errors import DeniedError
from palyra_kernel.kernel.approving import make_approvals
from palyra_kernel.values.principals import Principal
from tests.approvals.room import ALICE, QUICK, Room, secret
from tests.backup.machines import Machine

TYPED = secret("correct horse")


def room_of(kernel) -> Room:
    """A room as the kernel makes it, with cheap guesses."""
    room = Room(SimpleNamespace(records=kernel._records), cost=QUICK)
    made = make_approvals(kernel._records, kernel.config.approvals)
    room.plans = made.plans
    room.approvals.plans = made.plans
    return room


def decided(room, *numbers: int) -> None:
    for number in numbers:
        asked = room.ask({"a": number})
        room.clock.now = asked.asked_ms
        room.decide(asked.id)


def test_a_new_root_key_changes_nothing(places):
    """Neither who decides nor what was allowed: else the first passphrase could be set once more."""
    with places.create() as kernel:
        room = room_of(kernel)
        room.approvals.set_passphrase(TYPED, by=ALICE)
        decided(room, 1)
        asked = room.ask({"a": 2}, key="k")
        kernel.rekey_root()
    with places.open() as kernel:
        room = room_of(kernel)
        assert room.approvals.passphrases.known() == ["user:alice"]
        room.approvals.passphrases.check(ALICE.principal, TYPED)
        assert room.ask({"a": 2}, key="k").id == asked.id
        assert room.use(arguments={"a": 1}) is not None
        assert kernel.verify() == []


def test_a_restored_vault_grants_nothing_of_before(tmp_path):
    """Hazard S18, from the other side: what was allowed, and perhaps used since, is nothing in the next life."""
    old, new = Machine(tmp_path / "old"), Machine(tmp_path / "new")
    sheet = old.make()
    with old.places.open() as kernel:
        room = room_of(kernel)
        room.approvals.set_passphrase(TYPED, by=ALICE)
        decided(room, 1)
        waiting = room.ask({"a": 2})
    old.backup()
    new.restore(old.file, sheet)
    with new.open(sheet) as kernel:
        room = room_of(kernel)
        assert room.usable({"a": 1}) is None
        assert room.plans.find(waiting.id).state == "expired"
        assert room.ask({"a": 1}).state == "pending"
        assert room.approvals.passphrases.has(ALICE.principal)
        assert kernel.verify() == []


def test_a_used_grant_does_not_come_back_with_an_old_state_root(places, tmp_path):
    """Who accepts a rollback takes old secrets back, not old permissions."""
    with places.create() as kernel:
        decided(room_of(kernel), 1)
    shutil.copytree(places.state_root, tmp_path / "copy")
    with places.open() as kernel:
        assert room_of(kernel).use(arguments={"a": 1}) is not None
    shutil.rmtree(places.state_root)
    shutil.copytree(tmp_path / "copy", places.state_root)
    with places.open(consent="accept-rollback") as kernel:
        assert room_of(kernel).usable({"a": 1}) is None


def test_how_long_what_lasts_is_a_setting(places):
    places.config_dir.mkdir(mode=0o700)
    text = "[approvals]\npending_seconds = 20\ndenied_seconds = 0\n"
    (places.config_dir / "palyra.toml").write_text(text)
    with places.create() as kernel:
        asked = room_of(kernel).ask()
        assert asked.until_ms - asked.asked_ms == 20_000


def test_the_doctor_says_that_nobody_proves_anything(places):
    """Hazard P3: a terminal is no proof, and without one approvals bind nobody of the same user."""
    from palyra_kernel.kernel.health import kernel_findings

    def codes():
        return {finding.code for finding in kernel_findings(kernel)}

    with places.create() as kernel:
        assert "approvals_without_proof" in codes()
        room_of(kernel).approvals.set_passphrase(TYPED, by=ALICE, principal=Principal.parse("user:x"))
        assert "approvals_without_proof" not in codes()


def test_asking_in_a_vault_that_is_closed(places):
    with places.create() as kernel:
        room = room_of(kernel)
        room.ask()
    with pytest.raises(Exception, match="closed") as caught:
        room.ask({"a": 1})
    assert not isinstance(caught.value, DeniedError)
