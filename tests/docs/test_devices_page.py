"""``docs/devices.md`` and the records of devices: states, codes, members and numbers are those of the code."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

from palyra_kernel.identity import crl, devices, keys, reentry, renewal, texts
from palyra_kernel.identity.device import Device, State
from palyra_kernel.identity.ending import PAST_KEPT
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.names import KINDS
from palyra_kernel.identity.prints import PRINTS, Standing
from palyra_kernel.identity.recent import DEVICE_CHANGES
from palyra_kernel.identity.revocations import REVOCATIONS, Cause, Entry
from tests.docs.pages import page, section, table_rows
from tests.identity.devices.test_machine import TABLE

PAGE = page("devices.md")
RECORDS = section(page("records.md"), "## Devices")
COLUMNS = (
    ("enrol",),
    ("other_key",),
    ("issue", "ask"),
    ("use",),
    ("replace",),
    ("revoke",),
    ("remove",),
    ("unban",),
)


def test_the_table_of_states_is_the_one_that_is_tested():
    rows = {row[0]: row[1:] for row in table_rows(section(PAGE, "## What can happen to one"))}
    words = {"unused": "active", "banned": "banned, still unknown", "removed_banned": "removed, still banned"}
    for state, row in rows.items():
        for cell, events in zip(row, COLUMNS, strict=True):
            for event in events:
                outcome = TABLE[state][event]
                wanted = outcome if outcome in TABLE else f"`{outcome}`"
                assert cell == words.get(wanted, wanted), (state, event)


def test_every_refusal_is_told():
    told = PAGE + page("records.md")
    for module in (devices, keys, reentry, renewal):
        for code in codes(module) - {"device_missing"}:
            assert f"`{code}`" in told, code


def codes(module):
    """The codes of the errors that *module* makes, as far as they stand there."""
    found = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
            found |= {each.value for each in node.args[:1] if isinstance(each, ast.Constant)}
    return found


def test_the_numbers_are_right():
    text = section(PAGE, "## Renewal and coming back")
    assert f"± {renewal.JITTER:.0%}".replace("%", " %") in text
    assert f"until {renewal.REENTRY_MS // 86_400_000} days after" in text
    assert f"{reentry.NONCE_BYTES} random bytes" in text
    assert f"within {reentry.CHALLENGE_MS // 60_000} min" in text
    assert f"differ by {reentry.SKEW_MS // 60_000} min" in text
    assert f"valid for {crl.LIFE_MS // 3_600_000} hours" in PAGE
    assert f"at most {texts.NAME_BYTES} and {texts.REASON_BYTES} bytes" in PAGE
    assert f"(`{'`, `'.join(KINDS)}`)" in PAGE


def test_the_members_of_the_records_are_listed():
    rows = [name for row in table_rows(RECORDS) for name in row[0].replace("`", "").split(", ")]
    assert sorted(rows) == sorted((*Device.__struct_fields__, *Entry.__struct_fields__))
    for name in (*Leaf.__struct_fields__, *Standing.__struct_fields__, *get_args(Cause), *get_args(State)):
        assert name in RECORDS, name
    assert f"up to {PAST_KEPT} that were replaced" in RECORDS


def test_every_namespace_of_devices_is_listed():
    listed = section(page("records.md"), "## Record keys")
    for namespace in (devices.DEVICES, PRINTS, REVOCATIONS, DEVICE_CHANGES):
        kind = "guarded" if namespace.guarded else "plain"
        rows = [row for row in table_rows(listed) if namespace.prefix.decode() in row[0]]
        assert rows, namespace.name
        assert {row[1] for row in rows} == {kind}
