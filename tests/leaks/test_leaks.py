"""Canaries of several kinds and sizes through everything that people and programs get to see: none is found.

A new source, command or format adds a function to a module of scenarios, marked ``@scenario``; here nothing changes.
"""

from __future__ import annotations

import sys

import pytest

from tests.leaks import (
    acting,
    adapters,
    approving,
    children,
    in_process,
    references,
    refreshing,
    requesting,
    resolving,
)
from tests.leaks.canaries import CANARIES, assert_nowhere, forms, leaks
from tests.leaks.stage import SCENARIOS, Stage

MODULES = (in_process, resolving, references, requesting, refreshing, adapters, approving, acting, children)


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
@pytest.mark.parametrize("play", SCENARIOS.values(), ids=SCENARIOS)
def test_the_value_shows_nowhere(play, canary, tmp_path, monkeypatch):
    """Hazard S21: redaction knew the names of secret fields, not the values: in any other place a value passed."""
    if play.__module__ == children.__name__ and sys.platform == "win32":
        pytest.skip("starts its children with sh")
    assert_nowhere(play(Stage(tmp_path, monkeypatch), canary), canary)


def test_every_scenario_says_what_it_looks_at():
    assert {play.__module__ for play in SCENARIOS.values()} == {module.__name__ for module in MODULES}
    for play in SCENARIOS.values():
        assert play.__doc__


@pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES)
def test_the_search_finds_every_form(canary):
    """A search that finds nothing anywhere shows nothing."""
    for name, form in forms(canary).items():
        assert leaks(b"before <" + form + b"> after", canary), name
        if len(form) > 64:
            assert leaks(b"before <" + form[7:47] + b"> after", canary), name
    assert not leaks(b"before <redacted> after" * 100, canary)


def test_it_says_where_and_how():
    value = CANARIES["binary of 64"]
    with pytest.raises(AssertionError, match=r"log shows the canary as hex"):
        assert_nowhere([("state", b"nothing"), ("log", f"x{value.hex()}y")], value)
    with pytest.raises(AssertionError, match="nothing to look at"):
        assert_nowhere([("state", b"")], value)
