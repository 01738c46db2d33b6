"""``palyra explain``: what would happen, without its happening; and the schema, checked by a validator."""

from __future__ import annotations

import msgspec
import pytest
from jsonschema import Draft202012Validator

from palyra_kernel import InvalidInputError, SecretError, SecretRef
from palyra_kernel.cli.explain import schema
from tests.cli.sources_admin import fake

__all__ = ["fake"]


def test_it_shows_the_chain_and_asks_nobody(call, fake):
    fake.answers = {
        "no": SecretError(kind="policy_blocked", code="not_allowed", message="no", hint="allow it"),
        "x": b"canary-value",
    }
    path = call.base / "refs.toml"
    path.write_text(
        '[X]\nref = "fake://no"\nfallback = ["fake://x", "vault://gone"]\nmax_stale_seconds = 60\n'
    )
    outcome = call("explain", "-t", str(path), "X")
    assert outcome.code == 0
    for words in (
        "required; asked again on_startup; shown freeze_until_reload",
        "in memory: no; last known good: none; answers for a failed source up to 60 s",
        "1. fake://no\n     source fake, local, many in one call\n     refused: policy_blocked (not_allowed): no",
        "hint: allow it",
        "2. fake://x\n     source fake",
        "3. vault://global/gone",
        "refused: missing (secret_missing)",
    ):
        assert words in outcome.text
    assert fake.calls == []
    assert b"canary" not in outcome.out


def test_json(call, fake):
    found = call("explain", "fake://x", "--json").json
    assert found["ref"] == "fake://x"
    assert [link["scheme"] for link in found["explanation"]["links"]] == ["fake"]


@pytest.mark.parametrize("arguments", [(), ("a b",), ("ENV://X",)], ids=str)
def test_wrong_references(call, arguments):
    assert call("explain", *arguments).code == 2


def test_an_unknown_source_is_explained_with_what_enables_it(call):
    outcome = call("explain", "elsewhere://x")
    assert (outcome.code, "palyra plugins enable elsewhere" in outcome.text) == (0, True)


def test_the_schema_needs_no_vault_and_makes_none(bare):
    """Hazard D18: verbs that only read made things on a fresh host."""
    assert bare("explain", "--schema").json == as_json(schema.of_reference())
    assert bare("explain", "--schema=file").json == as_json(schema.of_file())
    assert list(bare.base.iterdir()) == []


def test_every_field_is_described():
    """A schema without words is no help in an editor; a word too many is a field that is gone."""
    assert set(schema._MEANINGS) == set(SecretRef.__struct_fields__)


def as_json(made):
    return msgspec.json.decode(msgspec.json.encode(made))


GOOD = [
    "a",
    "file:///x#/y",
    {"ref": "a"},
    {"ref": "a", "required": False, "refresh_policy": "per_use", "timeout_ms": None},
    {"ref": "exec://c#id", "cwd": "/w", "inherited_env": ["HOME"], "transforms": ["base64", "json:/a/b"]},
    {"ref": "a", "fallback": ["b", {"ref": "env://C", "fallback": ["file:///d"]}]},
    {"ref": "file:///x", "trusted_dirs": ["/x"], "allow_symlinks": True},
    {"ref": "p://x", "options": {"region": "eu", "n": 1, "b": True}, "display_name": "X"},
]
BAD = [
    "",
    1,
    None,
    [],
    {},
    {"ref": ""},
    {"ref": "a", "allow_symlink": True},
    {"ref": "a", "refresh_policy": "sometimes"},
    {"ref": "a", "max_bytes": 0},
    {"ref": "a", "max_bytes": "10"},
    {"ref": "a", "timeout_ms": 600_001},
    {"ref": "a", "transforms": ["rot13"]},
    {"ref": "a", "fallback": [{"ref": "b", "x": 1}]},
    {"ref": "a", "fallback": ["b", "c", "d", "e", "f", "g", "h", "i"]},
    {"ref": "exec://c", "cwd": "w"},
    {"ref": "exec://c", "inherited_env": ["1X"]},
    {"ref": "file:///x", "trusted_dirs": ["x"]},
    {"ref": "a", "display_name": ""},
]


@pytest.mark.parametrize("document", GOOD, ids=str)
def test_what_the_parser_takes_the_schema_takes(document):
    SecretRef.parse(document)
    assert Draft202012Validator(schema.of_reference()).is_valid(document)
    assert Draft202012Validator(schema.of_file()).is_valid({"$schema": "x", "NAME": document})


@pytest.mark.parametrize("document", BAD, ids=str)
def test_what_the_schema_refuses_the_parser_refuses(document):
    """Hazards U9 and U10: unknown fields were ignored, and limits had no ceiling."""
    assert not Draft202012Validator(schema.of_reference()).is_valid(document)
    assert not Draft202012Validator(schema.of_file()).is_valid({"NAME": document})
    with pytest.raises((InvalidInputError, TypeError)):
        SecretRef.parse(document)


def test_the_schemas_are_schemas():
    for made in (schema.of_reference(), schema.of_file()):
        Draft202012Validator.check_schema(as_json(made))
