"""Which values are references, and that a wrong one is named without being repeated."""

from __future__ import annotations

import pytest

from palyra_kernel.scan.formats import format_of
from palyra_kernel.scan.leaves import path_text
from palyra_kernel.scan.references import references


def found(name, text):
    return [
        (path_text(each.path), str(each.ref) if each.ref else each.why)
        for each in references(format_of(name).leaves(text))
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (".env", "A=vault://openai/key", [("A", "vault://global/openai/key")]),
        (".env", "A=env://B\nC=exec://cmd#id", [("A", "env://B"), ("C", "exec://cmd#id")]),
        (".env", "SECRET=file:///run/s\nHOME_URL=file:///srv", [("SECRET", "file:///run/s")]),
        ("a.toml", 'a = { ref = "aws_sm://prod/db", required = false }', [("a", "aws_sm://prod/db")]),
        ("a.toml", 'api_key_ref = "aws_sm://prod/db"', [("api_key_ref", "aws_sm://prod/db")]),
        ("a.toml", 'repo_ref = "https://example.test/x"', []),
        ("a.yaml", "on:\n  ref: main\n", []),
        (
            "a.yaml",
            "a:\n  ref: env://A\n  fallback:\n  - vault://b\n  - ref: vault://c\n",
            [("a", "env://A")],
        ),
        ("a.yaml", "fallback: vault://b", [("fallback", "vault://global/b")]),
        ("a.json", '{"s": [{"ref": "vault://a", "max_bytes": 5}]}', [("s[0]", "vault://global/a")]),
        ("a.py", 'x = resolve("vault://global/a/b")', [("", "vault://global/a/b")]),
        ("a.py", 'x = "vault://{scope}/b"', []),
        ("a.md", "`vault://global/a/b`", []),
    ],
)
def test_what_is_a_reference(name, text, expected):
    assert found(name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "A=vault://canary value"),
        (".env", "A=env://canary-value"),
        ("a.toml", 'a = { ref = "vault://canary//value" }'),
        ("a.toml", 'a = { ref = "vault://a", max_bytes = "canary value" }'),
        ("a.toml", 'a = { ref = "vault://a", fallback = ["vault://canary//value"] }'),
    ],
)
def test_a_wrong_reference_is_not_repeated(name, text):
    """What is mistaken for a reference may be a secret."""
    ((_, why),) = found(name, text)
    assert "canary" not in why
    assert "not a reference" in why


def test_a_field_that_does_not_exist_is_named():
    """Hazard U9: a misspelt allow_symlinks was silently the default."""
    ((path, why),) = found("a.toml", 'k = { ref = "file:///run/s", allow_symlink = true }\n')
    assert path == "k"
    assert "allow_symlink" in why
