"""``palyra vault backup`` and ``restore``: from one machine to another with a file and a sheet of paper."""

from __future__ import annotations

import stat
import sys

import pytest

from palyra_kernel.cli.context import read_sheet
from palyra_kernel.keys.signer import fingerprint

OTHER = fingerprint(bytes(32))


@pytest.fixture
def backed_up(bare, tmp_path):
    """A vault with a file of its recovery sheet, and a backup."""
    sheet = tmp_path / "sheet"
    made = bare("init", "--slot", "file", "--slot", "recovery", "--recovery-out", str(sheet))
    assert made.code == 0, made
    bare.set("a", b"1")
    assert bare("vault", "backup", str(tmp_path / "b")).code == 0
    return bare


@pytest.fixture
def machine(backed_up, tmp_path):
    """Another machine: folders that have never seen the vault, the plugin enabled."""
    places = ("--state-root", str(tmp_path / "state2"), "--config-dir", str(tmp_path / "config2"))

    def run(*arguments, **options):
        return backed_up(*places, *arguments, places=False, **options)

    assert run("plugins", "enable", "file").code == 0
    return run


def restore(tmp_path, *more):
    return ("--recovery-file", str(tmp_path / "sheet"), "vault", "restore", str(tmp_path / "b"), *more)


def only_the_key(tmp_path):
    sheet = tmp_path / "sheet"
    sheet.write_text(sheet.read_text().splitlines()[0])


def test_a_backup_says_what_must_be_on_paper(backed_up, tmp_path):
    outcome = backed_up("vault", "backup", str(tmp_path / "b2"))
    sheet = read_sheet(str(tmp_path / "sheet"))
    assert sheet.signer in outcome.text
    assert "recovery sheet" in outcome.text
    assert str(tmp_path / "b2") in outcome.text
    assert "1 secret," in outcome.text
    shown = backed_up("vault", "backup", str(tmp_path / "b3"), "--json").json
    assert shown["signer"] == sheet.signer
    assert shown["path"] == str(tmp_path / "b3")
    assert (shown["secrets"], shown["envelopes"], len(shown["recipients"])) == (1, 1, 1)
    assert shown["bytes"] == (tmp_path / "b3").stat().st_size
    assert shown["created_at"].endswith("Z")


def test_without_a_recovery_slot_it_says_how_to_get_one(call, tmp_path):
    """Hazard S1: a backup without a recipient."""
    outcome = call("--json", "vault", "backup", str(tmp_path / "b"))
    assert (outcome.code, outcome.error["code"]) == (7, "no_recovery_slot")
    assert outcome.error["hint"] == "palyra slots add recovery"


def test_a_file_that_is_there_stays(backed_up, tmp_path):
    before = (tmp_path / "b").read_bytes()
    assert backed_up("vault", "backup", str(tmp_path / "b")).code == 7
    assert (tmp_path / "b").read_bytes() == before


def test_the_sheet_and_the_file_are_enough(machine, tmp_path):
    outcome = machine(*restore(tmp_path, "--yes"))
    assert outcome.code == 0, outcome
    sheet = ("--recovery-file", str(tmp_path / "sheet"))
    assert machine(*sheet, "secrets", "get", "a", "--reveal").out == b"1"
    remove, add = [line.split()[3:] for line in outcome.text.splitlines() if line.startswith("  palyra")]
    assert machine(*sheet, *remove, "--yes").code == 0, "the commands that it shows work as they stand"
    assert machine(*sheet, *add).code == 0
    assert machine("secrets", "get", "a", "--reveal").out == b"1"


def test_json_tells_the_same(machine, tmp_path):
    report = machine(*restore(tmp_path, "--yes", "--json")).json
    assert report["state_root"] == str(tmp_path / "state2")
    assert [(slot["kind"], slot["problem"] is None) for slot in report["slots"]] == [
        ("file", False),
        ("recovery", True),
    ]


def test_without_a_signer_nobody_is_believed(machine, tmp_path):
    """A forged backup has a valid signature too: the question is whose. --yes answers another question."""
    only_the_key(tmp_path)
    outcome = machine(*restore(tmp_path, "--yes", "--json"))
    assert (outcome.code, outcome.error["code"]) == (2, "signer_unknown")
    assert not (tmp_path / "state2").exists()


