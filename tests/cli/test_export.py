"""``palyra secrets export``: plain text on purpose only, and byte for byte what went in."""

from __future__ import annotations

import json
import stat
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.cli.secrets.dotenv_format import dotenv_line, parse_dotenv
from tests.cli.conftest import OWN

TEXTS = [
    "", "plain", " spaced ", "two\nlines\n", "cr\r\nlf\r", "tab\t", "'", '"', "\\", "\\\\", '\\"', "\\'",
    "$HOME ${X} `id`", "# no comment", "a #b", "grüße \U0001f511", "\0\x01\x7f\x85", "\u2028\u2029\xa0", "\ufeffbom",
    "-----BEGIN\nKEY-----\n",
    "export X=1", "ends in \\", "'\\n'", "\x0b\x0c\x1c\x1d\x1e", "=",
]  # fmt: skip


def test_dotenv_reads_back_byte_for_byte(call):
    for number, text in enumerate(TEXTS):
        call.set(f"dir/k-{number}.x", text.encode())
    exported = call("secrets", "export", "--yes")
    assert exported.code == 0
    path = call.base / "exported"
    path.write_bytes(exported.out)
    assert call("secrets", "import", str(path), "--scope", OWN, "--yes").code == 0
    for number, text in enumerate(TEXTS):
        assert call.reveal(f"{OWN}/dir/k-{number}.x") == text.encode()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_any_text_survives_beside_any_other(values):
    text = "".join(dotenv_line(f"K{number}", value) for number, value in enumerate(values))
    items, problems = parse_dotenv(text)
    assert not problems
    assert [item.value.decode() for item in items] == values


@given(st.text(max_size=60) | st.text("AB=\"'\\ \n\r#$", max_size=60))
def test_no_text_breaks_the_parser(text):
    items, problems = parse_dotenv(text.encode("utf-8", "replace").decode())
    assert all(isinstance(item.value, bytes) for item in items)
    assert all(problem.where.startswith("line ") for problem in problems)


def test_json_reads_back_byte_for_byte(call):
    values = {
        "bytes": bytes(range(256)),
        "half": b"\xc3",
        **{f"k{n}": text.encode() for n, text in enumerate(TEXTS)},
    }
    for key, value in values.items():
        call.set(key, value)
    path = call.base / "exported.json"
    assert call("secrets", "export", "--json", "--out", str(path), "--yes").json == {
        "file": str(path),
        "secrets": len(values),
    }
    assert json.loads(path.read_bytes())["k1"] == "plain"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert call("secrets", "import", str(path), "--scope", OWN, "--yes").code == 0
    assert {key: call.reveal(f"{OWN}/{key}") for key in values} == values


def test_bytes_do_not_fit_into_dotenv(call):
    call.set("fits", b"canary-value")
    call.set("not", b"\xff")
    path = call.base / "out.env"
    outcome = call("secrets", "export", "--format", "dotenv", "--out", str(path), "--yes", "--json")
    assert (outcome.code, outcome.error["code"], outcome.out) == (2, "not_text", b"")
    assert "--format json" in outcome.error["hint"]
    assert not path.exists()
    assert call("secrets", "export", "--prefix", "fits", "--yes").out == b"fits=canary-value\n"


def test_it_asks_first(call, prompts):
    call.set("a", b"canary-value")
    outcome = call("secrets", "export")
    assert (outcome.code, outcome.out) == (2, b"")
    prompts.append("n")
    outcome = call("secrets", "export", terminal=True)
    assert (outcome.code, outcome.out) == (130, b"")
    prompts.append("y")
    assert call("secrets", "export", terminal=True).out == b"a=canary-value\n"


def test_nothing_is_decrypted_before_the_answer(call, prompts, monkeypatch):
    call.set("a", b"1")
    monkeypatch.setattr("palyra_kernel.vault.objects.Objects.open", lambda *_: pytest.fail("decrypted"))
    prompts.append("n")
    assert call("secrets", "export", terminal=True).code == 130


def test_an_existing_file_is_kept(call):
    call.set("a", b"1")
    path = call.base / "mine"
    path.write_text("mine")
    assert call("secrets", "export", "--out", str(path), "--yes").code == 7
    assert path.read_text() == "mine"


def test_scopes_and_what_is_left_out(call):
    call.set(f"{OWN}/a", b"1")
    call.set(f"{OWN}/gone", b"1")
    call.set(f"{OWN}/old", b"1", "--expires", "1s")
    call.set("a", b"global")
    call("secrets", "rm", f"{OWN}/gone", "--yes")
    time.sleep(1.01)
    outcome = call("secrets", "export", OWN, "--yes")
    assert outcome.out == b"a=1\n"
    assert "expired" in outcome.err
    assert call("secrets", "export", "kernel:ca", "--yes").code == 2
    assert call("secrets", "export", "principal:user:nobody", "--yes").code == 4
