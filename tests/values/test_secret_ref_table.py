"""References as tables: their fields, their limits, and what they have in common with texts."""

import copy
import pickle
import tomllib
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.secret_ref import MAX_LINKS, SecretRef
from tests.values.test_secret_ref import refused, untyped


@pytest.mark.parametrize(
    ("field", "most"), [("max_bytes", 16 * 1024 * 1024), ("timeout_ms", 600_000), ("first_byte_ms", 600_000)]
)
@pytest.mark.parametrize("make", [SecretRef.parse, lambda table: SecretRef(**table)])
def test_limits_have_ceilings_however_a_reference_is_made(make, field, most):
    """Hazard U10: max_bytes and timeouts had no ceiling. Calling the class checked nothing."""
    assert getattr(make({"ref": "a", field: most}), field) == most
    assert getattr(make({"ref": "a", field: 1}), field) == 1
    for wrong in (0, -1, most + 1, True, 1.5, "1", 2**70):
        with pytest.raises(InvalidInputError) as caught:
            make({"ref": "a", field: wrong})
        assert caught.value.code == "invalid_reference"
        assert field in caught.value.message


@pytest.mark.parametrize(
    "fields",
    [
        {"required": 1},
        {"allow_empty": "yes"},
        {"refresh_policy": "never"},
        {"snapshot_policy": "on_reload"},
        {"transforms": "hex"},
        {"transforms": ["rot13"]},
        {"transforms": ["json:"]},
        {"transforms": ["json:a"]},
        {"transforms": ["hex"] * 65},
        {"fallback": "b"},
        {"fallback": [5]},
        {"max_stale_seconds": -1},
        {"max_stale_seconds": 31_536_001},
        {"options": {"a": "b"}},
        {"redaction_label": ""},
        {"redaction_label": " "},
        {"display_name": "a\nb"},
        {"display_name": "x" * 129},
        {"trusted_dirs": ["/a"]},
        {"inherited_env": ["A"]},
        {"allow_symlinks": True},
        {"cwd": "/"},
    ],
)
@pytest.mark.parametrize("make", [SecretRef.parse, lambda table: SecretRef(**table)])
def test_what_a_field_may_not_be(make, fields):
    with pytest.raises(InvalidInputError) as caught:
        make({"ref": "vault://a", **fields})
    assert caught.value.code == "invalid_reference"


@pytest.mark.parametrize(
    "fields",
    [
        {"trusted_dirs": ["relative"]},
        {"trusted_dirs": ["/a/../b"]},
        {"trusted_dirs": ["/a\0"]},
        {"trusted_dirs": [""]},
        {"trusted_dirs": ["/" + "a" * 4096]},
        {"inherited_env": ["A"]},
    ],
)
def test_what_a_file_reference_may_not_say(fields):
    refused({"ref": "file:///a", **fields})


def test_what_only_plugins_have():
    assert (
        SecretRef.parse({"ref": "acme://a", "options": {"region": "x", "n": 1, "b": True}}).options["n"] == 1
    )
    refused({"ref": "acme://a", "options": {"x": 1.5}})
    refused({"ref": "acme://a", "options": {"x": [1]}})
    refused({"ref": "acme://a", "options": {str(n): n for n in range(65)}})


def test_an_unknown_field_is_named():
    """Hazard U9: unknown fields were ignored: a misspelt `allow_symlinks` was silently the default."""
    assert "allow_symlink`" in refused({"ref": "file:///a", "allow_symlink": True}).message
    nested = refused({"ref": "a", "fallback": ["b", {"ref": "c", "max_byte": 1}]})
    assert "max_byte`" in nested.message
    assert "fallback[1]" in nested.message
    assert "\n" not in refused({"ref": "a", "x\ny": 1}).message
    assert len(refused({"ref": "a", "x" * 10_000: 1}).message) < 500


def test_fallbacks_are_texts_tables_or_references():
    tables = {"ref": "aws://a", "fallback": ["env://A", {"ref": "file:///a", "trusted_dirs": ["/"]}]}
    ref = SecretRef.parse(tables)
    inner = SecretRef(ref="file:///a", trusted_dirs=("/",))
    assert ref == SecretRef(ref="aws://a", fallback=(SecretRef(ref="env://A"), inner))
    assert [str(link) for link in ref.chain] == ["aws://a", "env://A", "file:///a"]
    deep = SecretRef.parse({"ref": "a", "fallback": [{"ref": "b", "fallback": ["c"]}, "d"]})
    assert [link.target for link in deep.chain] == ["global/a", "global/b", "global/c", "global/d"]


