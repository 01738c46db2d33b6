"""The backup that version 1 wrote: every later version restores it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from palyra_kernel import NotFoundError, SensitiveBytes, Unlock
from palyra_kernel.cli.context import read_sheet
from palyra_kernel.kernel.backup import inspect_backup
from tests.backup.machines import Machine, Sheet

VECTORS = Path(__file__).parents[1] / "vectors" / "backup-v1"
GOLDEN = VECTORS / "vault.backup"


@pytest.fixture
def sheet(tmp_path):
    private = tmp_path / "sheet"
    private.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
    private.write_bytes((VECTORS / "sheet.txt").read_bytes())
    read = read_sheet(str(private))
    return Sheet(read.key.reveal(), read.signer or "")


def test_it_says_what_it_is(sheet):
    facts = inspect_backup(GOLDEN, sheet.signer)
    assert (facts.backend, len(facts.recipients), facts.bytes) == ("file", 1, GOLDEN.stat().st_size)


def test_it_is_restored(tmp_path, sheet):
    machine = Machine(tmp_path / "machine")
    report = machine.restore(GOLDEN, sheet)
    assert (report.secrets, report.envelopes) == (3, 6)
    unlock = Unlock(recovery_key=SensitiveBytes(sheet.text))
    with machine.places.open(unlock=unlock) as kernel:
        assert kernel.verify() == []
        assert kernel.vault.get("global/openai/api_key") == bytes(range(256))
        assert kernel.vault.get("global/openai/api_key?version=1") == b"one"
        assert kernel.vault.stat("openai/api_key").labels == {"env": "golden"}
        assert kernel.vault.get("skill:weather/map") == b"rain" * 10_000
        with pytest.raises(NotFoundError):
            kernel.vault.get("global/gone")
        assert kernel.vault.put("global/openai/api_key", b"new").version == 4
        assert kernel.backup_signer(unlock=unlock) == sheet.signer
