"""From slots to the root key: any slot opens, and what does not open says why."""

import os
from typing import Any

import msgspec
import pytest

from palyra_kernel.contracts import KeyProtector, Unlock
from palyra_kernel.errors import IntegrityError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.keys.unlock import forget_slot, make_slot, open_root, open_slot
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.keys.slots import QUICK, VAULT_ID, Opener, document, find, root

KINDS = ["file", "passphrase", "recovery"]
WRONG = SensitiveBytes(b"wrong horse")


@pytest.fixture
def opener(tmp_path):
    return Opener(tmp_path / "keys")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_opens_what_it_made(kind, opener):
    slot = opener.make(kind)
    assert open_slot(VAULT_ID, slot, find, opener.unlock) == root()
    assert open_root(document(slot), find, opener.unlock) == root()
    stored = msgspec.json.decode(msgspec.json.encode(slot), type=type(slot))
    assert open_slot(VAULT_ID, stored, find, opener.unlock) == root()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", ["vault_id", "id", "kind", "params"])
def test_a_slot_is_bound_to_its_place(kind, change, opener, monkeypatch):
    """Sealed files of one installation could be swapped elsewhere, and both still opened."""
    slot = opener.make(kind)
    vault_id = "f" * 32 if change == "vault_id" else VAULT_ID
    if change == "vault_id" and kind == "file":
        (opener.folder / f"{VAULT_ID}.key").rename(opener.folder / f"{vault_id}.key")
    changed: dict[str, Any] = {"id": "00000000", "params": {**slot.params, "more": 1}, "kind": "other"}
    other = msgspec.structs.replace(slot, **({change: changed[change]} if change in changed else {}))
    with pytest.raises(IntegrityError) as caught:
        open_slot(vault_id, other, lambda _: find(kind), opener.unlock)
    assert caught.value.code == "wrong_key"


@pytest.mark.parametrize("kind", KINDS)
def test_any_slot_opens(kind, opener):
    """One key source was picked for everybody elsewhere; without it the secrets were lost."""
    keyring = document(*(opener.make(one) for one in KINDS))
    only = {
        "file": Unlock(key_folder=opener.folder),
        "passphrase": Unlock(passphrase=opener.unlock.passphrase),
        "recovery": Unlock(recovery_key=opener.recovery_text),
    }[kind]
    assert open_root(keyring, find, only) == root()


def reasons(caught: PalyraError, keyring) -> None:
    """Every slot is in the message, with its kind."""
    for slot in keyring.slots:
        assert f"slot {slot.id} ({slot.kind}): " in caught.message


def test_nothing_was_brought(opener):
    keyring = document(*(opener.make(kind) for kind in KINDS))
    with pytest.raises(UnavailableError) as caught:
        open_root(keyring, find, Unlock())
    assert caught.value.code == "no_slot_opens"
    assert caught.value.hint
    reasons(caught.value, keyring)


@pytest.mark.parametrize("kind", KINDS)
def test_something_wrong_was_brought(kind, opener, tmp_path):
    """Wrong key, damage and missing parts were one error elsewhere, blamed on whoever asked. Another key source
    was then tried in silence."""
    keyring = document(*(opener.make(one) for one in KINDS))
    other = Opener(tmp_path / "other")
    (other.folder / f"{VAULT_ID}.key").touch(mode=0o600)
    (other.folder / f"{VAULT_ID}.key").write_bytes(os.urandom(32))
    wrong = {
        "file": Unlock(key_folder=other.folder),
        "passphrase": Unlock(passphrase=WRONG),
        "recovery": Unlock(recovery_key=other.recovery_text),
    }[kind]
    with pytest.raises(IntegrityError) as caught:
        open_root(keyring, find, wrong)
    assert caught.value.code == "wrong_key"
    reasons(caught.value, keyring)


