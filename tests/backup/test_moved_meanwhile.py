"""A backup while the vault moves to another backend: of where it was, or none and one more try; never half of each."""

import sys

import pytest

from palyra_kernel import ConflictError, Kernel, SensitiveBytes, Unlock
from palyra_kernel.kernel.backup import writing
from palyra_kernel.kernel.backup.contents import Contents
from tests.backup.machines import Sheet, add_recovery
from tests.stranger import BOTH, KIND, BothPlaces, install

VALUES = {f"k{number}": b"value %d" % number for number in range(5)}


@pytest.fixture
def both(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(install(tmp_path / "site"))
    yield BothPlaces(tmp_path)
    sys.modules.pop(f"strange_{KIND}", None)


def once(monkeypatch, owner, name, act, *, after):
    """Do *act* once, before or after the next call."""
    real, todo = getattr(owner, name), [act]

    def called(*arguments):
        if not after and todo:
            todo.pop()()
        answer = real(*arguments)
        if todo:
            todo.pop()()
        return answer

    monkeypatch.setattr(owner, name, called)


@pytest.mark.parametrize("moment", ["before the envelopes", "before the records", "behind both"])
def test_the_switch_falls_into_a_backup(both, tmp_path, monkeypatch, moment):
    """Hazard U13: the header named one backend, and the envelopes were looked for in another."""

    def move():
        with both.open() as other:
            other.migrate(KIND)
            other.vault.put("k0", b"newer")

    with both.create(backend="file") as kernel:
        for key, value in VALUES.items():
            kernel.vault.put(key, value)
        sheet, path, values = add_recovery(kernel), tmp_path / "backup", VALUES
        if moment == "behind both":
            once(monkeypatch, writing, "_read_back", move, after=False)
        else:
            once(monkeypatch, Contents, "copy_envelopes", move, after=moment == "before the records")
            with pytest.raises(ConflictError) as caught:
                kernel.backup(path, unlock=Unlock())
            assert caught.value.code == "record_changed"
            assert not path.exists()
            values = {**VALUES, "k0": b"newer"}
        kernel.backup(path, unlock=Unlock())
    _check_restored(path, sheet, tmp_path, values)


def _check_restored(path, sheet: Sheet, tmp_path, values):
    places = {"state_root": tmp_path / "new", "config_dir": tmp_path / "new-config"}
    Kernel.restore(path, recovery_key=sheet.key, signer=sheet.signer, plugins=list(BOTH), **places)
    unlock = Unlock(recovery_key=SensitiveBytes(sheet.text))
    with Kernel.open(unlock=unlock, plugins=list(BOTH), **places) as restored:
        assert restored.verify() == []
        assert {key: restored.vault.get(key).reveal() for key in values} == values