def test_the_signer_on_the_command_line(machine, tmp_path):
    signer = read_sheet(str(tmp_path / "sheet")).signer or ""
    only_the_key(tmp_path)
    wrong = machine(*restore(tmp_path, "--yes", "--json", "--signer", OTHER))
    assert (wrong.code, wrong.error["code"]) == (8, "wrong_signer")
    assert machine(*restore(tmp_path, "--yes", "--signer", signer.lower().replace("-", " "))).code == 0


def test_a_person_compares_the_signer(machine, tmp_path, prompts):
    signer = read_sheet(str(tmp_path / "sheet")).signer or ""
    only_the_key(tmp_path)
    prompts += ["no"]
    refused = machine(*restore(tmp_path), terminal=True)
    assert refused.code == 2
    assert signer in refused.err
    prompts += ["yes", "y"]
    assert machine(*restore(tmp_path), terminal=True).code == 0
    assert prompts == []


def test_the_recovery_key_is_asked_for(machine, tmp_path, prompts):
    sheet = read_sheet(str(tmp_path / "sheet"))
    prompts += [sheet.key.reveal().decode()]
    options = ("vault", "restore", str(tmp_path / "b"), "--signer", sheet.signer or "", "--yes")
    assert machine(*options, terminal=True).code == 0
    assert machine("vault", "restore", str(tmp_path / "b")).code == 2, "and without a terminal it is needed"


def test_it_asks_before_it_restores(machine, tmp_path, prompts):
    assert machine(*restore(tmp_path)).code == 2, "no terminal, no --yes"
    prompts += ["n"]
    assert machine(*restore(tmp_path), terminal=True).code == 130
    assert not (tmp_path / "state2").exists()


def test_a_vault_that_is_there_stays(backed_up, tmp_path):
    outcome = backed_up(*restore(tmp_path, "--yes", "--json"))
    assert (outcome.code, outcome.error["code"]) == (7, "exists")
    assert backed_up.reveal("a") == b"1"


def test_what_is_no_backup_is_refused_before_anything_is_asked(machine, tmp_path):
    (tmp_path / "b").write_bytes(b"PK\x03\x04" + bytes(500))
    assert machine("vault", "restore", str(tmp_path / "b"), terminal=True).code == 8
    assert machine("vault", "restore", str(tmp_path / "none"), terminal=True).code == 3


@pytest.mark.parametrize("kind", ["init", "slots"])
def test_a_sheet_in_a_file_names_the_signer(bare, tmp_path, kind):
    path = tmp_path / "paper"
    if kind == "init":
        assert bare("init", "--slot", "recovery", "--recovery-out", str(path)).code == 0
    else:
        assert bare("init").code == 0
        assert bare("slots", "add", "recovery", "--recovery-out", str(path)).code == 0
    key, signer = path.read_text().splitlines()
    assert key.startswith("PALYRA-RECOVERY-")
    assert sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == 0o600
    opened = ("--recovery-file", str(path))
    backup = bare(*opened, "vault", "backup", str(tmp_path / "b"), "--json").json
    assert signer == f"signer: {backup['signer']}"


def test_a_sheet_on_the_screen_names_the_signer(bare, tmp_path):
    shown = bare("init", "--slot", "file", "--slot", "recovery").text
    (line,) = [line.strip() for line in shown.splitlines() if line.strip().startswith("signer: ")]
    backup = bare("vault", "backup", str(tmp_path / "b"), "--json").json
    assert line == f"signer: {backup['signer']}"
    added = bare("slots", "add", "recovery").text.splitlines()
    assert added[1] == line, "one signer for all sheets of a vault"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("\n", "\r\n"), 0),
        (lambda text: text.replace("signer:", "  SIGNER :").lower() + "\n\n", 0),
        (lambda text: text.replace("-", " "), 0),
        (lambda text: text.replace("signer: ", "signer: A"), 2),
        (lambda text: text + "anything else\n", 2),
        (lambda text: "\n".join(reversed(text.split("\n"))), 2),
        (lambda text: text.replace("signer:", "from:"), 2),
    ],
)
def test_a_sheet_is_read_as_a_person_types_it_and_nothing_else_is(backed_up, tmp_path, change, code):
    sheet = tmp_path / "sheet"
    sheet.write_text(change(sheet.read_text()))
    drill = backed_up("slots", "list", "--json").json["slots"]
    slot = next(each["id"] for each in drill if each["kind"] == "recovery")
    assert backed_up("--recovery-file", str(sheet), "slots", "drill", slot).code == code
