import os
import stat

import click
import pytest

from palyra_kernel import UnavailableError
from palyra_kernel.kernel.slots import SlotKeeper
from palyra_kernel.keys.recovery import generate
from tests.cli.helpers_admin import Admin, key_file


@pytest.fixture
def admin(places, capsys):
    made = Admin(places, capsys)
    made.make(a=b"1")
    return made


def _no_disk(*arguments, **options):
    raise UnavailableError("disk_full", "the disk is full")


@pytest.mark.parametrize("suite", ["x25519", "mlkem768-x25519"])
def test_the_printed_recovery_key_opens_the_vault(admin, places, tmp_path, suite):
    result = admin("slots", "add", "recovery", "--suite", suite)
    assert result.code == 0
    assert result.out.startswith("PALYRA-RECOVERY-")
    key, signer = result.out.splitlines()
    assert signer.startswith("signer: "), "the sheet alone is on standard output"
    assert key not in result.err
    assert "stored nowhere" in result.err
    for path in (places.config_dir / "keys").iterdir():
        path.unlink()
    paper = key_file(tmp_path, "paper", result.out.lower())
    assert admin("--recovery-file", paper, "vault", "verify").code == 0


def test_nothing_but_the_output_has_the_recovery_key(admin, places):
    key = admin("slots", "add", "recovery").out.splitlines()[0]
    assert all(key.encode() not in path.read_bytes() for path in places.files())


def test_a_recovery_key_for_a_program(admin):
    added = admin.ok("slots", "add", "recovery")
    assert added["recovery_key"].startswith("PALYRA-RECOVERY-")
    assert added["slot"]["kind"] == "recovery"
    assert added["signer"].count("-") == 5


def test_a_recovery_key_in_a_new_private_file_is_not_shown(admin, tmp_path):
    path = tmp_path / "key.txt"
    result = admin("slots", "add", "recovery", "--recovery-out", str(path))
    assert result.code == 0
    assert "PALYRA-RECOVERY" not in result.out + result.err
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
    slot = admin.slot("recovery")
    assert admin("--recovery-file", str(path), "slots", "drill", slot).code == 0


def test_a_recovery_key_that_cannot_be_handed_over_leaves_no_slot(admin, tmp_path, monkeypatch):
    there = key_file(tmp_path, "there", "mine")
    assert admin("slots", "add", "recovery", "--recovery-out", there).code == 7
    assert (tmp_path / "there").read_text() == "mine"
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(SlotKeeper, "add", _no_disk)
        assert admin("slots", "add", "recovery", "--recovery-out", str(out)).code == 6
    assert not out.exists()
    echo = click.echo

    def broken(message=None, **options):
        if isinstance(message, bytes):
            raise OSError(28, "no space")
        echo(message, **options)

    monkeypatch.setattr(click, "echo", broken)
    assert admin("slots", "add", "recovery").code == 6
    monkeypatch.undo()
    assert [slot["kind"] for slot in admin.ok("slots", "list")["slots"]] == ["file"]


def test_an_unknown_suite_is_refused(admin):
    assert admin("--json", "slots", "add", "recovery", "--suite", "rot13").error["code"] == "unknown_suite"


def test_a_drill_of_the_recovery_slot_needs_its_own_key(admin, tmp_path):
    key = admin("slots", "add", "recovery").out
    slot = admin.slot("recovery")
    assert admin("--recovery-file", key_file(tmp_path, "right", key), "slots", "drill", slot).code == 0
    other, _ = generate()
    strange = key_file(tmp_path, "other", other.reveal().decode())
    assert admin("--recovery-file", strange, "slots", "drill", slot).code == 8
    typo = key_file(tmp_path, "typo", key.replace(key[20], "A" if key[20] != "A" else "B", 1))
    assert admin("--recovery-file", typo, "slots", "drill", slot).code == 2