def test_a_chain_has_an_end():
    names = [f"k{n}" for n in range(MAX_LINKS)]
    assert len(SecretRef.parse({"ref": names[0], "fallback": names[1:]}).chain) == MAX_LINKS
    refused({"ref": "a", "fallback": names})
    nested: Any = "z"
    for name in names:
        nested = {"ref": name, "fallback": [nested]}
    refused(nested)
    for _ in range(3000):
        nested = {"ref": "a", "fallback": [nested]}
    refused(nested)


@pytest.mark.parametrize(
    "table",
    [
        {"ref": "a", "fallback": ["a"]},
        {"ref": "a", "fallback": ["vault://GLOBAL/a"]},
        {"ref": "a", "fallback": ["b", {"ref": "c", "fallback": ["vault://b"]}]},
        {"ref": "file:///a b", "fallback": ["file:///a%20b"]},
    ],
)
def test_a_loop_is_refused(table):
    refused(table, "reference_loop")


def test_it_does_not_change():
    """A reference of a text is made once and shared: options that could be added to it were everybody's."""
    ref = SecretRef.parse("acme://a")
    with pytest.raises(AttributeError):
        untyped(ref).ref = "b"
    options = SecretRef.parse({"ref": "acme://a", "options": {"x": 1}}).options
    changes = (
        lambda: options.update(x=2),
        lambda: options.__setitem__("x", 2),
        lambda: options.__delitem__("x"),
        lambda: options.pop("x"),
        lambda: options.setdefault("y", 1),
        options.clear,
        options.popitem,
        lambda: options.__ior__({"y": 1}),
        lambda: ref.options.update(x=1),
    )
    for change in changes:
        with pytest.raises(TypeError):
            change()
    assert options == {"x": 1}
    assert SecretRef.parse("acme://a").options == {}
    given = {"x": 1}
    mine = SecretRef(ref="acme://a", options=untyped(given))
    given["x"] = 2
    assert mine.options == {"x": 1}


def test_equal_means_the_same_question():
    """``1 == True`` in Python: two references of which a source is told different things were one."""
    one = SecretRef.parse({"ref": "acme://a", "options": {"x": 1}})
    true = SecretRef.parse({"ref": "acme://a", "options": {"x": True}})
    assert one != true
    assert not one == true  # noqa: SIM201  # both operators are ours
    assert len({one, true}) == 2
    assert SecretRef.parse("a") != untyped("vault://global/a")


FULL = {
    "ref": "file:///run/a b#x",
    "required": False,
    "allow_empty": True,
    "refresh_policy": "per_use",
    "snapshot_policy": "refresh_per_run",
    "max_bytes": 7,
    "timeout_ms": 8,
    "first_byte_ms": 9,
    "transforms": ["hex", "json:/a"],
    "fallback": ["env://A", {"ref": "exec://op#i", "inherited_env": ["B"], "cwd": "/c"}],
    "max_stale_seconds": 10,
    "trusted_dirs": ["/run"],
    "allow_symlinks": True,
    "redaction_label": "Ü",
    "display_name": "the key",
}
TOML = """
[key]
ref = "file:///run/a b#x"
required = false
allow_empty = true
refresh_policy = "per_use"
snapshot_policy = "refresh_per_run"
max_bytes = 7
timeout_ms = 8
first_byte_ms = 9
transforms = ["hex", "json:/a"]
fallback = ["env://A", { ref = "exec://op#i", inherited_env = ["B"], cwd = "/c" }]
max_stale_seconds = 10
trusted_dirs = ["/run"]
allow_symlinks = true
redaction_label = "Ü"
display_name = "the key"
"""


def test_tables_of_toml_and_json_say_the_same():
    ref = SecretRef.parse(FULL)
    assert SecretRef.parse(tomllib.loads(TOML)["key"]) == ref
    assert SecretRef.parse(MappingProxyType(FULL)) == ref
    assert SecretRef.parse(msgspec.to_builtins(ref)) == ref
    assert SecretRef.parse(msgspec.json.decode(msgspec.json.encode(ref))) == ref
    assert msgspec.json.decode(msgspec.json.encode(ref), type=SecretRef) == ref
    assert msgspec.to_builtins(SecretRef.parse("a")) == {"ref": "vault://global/a"}


def test_it_travels():
    for given in (FULL, {"ref": "acme://a?b=c", "options": {"x": True}}):
        ref = SecretRef.parse(given)
        for other in (copy.copy(ref), copy.deepcopy(ref), pickle.loads(pickle.dumps(ref))):
            assert other == ref
            assert hash(other) == hash(ref)


def test_it_can_be_had_without_labels():
    """Hazard S22: whatever names a reference by what it asks for must not change with what people call it."""
    labelled = {"ref": "a", "display_name": "x", "fallback": [{"ref": "b", "redaction_label": "y"}, "c"]}
    assert SecretRef.parse(labelled).unlabelled == SecretRef.parse({"ref": "a", "fallback": ["b", "c"]})
