"""A restored vault beside the one that it came from, of one user in one keyring."""

from pathlib import Path
from typing import NamedTuple

import pytest

from palyra_kernel import Unlock
from tests.backup.machines import Machine, Sheet, add_recovery
from tests.support import Places

pytestmark = pytest.mark.real

ON = {"plugins": ["secretservice"], "backend": "secretservice"}
VALUES = {f"key-{number}": b"value %d" % number for number in range(6)}


class Original(NamedTuple):
    """A vault with its envelopes in the keyring, a backup of it, and the sheet."""

    places: Places
    file: Path
    sheet: Sheet


@pytest.fixture
def original(desktop, tmp_path):
    machine = Machine(tmp_path / "original")
    with machine.places.create(**ON) as kernel:
        for key, value in VALUES.items():
            kernel.vault.put(key, value)
        sheet = add_recovery(kernel)
        kernel.backup(machine.file, unlock=Unlock())
    return Original(machine.places, machine.file, sheet)


def restore(original, base):
    """Another life of the vault, with folders of its own."""
    machine = Machine(base)
    report = machine.restore(original.file, original.sheet, plugins=ON["plugins"])
    return machine, report


def opened(machine, sheet):
    return machine.places.open(unlock=Unlock(recovery_key=sheet.key), **ON)


def items(desktop):
    with desktop.collection() as collection:
        return [item.get_attributes() for item in collection.search_items({"type": "blob"})]


def whole(kernel):
    assert kernel.verify() == []
    assert {key: kernel.vault.get(key).reveal() for key in VALUES} == VALUES


@pytest.mark.parametrize("tidied", [0, 1, 2])
def test_what_one_life_destroys_moves_or_collects_the_others_keep(original, desktop, tmp_path, tidied):
    """Hazard D9: two state roots of one user overwrite each other in the keyring, and a restored vault has the id of
    the one that it came from. The original and two restored ones, and one of the three gives up all it has."""
    lives = [original, *(restore(original, tmp_path / name)[0] for name in ("second", "third"))]
    places = {each["vault"] for each in items(desktop)}
    assert (len(places), len(items(desktop))) == (3, 3 * len(VALUES))
    with opened(lives[tidied], original.sheet) as kernel:
        for key in list(VALUES)[:3]:
            kernel.vault.put(key, b"another")
            kernel.vault.destroy(key, None)
        kernel.vault.gc(grace_seconds=0)
        kernel.vault.gc(grace_seconds=0)
        assert kernel.verify() == []
    options = {"plugins": ["secretservice", "file"], "unlock": Unlock(recovery_key=original.sheet.key)}
    with lives[tidied].places.open(**options) as kernel:
        kernel.migrate("file")
        assert kernel.verify() == []
    assert len(items(desktop)) == 2 * len(VALUES)
    for life in lives:
        if life is not lives[tidied]:
            with opened(life, original.sheet) as kernel:
                whole(kernel)


def test_a_slot_in_the_keyring_stays_with_the_vault_that_was_backed_up(original, desktop, tmp_path):
    """Hazard D9: both lives would open by one item, and whoever removed the slot in one shut the other."""
    restored, report = restore(original, tmp_path / "restored")
    (old,) = [slot for slot in report.slots if slot.kind == "secretservice"]
    assert old.left
    with opened(restored, original.sheet) as kernel:
        assert [slot.kind for slot in kernel.slots.list()] == ["file", "recovery"]
        new = kernel.slots.add("secretservice", Unlock(), unlock=Unlock(recovery_key=original.sheet.key))
    with original.places.open(**ON) as kernel:
        kernel.slots.remove(old.id, unlock=Unlock())
        whole(kernel)
    with restored.places.open(**ON) as kernel:
        kernel.slots.drill(new.id, Unlock())
        whole(kernel)


def test_a_vault_that_was_never_restored_has_its_items_under_its_own_id(original, desktop):
    """As all vaults had before there was another place."""
    with original.places.open(**ON) as kernel:
        assert {each["vault"] for each in items(desktop)} == {kernel.vault_id}
        whole(kernel)
