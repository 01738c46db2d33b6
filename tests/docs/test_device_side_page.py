"""The device's side in ``docs/devices.md`` and its record in ``docs/records.md`` are those of the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import palyra_kernel.device
from palyra_kernel.device.documents import Credential, Enrolling, Gateway, Holding, Pins, Run
from tests.docs.pages import page, section

SIDE = section(page("devices.md"), "## The device's side")
RECORD = section(page("records.md"), "## This machine as a device")
ROOM = Path(palyra_kernel.device.__file__).parent
FILES = ("accepting", "connecting", "documents", "holder", "kept", "keys", "pairing", "renewing", "work_door")


def strings():
    for name in FILES:
        for node in ast.walk(ast.parse((ROOM / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error"):
                yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))


def test_every_code_is_told():
    """A code that no page knows is one that nobody knows what to do about."""
    told = page("devices.md") + page("identity.md") + page("net.md")
    for code in set(strings()):
        assert f"`{code}`" in told, code


def test_every_event_is_told():
    for name in FILES:
        for event in re.findall(r'"(self\.[a-z_]+)"', (ROOM / f"{name}.py").read_text("utf-8")):
            assert f"`{event}`" in SIDE, event


def test_the_members_of_the_record_are_listed():
    for kind in (Holding, Gateway, Pins, Enrolling, Run, Credential):
        for member in kind.__struct_fields__:
            assert f"`{member}`" in RECORD, member


def test_every_command_of_the_page_is_one():
    from palyra_kernel.cli.device import _COMMANDS

    assert set(re.findall(r"palyra device ([a-z]+)", SIDE)) <= set(_COMMANDS)
