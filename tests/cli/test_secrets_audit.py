"""``palyra secrets audit``: what is wrong is found and placed, and no value is shown, nor a part of one."""

from __future__ import annotations

import json
import os
import sys

import pytest

from palyra_kernel.scan.findings import RULES
from palyra_kernel.vault import envelope
from tests.cli.conftest import OWN

KEY = "sk-proj-" + "a1B2" * 8


def write(call, name, text):
    path = call.base / "work" / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return str(path)


def audit(call, *arguments, code=0):
    outcome = call("secrets", "audit", str(call.base / "work"), "--json", *arguments)
    assert outcome.code == code, outcome
    return outcome.json


def codes(said):
    return sorted((each["code"], each["path"]) for each in said["findings"])


def test_dead_references_are_blocking_and_live_ones_are_counted(call):
    call.set("app/live", b"1")
    call.set("app/empty", b"")
    call.set("app/gone", b"1")
    assert call("secrets", "rm", "app/gone", "--yes").code == 0
    write(
        call,
        "a.toml",
        'live = "vault://app/live"\nold = "vault://app/live?version=9"\nempty = "vault://app/empty"\n'
        'gone = "vault://app/gone"\nnone = "vault://app/none"\nwrong = "vault://app//x"\n'
        'may = { ref = "vault://app/none", required = false }\n'
        'chain = { ref = "vault://app/none", fallback = ["vault://app/live"] }\n'
        'fine = { ref = "vault://app/empty", allow_empty = true }\n',
    )
    said = audit(call)
    assert codes(said) == [
        ("invalid_secret_ref", "wrong"),
        *[("unresolved_secret_ref", name) for name in ("empty", "gone", "none", "old")],
    ]
    assert said["totals"] == {
        "total": 8,
        "resolved": 3,
        "unchecked": 1,
        "blocking": 5,
        "warning": 0,
        "info": 0,
    }
    audit(call, "--strict", code=9)
    deep = audit(call, "--deep")
    assert (codes(deep), deep["totals"]) == (codes(said), said["totals"])
    offline = audit(call, "--offline", "--strict", code=9)
    assert codes(offline) == [("invalid_secret_ref", "wrong")]
    assert offline["offline"]
    assert offline["totals"]["unchecked"] == 8


def test_nothing_is_decrypted_unless_it_is_deep(call, monkeypatch):
    """Hazard S17: audit decrypted every secret to find out whether it is there."""
    call.set("a", b"1")
    write(call, ".env", "A=vault://a\n")
    opened = []
    open_envelope = envelope.open_envelope

    def counted(*arguments):
        opened.append(1)
        return open_envelope(*arguments)

    monkeypatch.setattr(envelope, "open_envelope", counted)
    assert audit(call)["totals"]["resolved"] == 1
    assert opened == []
    assert audit(call, "--deep")["totals"]["resolved"] == 1
    assert opened


def test_five_hundred_references_are_named_with_path_and_reference(call):
    """Hazard U5: the failing reference was masked, and only 3 paths and 200 profiles were looked at."""
    write(call, "a.json", json.dumps({"profiles": [{"key": f"vault://p/{n}"} for n in range(500)]}))
    said = audit(call)
    assert said["totals"]["blocking"] == said["totals"]["total"] == 500
    last = said["findings"][-1]
    assert (last["path"], last["reference"]) == ("profiles[499].key", "vault://global/p/499")


def test_what_expires_and_what_nothing_refers_to(call):
    call.set("a", b"1", "--expires", "7d")
    call.set("b", b"1", "--expires", "30d")
    call.set(f"{OWN}/other", b"1")
    write(call, ".env", "A=vault://a\n")
    said = audit(call)
    assert [(each["code"], each["reference"]) for each in said["findings"]] == [
        ("expiring_secret_ref", "vault://global/a"),
        ("potentially_unused_secret", "vault://global/b"),
    ]
    assert codes(audit(call, "--expiring", "3")) == [("potentially_unused_secret", None)]
    audit(call, "--strict", code=9)


def test_what_is_set_twice_is_named(call):
    call.set("a", b"1")
    write(call, ".env", f"KEY=vault://a\nKEY={KEY}\nPLAIN=1\nPLAIN=2\n")
    write(call, ".env.local", "KEY=vault://a\n")
    write(call, "a.toml", f'api_key = "{KEY}"\napi_key_ref = "vault://a"\n')
    write(call, "a.json", '{"t": {"password": "hunter2", "password": "hunter3"}}')
    said = [each for each in audit(call)["findings"] if each["code"] == "shadowed_secret_ref"]
    assert [(each["file"].rpartition("/")[2], each["line"], each["severity"]) for each in said] == [
        (".env", 2, "info"),
        (".env", 2, "info"),
        ("a.json", 1, "info"),
        ("a.toml", 1, "warning"),
    ]


