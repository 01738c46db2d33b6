"""``docs/backup.md`` against the code, its session, and a reader that knows the page alone."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from palyra_kernel.kernel.backup import chunks, header, payload
from tests.backup.machines import Machine
from tests.docs.pages import blocks, page, section, table_rows
from tests.docs.sessions import normal, ran

PAGE = page("backup.md")
PLAIN = " ".join(PAGE.split())


def _rows(heading):
    return table_rows(section(PAGE, heading))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell session")
def test_the_session_is_what_happens(tmp_path):
    """Hazard U17: no documented example was ever run."""
    shown = "".join(blocks(section(PAGE, "## A session"), "console"))
    assert ran(shown, tmp_path) == normal(shown)


def test_a_reader_that_knows_only_the_page_reads_a_backup(tmp_path):
    """A format that one program alone can read is lost with that program."""
    machine = Machine(tmp_path / "here")
    sheet = machine.make(a=b"1", b=bytes(70_000 - 5_000))
    report = machine.backup()
    paper = tmp_path / "sheet"
    paper.write_text(f"{sheet.text.decode()}\nsigner: {sheet.signer}\n")
    (program,) = blocks(section(PAGE, "## A reader"), "python")
    assert "palyra_kernel" not in program
    done = subprocess.run(
        [sys.executable, "-c", program, str(machine.file), str(paper)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    kinds = [line[0] for line in lines]
    assert kinds.count("envelope") == report.envelopes == 2
    assert ["keyring", "file", "recovery"] in lines
    records = [bytes.fromhex(line[1]) for line in lines if line[0] == "record"]
    assert records == sorted(records)
    assert {b"head", b"g/pins/vault"} <= set(records)
    assert lines[-1] == ["end", str(report.generation), str(len(records)), "2", "2"]


def test_the_layout_is_the_codes():
    assert header.MAGIC.hex(" ") in PAGE
    assert f"1 to {header.MAX_HEADER:,}" in PAGE
    assert f"1 to {header.MAX_RECIPIENTS} objects" in PAGE
    assert f"the last {header.SIGNATURE}" in PAGE
    assert f"{chunks.CHUNK:,} bytes of payload" in PAGE


def test_the_members_of_the_header_are_listed_in_order():
    listed = [row[0].strip("`") for row in _rows("## Header")]
    assert listed == list(header.Header.__struct_fields__)
    members = _rows("## Header")[-1][2]
    assert re.findall(r"`(slot|suite|sealed)`", members) == list(header.Recipient.__struct_fields__)


def test_the_items_are_listed_with_their_limits():
    listed = {int(row[0]): (row[1], int(row[3].split()[0].replace(",", ""))) for row in _rows("## Payload")}
    names = {"Envelope": "envelope", "Keyring": "keyring", "StoredRecord": "record", "End": "end"}
    ours = {number: names[kind.__name__] for kind, number in payload._TYPES.items()}
    assert {number: (name, payload._MAX_BODY[number]) for number, name in ours.items()} == listed


def test_every_code_on_the_page_is_one_of_ours():
    source = "".join(path.read_text("utf-8") for path in (Path(header.__file__).parents[2]).rglob("*.py"))
    for code in set(re.findall(r"`([a-z]+_[a-z_]+)`", PAGE)) - {"created_at_ms", "keyring_json"}:
        assert f'"{code}"' in source or code in source, code