def test_a_mistyped_recovery_key_is_invalid_input(opener):
    keyring = document(*(opener.make(kind) for kind in KINDS))
    with pytest.raises(InvalidInputError) as caught:
        open_root(keyring, find, Unlock(recovery_key=SensitiveBytes(b"PALYRA-RECOVERY-AAAAA")))
    assert caught.value.code == "invalid_recovery_key"
    reasons(caught.value, keyring)


def test_a_wrong_thing_beside_the_right_one_opens(opener):
    keyring = document(*(opener.make(kind) for kind in KINDS))
    mixed = Unlock(passphrase=WRONG, recovery_key=opener.recovery_text)
    assert open_root(keyring, find, mixed) == root()


def test_a_damaged_slot_does_not_stop_the_next(opener):
    slots = [opener.make("passphrase"), opener.make("recovery")]
    broken = msgspec.structs.replace(slots[0], data={"salt": "?", "wrapped": "?"})
    greedy = msgspec.structs.replace(slots[0], params={**QUICK, "memory_kib": 2**30})
    assert open_root(document(broken, greedy, slots[1]), find, opener.unlock) == root()


def test_a_slot_of_a_missing_plugin_does_not_stop_the_next(opener):
    strange = msgspec.structs.replace(opener.make("passphrase"), kind="tpm")
    assert open_root(document(strange, opener.make("recovery")), find, opener.unlock) == root()
    with pytest.raises(UnavailableError, match="'tpm'"):
        open_root(document(strange), find, opener.unlock)


def test_an_unsafe_key_file_does_not_stop_the_next_slot(opener):
    """A restore with the wrong umask is the day on which somebody needs the recovery key."""
    keyring = document(*(opener.make(kind) for kind in KINDS))
    (opener.folder / f"{VAULT_ID}.key").chmod(0o644)
    assert open_root(keyring, find, opener.unlock) == root()


class Short(KeyProtector):
    """Unwraps to 31 bytes, and cannot work on every second machine."""

    kind = "short"
    reason: str | None = None
    last = SensitiveBytes(b"")

    def available(self):
        return self.reason

    def wrap(self, key, context, unlock):
        return {}

    def unwrap(self, slot, context, unlock):
        Short.last = SensitiveBytes(bytes(31))
        return Short.last

    def forget(self, slot, context, unlock):
        raise AssertionError("nothing was made")


def test_a_root_of_another_length_is_refused_and_wiped():
    slot = make_slot(VAULT_ID, "short", root(), lambda _: Short(), Unlock(), {})
    with pytest.raises(IntegrityError) as caught:
        open_slot(VAULT_ID, slot, lambda _: Short(), Unlock())
    assert caught.value.code == "wrong_key"
    with pytest.raises(InvalidInputError):
        Short.last.view()


def test_a_protector_says_why_it_cannot(monkeypatch):
    monkeypatch.setattr(Short, "reason", "the store is locked")
    with pytest.raises(UnavailableError, match="the store is locked") as caught:
        make_slot(VAULT_ID, "short", root(), lambda _: Short(), Unlock(), {})
    assert caught.value.code == "protector_unavailable"


def test_an_unknown_kind(opener):
    for attempt in (
        lambda: make_slot(VAULT_ID, "tpm", root(), find, opener.unlock, {}),
        lambda: forget_slot(
            VAULT_ID, msgspec.structs.replace(opener.make("passphrase"), kind="tpm"), find, opener.unlock
        ),
    ):
        with pytest.raises(UnavailableError) as caught:
            attempt()
        assert caught.value.code == "protector_missing"


def test_slot_ids_differ(opener):
    assert len({opener.make("recovery").id for _ in range(20)}) == 20


def test_the_default_parameters_are_stored():
    """A later default must not change how an old slot is opened."""
    unlock = Unlock(passphrase=SensitiveBytes(b"correct horse"))
    slot = make_slot(VAULT_ID, "passphrase", root(), find, unlock, {"iterations": 1})
    assert slot.params == {"memory_kib": 65_536, "iterations": 1, "lanes": 4}
    assert open_slot(VAULT_ID, slot, find, unlock) == root()
