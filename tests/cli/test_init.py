"""``palyra init``: one vault, its slots proved, its recovery key shown once; never a second one over the first."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from click import Abort

from palyra_kernel.cli import init
from palyra_kernel.plugins.pins import read_pins

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")


def tree(base: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in base.rglob("*") if path.is_file()}


def passphrase_file(base: Path, text: bytes = b"correct horse\n") -> str:
    path = base / "passphrase"
    path.write_bytes(text)
    path.chmod(0o600)
    return str(path)


def test_init_makes_a_vault_enables_the_plugin_and_says_what_protects_it(bare):
    outcome = bare("init")
    assert outcome.code == 0
    assert list(read_pins(bare.base / "config") or {}) == ["file"]
    (key_file,) = (bare.base / "config" / "keys").iterdir()
    for said in (
        str(key_file),
        str(bare.base / "state"),
        "plugin 'file'",
        "slots add recovery",
        "secrets set",
    ):
        assert said in outcome.text
    assert bare("secrets", "list").code == 0


def test_a_second_init_changes_nothing(call):
    call.set("a", b"1")
    before = tree(call.base)
    outcome = call("--json", "init")
    assert (outcome.code, outcome.error["code"], outcome.error["kind"]) == (7, "exists", "conflict")
    assert tree(call.base) == before


def test_a_vault_that_lost_its_keyring_is_not_made_again(call):
    (call.base / "state" / "keyring.json").unlink()
    before = tree(call.base)
    assert call("init").code == 8
    assert tree(call.base) == before


def test_json_tells_the_same(bare):
    made = bare("init", "--json", "--slot", "file", "--slot", "recovery").json
    assert made["backend"] == "file"
    assert [slot["kind"] for slot in made["slots"]] == ["file", "recovery"]
    assert made["recovery_key"].startswith("PALYRA-RECOVERY-")
    assert Path(made["key_file"]).exists()


def test_a_passphrase_slot_opens_with_its_file_and_with_nothing_else(bare, prompts):
    path = passphrase_file(bare.base)
    assert bare("--passphrase-file", path, "init", "--slot", "passphrase").code == 0
    assert not list((bare.base / "config" / "keys").iterdir())
    assert bare("secrets", "list").code == 6
    assert bare("--passphrase-file", path, "secrets", "list").code == 0
    wrong = passphrase_file(bare.base, b"incorrect horse\n")
    assert bare("--passphrase-file", wrong, "secrets", "list").code == 8
    prompts.append("correct horse")
    assert bare("secrets", "list", terminal=True).code == 0


def test_the_passphrase_is_asked_twice(bare, prompts):
    prompts += ["one", "other", "same", "same"]
    assert bare("init", "--slot", "passphrase", terminal=True).code == 0
    assert prompts == []


def test_cancelling_at_the_passphrase_leaves_nothing(bare, prompts):
    prompts.append(Abort())
    assert bare("init", "--slot", "passphrase", terminal=True).code == 130
    assert tree(bare.base) == {}


def test_without_a_terminal_a_passphrase_needs_a_file(bare):
    assert bare("init", "--slot", "passphrase").code == 2
    assert tree(bare.base) == {}


@pytest.mark.parametrize("suite", ["x25519", "mlkem768-x25519"])
def test_the_recovery_key_is_shown_once_and_opens_the_vault(bare, suite):
    outcome = bare("init", "--slot", "file", "--slot", "recovery", "--recovery-suite", suite)
    assert outcome.text.count("PALYRA-RECOVERY-") == 1
    assert "PALYRA-RECOVERY-" not in outcome.err
    key = next(line for line in outcome.text.splitlines() if "PALYRA-RECOVERY-" in line).strip()
    assert not [path for path, data in tree(bare.base).items() if key.encode() in data]
    (key_file,) = (bare.base / "config" / "keys").iterdir()
    key_file.unlink()
    assert bare("secrets", "list").code == 6
    sheet = bare.base / "sheet"
    sheet.write_text(key.lower())
    sheet.chmod(0o600)
    assert bare("--recovery-file", str(sheet), "secrets", "list").code == 0


@posix
def test_recovery_out_is_born_private_and_not_shown(bare):
    path = bare.base / "recovery.txt"
    outcome = bare("init", "--slot", "recovery", "--recovery-out", str(path))
    assert outcome.code == 0
    assert b"PALYRA-RECOVERY-" not in outcome.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert bare("--recovery-file", str(path), "secrets", "list").code == 0


def test_recovery_out_never_overwrites(bare):
    path = bare.base / "recovery.txt"
    path.write_text("mine")
    assert bare("init", "--slot", "recovery", "--recovery-out", str(path)).code == 7
    assert tree(bare.base) == {str(path): b"mine"}


def test_a_failed_init_leaves_no_recovery_key(bare):
    path = bare.base / "recovery.txt"
    outcome = bare("init", "--plugin", "nothing", "--slot", "recovery", "--recovery-out", str(path))
    assert outcome.code == 3
    assert not path.exists()
    assert bare("init", "--backend", "nothing").code == 6
    assert bare("init").code == 0


def test_losing_the_race_against_another_init_is_a_conflict(bare, monkeypatch):
    assert bare("init", "--slot", "file", "--slot", "recovery").code == 0
    monkeypatch.setattr(init, "_exists", lambda _places: False)
    path = bare.base / "recovery.txt"
    outcome = bare("init", "--slot", "file", "--slot", "recovery", "--recovery-out", str(path))
    assert outcome.code == 7
    assert not path.exists()
    assert bare("init", "--slot", "recovery").code == 7


def test_p_names_the_plugins_and_enables_none(bare):
    assert bare("-p", "file", "init").code == 0
    assert read_pins(bare.base / "config") is None
    assert bare("-p", "file", "secrets", "list").code == 0
    assert bare("secrets", "list").code == 6


@pytest.mark.parametrize(
    "arguments",
    [
        ("-p", "file", "init", "--plugin", "file"),
        ("init", "--slot", "file", "--slot", "file"),
        ("init", "--recovery-out", "x"),
        ("init", "--recovery-suite", "x25519"),
        ("--recovery-file", "x", "init"),
        ("--passphrase-file", "x", "init"),
        ("init", "--slot", "hope"),
        ("init", "surplus"),
    ],
)
def test_contradictions_are_usage_errors_and_make_nothing(bare, arguments):
    assert bare(*arguments).code == 2
    assert tree(bare.base) == {}


def test_an_empty_passphrase_is_refused(bare):
    assert (
        bare("--passphrase-file", passphrase_file(bare.base, b"\n"), "init", "--slot", "passphrase").code == 2
    )
    assert not (bare.base / "state" / "keyring.json").exists()


@posix
def test_a_folder_that_others_can_write_is_refused(bare):
    (bare.base / "state").mkdir()
    (bare.base / "state").chmod(0o777)
    assert bare("init").code == 4
