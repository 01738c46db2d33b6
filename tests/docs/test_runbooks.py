"""``docs/runbooks/`` and what ``docs/pairing.md`` says people type: every command is one that there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import palyra_kernel
from palyra_kernel.cli.app import app
from tests.docs.pages import DOCS, blocks, page, section

RUNBOOKS = sorted((DOCS / "runbooks").glob("*.md"))
TEXTS = {path.name: path.read_text("utf-8") for path in RUNBOOKS}
TEXTS["pairing.md"] = section(page("pairing.md"), "## What you type")
_SOURCES = Path(palyra_kernel.__file__).parent


def _typed(text: str) -> Iterator[str]:
    """What stands in blocks and between back quotes and begins with palyra."""
    lines = [
        line.strip()
        for block in blocks(re.sub(r"^ {3}", "", text, flags=re.MULTILINE), "text")
        for line in block.splitlines()
    ]
    for line in [*lines, *re.findall(r"`(palyra [^`]+)`", text)]:
        if line.startswith("palyra "):
            yield line.partition(" > ")[0]


_OF_TEXTS = (
    *("invalid_name", "invalid_reason"),
    *("pairing_rejected", "pairing_expired", "pairing_cancelled"),
)
"""Codes that ``identity/texts.py`` puts together."""

COMMANDS = sorted({command for text in TEXTS.values() for command in _typed(text)})


def test_there_are_commands():
    assert len(COMMANDS) > 15
    assert all(any(True for _ in _typed(text)) for text in TEXTS.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command):
    """Hazard U17: no documented example was ever run."""
    words = shlex.split(command)[1:]
    context = click.Context(app, info_name="palyra")
    group: click.Command = app
    while isinstance(group, click.Group):
        name, found, words = group.resolve_command(context, [each for each in words if each != "--json"])
        assert found is not None, name
        context, group = click.Context(found, info_name=name, parent=context), found
    group.parse_args(context, list(words))


def test_every_code_of_an_error_is_one_of_ours():
    source = "".join(path.read_text("utf-8") for path in _SOURCES.rglob("*.py"))
    verbs = section(page("cli.md"), "## Devices: pairing, devices, ca")
    text = TEXTS["ca-emergency.md"] + TEXTS["pairing.md"] + verbs
    codes = set(re.findall(r"`((?:approval\.)?[a-z]+_[a-z_]+)`", text))
    assert codes
    assert 'f"invalid_{what}"' in source
    assert 'f"pairing_{state}"' in source
    for code in codes:
        assert code in _OF_TEXTS or f'"{code}"' in source, code
