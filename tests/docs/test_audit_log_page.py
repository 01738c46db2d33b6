"""``docs/audit-log.md`` against the code, and against a second program that follows the page alone."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
from pathlib import Path
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from palyra_kernel import SensitiveBytes
from palyra_kernel.audit import encoding, group
from palyra_kernel.audit.commitment import commitment, field_salts, leaves
from palyra_kernel.audit.event import NAMES, Outcome
from palyra_kernel.audit.lines import CLASS_UID, FORMAT, EventLine, Header, Trailer
from palyra_kernel.audit.offline import verify_export
from palyra_kernel.audit.signing import Signer
from palyra_kernel.kernel import auditing, health
from palyra_kernel.plugins.manage import enable
from palyra_kernel.records.journal import EVENTS, JOURNAL_HEAD, JournalHead, decode_entry, event_hash
from tests.audit.events import made
from tests.docs.pages import blocks, page, section, table_rows

PAGE = page("audit-log.md")
PLAIN = " ".join(PAGE.split())
GOLDEN = json.loads((Path(__file__).parents[1] / "vectors" / "audit-v1.json").read_text())
CASES = GOLDEN["cases"]
EXPORTS = GOLDEN["exports"]


def frame(*parts):
    """As ``docs/envelope.md`` describes it."""
    out = b""
    for part in parts:
        raw = (
            part.to_bytes(8, "big")
            if isinstance(part, int)
            else part.encode()
            if isinstance(part, str)
            else part
        )
        out += len(raw).to_bytes(4, "big") + raw
    return out


def kind_and_value(value):
    if isinstance(value, int):
        return "number", value.to_bytes(8, "big")
    if isinstance(value, str):
        return "text", value.encode()
    if isinstance(value, list):
        return "list", frame(*value)
    return "map", frame(*(part for key in sorted(value) for part in (key, value[key])))


def page_leaf(salt, name, value):
    kind, raw = kind_and_value(value)
    return hashlib.sha256(frame("palyra audit field v1", name, kind, salt, raw)).digest()


def page_commitment(found):
    parts = [part for name in sorted(found) for part in (name, found[name])]
    return hashlib.sha256(frame("palyra audit fields v1", *parts)).digest()


def page_hash(number, previous, committed):
    return hashlib.sha256(frame("palyra audit event v1", number, previous, committed)).digest()


def page_leaves(fields, salt):
    salts = {name: hmac.digest(salt, name.encode(), "sha256") for name in fields}
    return {name: page_leaf(salts[name], name, value) for name, value in fields.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["number"]))
def test_whoever_follows_the_page_gets_the_same_hashes(case):
    found = page_leaves(case["fields"], bytes.fromhex(case["salt"]))
    assert page_commitment(found).hex() == case["commitment"]
    assert (
        page_hash(case["number"], bytes.fromhex(case["previous"]), page_commitment(found)).hex()
        == case["hash"]
    )
    document = bytes.fromhex(case["document"])
    assert document[:96].hex() == case["previous"] + case["commitment"] + case["salt"]
    assert json.loads(document[96:]) == case["fields"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["number"]))
def test_what_version_1_wrote_is_read(case):
    """Golden files are written once; every later version must read them."""
    entry = decode_entry(EVENTS.key(case["number"].to_bytes(8, "big")), bytes.fromhex(case["document"]))
    opened = encoding.decode(entry.event)
    assert opened.fields == case["fields"]
    assert opened.event.time_ms == case["fields"]["time"]
    assert entry.hash.hex() == case["hash"]
    salts = field_salts(opened.salt, opened.fields)
    committed = commitment(leaves(opened.fields, salts))
    assert event_hash(entry.number, entry.previous, committed).hex() == case["hash"]


@pytest.mark.parametrize("export", EXPORTS, ids=["whole", "redacted"])
def test_an_export_of_version_1_is_proved_by_both(export):
    found = verify_export(io.BytesIO(export["text"].encode()), export["signer"])
    assert found.redacted == tuple(export["redacted"])
    lines = export["text"].splitlines(keepends=True)
    header, *events, trailer = map(json.loads, lines)
    previous = bytes.fromhex(header["previous"])
    for number, line in enumerate(events, header["first"]):
        if "salt" in line:
            proved = page_leaves(line["event"], bytes.fromhex(line["salt"]))
        else:
            proved = {
                name: page_leaf(bytes.fromhex(line["salts"][name]), name, value)
                for name, value in line["event"].items()
            }
            proved |= {name: bytes.fromhex(hidden) for name, hidden in line["leaves"].items()}
        previous = page_hash(number, previous, page_commitment(proved))
        assert line["hash"] == previous.hex()
    text = frame("palyra audit export v1", hashlib.sha256(lines[0].encode()).digest(), len(events), previous)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(trailer["signer"]))
    public.verify(bytes.fromhex(trailer["signature"]), text)
    seed = bytes.fromhex(GOLDEN["seed"])
    assert Signer(lambda: SensitiveBytes(seed)).fingerprint == export["signer"]


def test_the_example_runs(places, monkeypatch, tmp_path, capsys):
    with places.create() as kernel:
        kernel.audit.write(made(1, action="secret.write"))
    enable(places.config_dir, "file")
    monkeypatch.setenv("PALYRA_STATE_ROOT", str(places.state_root))
    monkeypatch.setenv("PALYRA_CONFIG_DIR", str(places.config_dir))
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(PAGE, "python")
    exec(code, {})  # the page's own
    assert capsys.readouterr().out == "1 vault.made allowed\n2 secret.write allowed\n2 [] 2\n"
    with (tmp_path / "events.ndjson").open("rb") as file:
        assert verify_export(file, None).redacted == ("unmapped.purpose",)


def test_every_field_is_listed():
    listed = [
        name.strip("` ") for row in table_rows(section(PAGE, "## Fields")) for name in row[0].split(",")
    ]
    assert set(listed) == set(NAMES.values()) | {"count"}
    for outcome in get_args(Outcome):
        assert f"`{outcome}`" in section(PAGE, "## Fields")


def test_the_numbers_are_those_of_the_code():
    assert f"a text at {encoding.TEXT_BYTES:,} bytes" in PLAIN
    assert (
        f"an item of a list or map at {encoding.ITEM_BYTES}, a list or map at {encoding.ITEMS} items" in PLAIN
    )
    assert f"{group.WINDOW_SECONDS * 1000:.0f} ms" in PLAIN
    assert f"more than {health.MUCH_JOURNAL // 2**20} MiB" in PLAIN
    assert f"({CLASS_UID})" in PLAIN
    assert f"`{FORMAT}`" in PLAIN
    assert str(auditing.SIGNER.scope) in PLAIN


def test_the_members_are_listed():
    rows = {
        row[0].split("`")[1]: row[1] for row in table_rows(section(PAGE, "## Byte for byte")) if "`" in row[0]
    }
    for kind, struct in (("header", Header), ("event", EventLine), ("trailer", Trailer)):
        assert [
            name
            for name in re.findall(r"`(\w+)`", rows[kind])
            if name in struct.__struct_fields__ and name != "x"
        ]
        assert set(struct.__struct_fields__) <= set(re.findall(r"`(\w+)`", rows[kind]))
    head = PLAIN.partition("`g/journal/head`, JSON:")[2].partition("It is written")[0]
    assert set(re.findall(r"`(\w+)`", head)) == set(JournalHead.__struct_fields__)
    assert JOURNAL_HEAD == b"g/journal/head"
