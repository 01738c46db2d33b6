"""What click says of a wrong command line is shown without what was typed, unless that is plainly a slip."""

from __future__ import annotations

import pytest

from tests.leaks.stage import Stage

SAID = [
    (("secrts",), "No such command 'secrts'."),
    (("secrets", "lst"), "No such command 'lst'."),
    (("hunter",), "No such command (not shown)."),
    (("secrets", "correct horse"), "No such command (not shown)."),
    (("secrets", "get", "a", "hunter"), "Got unexpected extra argument (not shown)"),
    (("secrets", "get", "a", "hunter(2)", "(x)"), "Got unexpected extra arguments (not shown)"),
    (("secrets", "list", "--limit", "hunter"), "Invalid value for '--limit': (not shown) is not a valid"),
    (("secrets", "list", "--limit=hunter"), "Invalid value for '--limit': (not shown) is not a valid"),
    (("secrets", "list", "--al"), "No such option '--al'."),
    (("secrets", "list", "--Hunter2"), "No such option (not shown)."),
    (("secrets", "list", "--Hunter2=x"), "No such option (not shown)."),
    (("doctor", "--state-root", "x"), "No such option '--state-root'."),
]


@pytest.mark.parametrize(
    ("arguments", "said"), SAID, ids=lambda each: " ".join(each) if isinstance(each, tuple) else ""
)
def test_only_slips_are_repeated(tmp_path, monkeypatch, arguments, said):
    """Hazard S21: a secret that was typed in the wrong place was repeated on the screen, and in logs."""
    _, (label, err) = Stage(tmp_path, monkeypatch).palyra(*arguments)
    assert "(2)" in label
    assert isinstance(err, bytes)
    assert err.startswith(f"palyra: {said}".encode())
