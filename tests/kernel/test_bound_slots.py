"""A slot that goes with this machine or account never stands alone: not made, not added, not left."""

from functools import partial

import pytest

from palyra_kernel import NewSlot, Unlock
from palyra_kernel.errors import ConflictError
from palyra_kernel.keys.passphrase import PassphraseProtector
from palyra_kernel.keys.recovery import generate
from palyra_kernel.values.sensitive import SensitiveBytes

CHEAP = {"memory_kib": 8192, "iterations": 1, "lanes": 1}
PHRASE = Unlock(passphrase=SensitiveBytes(b"one"))
BOUND = NewSlot("passphrase", PHRASE, CHEAP)


@pytest.fixture(autouse=True)
def bound(monkeypatch):
    """The kind ``passphrase`` stands for what an operating system or a chip keeps."""
    monkeypatch.setattr(PassphraseProtector, "device_bound", True)


def code_of(call):
    with pytest.raises(ConflictError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("slots", [(BOUND,), (BOUND, BOUND)])
def test_no_vault_is_made_that_dies_with_its_machine(places, slots):
    """A new login, a new main board, and every secret was gone: nothing else had ever opened the vault."""
    assert code_of(lambda: places.create(slots=slots)) == "second_slot_needed"
    assert not (places.state_root / "keyring.json").exists()
    assert list((places.config_dir / "keys").iterdir()) == []


def test_a_second_slot_that_goes_along_is_no_second_slot(places):
    """It is added only beside one that outlives the machine, and that one cannot be removed then."""
    with places.create() as kernel:
        slot = kernel.slots.add("passphrase", PHRASE, unlock=Unlock(), params=CHEAP)
        (file,) = [each for each in kernel.slots.list() if each.kind == "file"]
        assert code_of(lambda: kernel.slots.remove(file.id, unlock=PHRASE)) == "last_slot"
        next((places.config_dir / "keys").iterdir()).unlink()
        again = partial(kernel.slots.add, "passphrase", PHRASE, unlock=PHRASE, params=CHEAP)
        assert code_of(again) == "second_slot_needed", "the key file is gone: that slot opens nothing"
        _, params = generate()
        kernel.slots.add("recovery", Unlock(), unlock=PHRASE, params=params)
        kernel.slots.remove(file.id, unlock=PHRASE)
        kernel.slots.drill(slot.id, PHRASE)
