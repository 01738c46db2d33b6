"""``palyra audit``: what happened, for people, for programs, and for whoever has only a file."""

import pytest

from palyra_kernel import Kernel
from palyra_kernel.records.journal import event_key
from tests.audit.events import made
from tests.support import edited


@pytest.fixture
def told(call):
    """A vault with six events behind that of its birth, one of which has what a terminal must not get.

    Each command that is run on it adds its own.
    """
    with Kernel.open(state_root=call.base / "state", config_dir=call.base / "config") as kernel:
        for number in range(1, 6):
            kernel.audit.write(made(number))
        kernel.audit.write(
            made(6, action="secret.read\x1b[31m\n", outcome="denied", code="policy.baseline_deny")
        )
    return call


def damage(call, number):
    with edited(call.base / "state" / "kernel.db") as connection:
        connection.execute("DELETE FROM records WHERE key = ?", (event_key(number),))


def test_tail_shows_the_newest_last(told):
    lines = told("audit", "tail", "-n", "3").text.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("6 ")
    assert "secret:global/key-5" in lines[1]
    assert lines[2].startswith("7 ")
    assert "audit.read" in lines[3]  # looking is an act too


def test_nothing_reaches_the_terminal_that_moves_it(told):
    """Hazard P24: what somebody sends is shown by a terminal, which obeys it."""
    text = told("audit", "tail").text
    assert "\x1b" not in text
    assert "secret.read\\x1b[31m\\n" in text
    assert len(text.splitlines()) == 1 + 8


def test_tail_for_programs(told):
    event, _ = told("audit", "tail", "-n", "2", "--json").json["events"]
    assert event["number"] == 7
    assert event["event"]["status"] == "denied"
    assert event["event"]["api.operation"] == "secret.read\x1b[31m\n"


def test_verify_says_that_all_is_well_or_names_the_event(told):
    """Hazard P21: exit code 8, and which."""
    outcome = told("audit", "verify")
    assert (outcome.code, outcome.text) == (0, "7 events, all as written\n")
    damage(told, 4)
    outcome = told("audit", "verify")
    assert outcome.code == 8
    assert "event_missing: event 4: event 4 is missing" in outcome.text
    found = told("audit", "verify", "--json")
    assert (found.code, found.json["ok"], found.json["findings"][0]["subject"]) == (8, False, "event 4")
    assert told("vault", "verify").code == 8


def test_export_and_check_without_the_vault(told, tmp_path):
    """Hazard P21: a log that only its owner can check convinces nobody else."""
    outcome = told("audit", "export", "--redact", "unmapped.purpose")
    assert outcome.code == 0
    assert b"deploy" not in outcome.out
    signer = outcome.err.splitlines()[-1].removeprefix("signer: ")
    file = tmp_path / "events.ndjson"
    file.write_bytes(outcome.out)
    checked = told("audit", "verify", "--file", str(file), "--signer", signer, places=False)
    assert checked.code == 0
    assert checked.text.startswith("8 events, 1 to 8, of the vault ")
    unnamed = told("audit", "verify", "--file", str(file), places=False)
    assert "nobody vouches" in unnamed.err
    facts = told("audit", "verify", "--file", str(file), "--signer", signer, "--json", places=False).json
    assert (facts["events"], facts["signer"], facts["redacted"]) == (8, signer, ["unmapped.purpose"])
    file.write_bytes(outcome.out.replace(b"key-2", b"key-9"))
    changed = told("audit", "verify", "--file", str(file), "--signer", signer, "--json", places=False)
    assert (changed.code, changed.error["code"]) == (8, "export_damaged")
    assert "event 3" in changed.error["message"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("export", "--since", "yesterday"), 2, "invalid_time"),
        (("export", "--redact", "nothing"), 2, "unknown_field"),
        (("export", "--since", "2999-01-01"), 3, "no_events"),
        (("verify", "--file", "none"), 3, "file_missing"),
        (("verify", "--signer", "x"), 2, "usage"),
        (("archive", "--to", "x"), 2, "usage"),
        (("archive", "--to", "x", "--keep", "60"), 3, "no_events"),
        (("archive", "--to", "none/x", "--keep", "1"), 3, "folder_missing"),
    ],
)
def test_what_cannot_be_done_is_refused(told, tmp_path, monkeypatch, arguments, code, error):
    monkeypatch.chdir(tmp_path)
    outcome = told("--json", "audit", *arguments)
    assert (outcome.code, outcome.error["code"]) == (code, error)


def test_archive_and_go_on(told, tmp_path):
    """Hazard P22: the log was full, and somebody emptied it by hand."""
    file = tmp_path / "old.ndjson"
    outcome = told("audit", "archive", "--to", str(file), "--keep", "2", "--json")
    assert (outcome.code, outcome.json["last"]) == (0, 6)
    assert file.stat().st_mode & 0o077 == 0
    assert told("audit", "verify").text == "3 events, all as written\n"
    assert (
        told("audit", "verify", "--file", str(file), "--signer", outcome.json["signer"], places=False).code
        == 0
    )
    event, _ = told("audit", "tail", "-n", "2", "--json").json["events"]
    assert event["event"]["api.operation"] == "audit.archive"
    assert event["event"]["unmapped.details"]["hash"] == outcome.json["hash"]
    again = told("audit", "archive", "--to", str(file), "--keep", "0")
    assert again.code == 7


def test_an_export_that_fails_in_the_middle_is_no_export(told, tmp_path):
    """Hazard P21: half an export looked like a whole one."""
    damage(told, 4)
    outcome = told("audit", "export")
    assert outcome.code == 8
    file = tmp_path / "half"
    file.write_bytes(outcome.out)
    checked = told("--json", "audit", "verify", "--file", str(file), places=False)
    assert (checked.code, checked.error["code"]) == (8, "export_cut")


def test_doctor_names_a_large_journal(told, monkeypatch):
    """Hazard P22: a limit that nobody saw coming stopped every act."""
    from palyra_kernel.kernel import health

    assert "large_journal" not in told("doctor").text
    monkeypatch.setattr(health, "MUCH_JOURNAL", 1000)
    outcome = told("doctor")
    assert "large_journal" in outcome.text
    assert "palyra audit archive" in outcome.text