def test_files_that_cannot_be_read_do_not_stop_the_others(call):
    broken = write(call, "a.yaml", f"a: [\nkey: {KEY}\n")
    write(call, "b.json", "x" * 2000)
    (call.base / "work" / "c.toml").write_bytes(b'a = "\xff"\n')
    write(call, "d.py", f'key = "{KEY}"\n')
    said = audit(call, "--max-file-bytes", "1000")
    unread = {
        each["file"].rpartition("/")[2]: each
        for each in said["findings"]
        if each["code"] == "unreadable_file"
    }
    assert unread.keys() == {"a.yaml", "b.json", "c.toml"}
    assert unread["b.json"]["severity"] == "warning"
    assert unread["a.yaml"]["severity"] == "info"
    inline = [each["file"] for each in said["findings"] if each["code"] == "inline_secret_configured"]
    assert broken in inline
    assert len(inline) == 2


def test_a_line_may_say_that_there_is_nothing(call):
    write(call, "a.yaml", f"a_key: {KEY} # palyra:ignore, revoked\nref: vault://gone # palyra:ignore\n")
    assert audit(call)["findings"] == []


def test_no_vault_is_needed_without_references(bare):
    write(bare, ".env", f"KEY={KEY}\n")
    assert codes(audit(bare)) == [("inline_secret_configured", "KEY")]
    write(bare, "b.env", "KEY=vault://a\n")
    assert bare("secrets", "audit", str(bare.base / "work")).code == 3
    audit(bare, "--offline")


CANARIES = ["sk-canary0canary0canary0canary0", "hunter2canary", "correct canary staple"]


@pytest.mark.parametrize(
    "options", [(), ("--json",), ("--sarif",), ("--deep",), ("--offline",), ("--strict",)]
)
def test_no_output_shows_a_value(call, options):
    one, two, three = CANARIES
    files = {
        ".env": f"A_KEY={one}\nDB_PASSWORD='{three}'\nDB_PASSWORD={two}\nX=vault://{one}//x\nY=vault://{one}\n",
        "a.yaml": f"password: {two}\n{one}: {{password: {two}}}\n? {two}canary\n# {one}\n",
        "a.json": f'{{"{one}": {{"ref": "vault://{one}", "{one}": 1}}}}',
        "b.json": f'{{"password": "{two}"',
        "a.toml": f'password = "{two}"\npassword_ref = "vault://x y {two}"\n[[{one}]]\nref = "env://{two}-"\n',
        "a.py": f'password = "{two}"\nx = "{one}"\n',
        f"{one}.py": f'password = "{two}"\n',
    }
    for name, text in files.items():
        write(call, name, text)
    outcome = call("secrets", "audit", str(call.base / "work"), *options)
    for canary in CANARIES:
        for piece in (canary, canary[:10], canary[-10:]):
            assert piece not in outcome.text + outcome.err


def test_sarif_is_what_code_hosts_read(call, monkeypatch):
    call.set("idle", b"1")
    write(call, "a b/ü.env", f"KEY={KEY}\nOTHER={KEY}\nR=vault://nothing\n")
    monkeypatch.chdir(call.base)
    log = json.loads(call("secrets", "audit", "work", "--sarif").out)
    assert (log["version"], log["$schema"].rpartition("/")[2]) == ("2.1.0", "sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(RULES)
    found = [(each["ruleId"], each["level"]) for each in run["results"]]
    assert sorted(found) == [
        ("duplicate_inline_secret", "note"),
        ("inline_secret_configured", "warning"),
        ("inline_secret_configured", "warning"),
        ("potentially_unused_secret", "note"),
        ("unresolved_secret_ref", "error"),
    ]
    for each in run["results"]:
        assert rules[each["ruleIndex"]] == each["ruleId"]
        assert each["message"]["text"]
        (location,) = each["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "work/a%20b/%C3%BC.env"
        assert place["region"]["startLine"] >= 1
        assert place["region"]["startColumn"] >= 1
    prints = [each["partialFingerprints"]["palyra/v1"] for each in run["results"]]
    assert len(set(prints)) == len(prints)


def test_a_fingerprint_does_not_come_from_the_value(call):
    """A plain digest of a short value gives it away."""
    prints = []
    for value in ("hunter2", "hunter3"):
        write(call, ".env", f"DB_PASSWORD={value}\n")
        log = json.loads(call("secrets", "audit", str(call.base / "work"), "--sarif").out)
        prints.append(log["runs"][0]["results"][0]["partialFingerprints"])
    assert prints[0] == prints[1]


def test_lines_are_those_of_a_compiler(call, monkeypatch):
    write(call, ".env", f"# x\nKEY={KEY}\n")
    monkeypatch.chdir(call.base / "work")
    outcome = call("secrets", "audit")
    assert outcome.text.startswith(".env:2:5: warning: inline_secret_configured: KEY: ")
    assert "warnings: 1" in outcome.text
    assert call("secrets", "audit", "--deep", "--offline").code == 2
    assert call("secrets", "audit", "nothing").code == 3


@pytest.mark.skipif(sys.platform == "win32", reason="names of files that are no text")
def test_a_file_name_that_is_no_text_or_steers_a_terminal_is_shown_safely(call):
    (call.base / "work").mkdir()
    for name in (b"a\xff.env", b"a\x1b[31m\n.env"):
        (call.base / "work" / os.fsdecode(name)).write_text(f"KEY={KEY}\n")
    for options in ((), ("--json",), ("--sarif",)):
        outcome = call("secrets", "audit", str(call.base / "work"), *options)
        assert outcome.code == 0, outcome
        assert "\x1b" not in outcome.text
