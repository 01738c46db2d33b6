"""Scopes: checked when built, compared exactly, and one of them is out of reach from outside."""

import copy
import pickle
from typing import Any

import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import GLOBAL, VaultScope

MAKERS = {
    "principal": lambda text: VaultScope("principal", text),
    "skill": lambda text: VaultScope("skill", text),
    "channel name": lambda text: VaultScope("channel", text, "account"),
    "channel account": lambda text: VaultScope("channel", "name", text),
}
TEXTS = {
    "principal": "principal:{}",
    "skill": "skill:{}",
    "channel name": "channel:{}:account",
    "channel account": "channel:name:{}",
}


def refused(make, *args: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make(*args)
    assert caught.value.code == "invalid_scope"


@pytest.mark.parametrize("where", MAKERS)
@pytest.mark.parametrize(
    "bad",
    [
        "",
        " ",
        " foo",
        "foo ",
        "\tfoo",
        "foo\n",
        "\u00a0a",
        "a\u3000",
        "\u2028a",
        "a\u2029",
        "a\0b",
        "\0",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "a/b",
        "/",
        "a\\b",
        "\\",
        "\ud800",
        "a\udfffb",
        "e\u0301",
        "\u212b",
        "\u1100\u1161",
        "a\u200bb",
        "\ufeffa",
        "a\u202eb",
        "\ue000",
        "a" * 257,
        "é" * 129,
    ],
)
def test_illegal_text_is_refused_by_constructor_and_parser(where, bad):
    """Directly built scopes went unchecked elsewhere: two of them shared an object id and the associated data."""
    refused(MAKERS[where], bad)
    refused(VaultScope.parse, TEXTS[where].format(bad))
    refused(VaultScope.kernel, bad)
    if "/" not in bad:  # there the scope would end, and the key begin
        with pytest.raises(InvalidInputError):
            VaultRef.parse(TEXTS[where].format(bad) + "/key")


@pytest.mark.parametrize("where", MAKERS)
@pytest.mark.parametrize(
    "good", ["a", "A b", "a@b.c", "日本", "é", "ÅNGSTRÖM", "a" * 256, "é" * 128, "a?b#c", "😀"]
)
def test_legal_text_is_kept_exactly(where, good):
    scope = MAKERS[where](good)
    assert good in scope.segments
    assert VaultScope.parse(str(scope)) == scope
    assert VaultRef.parse(f"{scope}/key").scope == scope


@pytest.mark.parametrize("separator", ["\u2028", "\u2029"])
def test_a_segment_is_one_line(separator):
    """str.splitlines() and some terminals break there: one secret is listed as two lines."""
    assert len(f"a{separator}b".splitlines()) == 2
    refused(VaultScope, "principal", f"a{separator}b")


@pytest.mark.parametrize("text", ["global", "GLOBAL", "Global", "gLoBaL"])
def test_global_in_any_case(text):
    assert VaultScope.parse(text) == GLOBAL
    assert VaultRef.parse(f"{text}/a").scope == GLOBAL
    assert str(VaultScope.parse(text)) == "global"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "global:",
        "global:x",
        "globa1",
        " global",
        "global ",
        "principal",
        "channel:a",
        "channel",
        "skill",
        "Principal:a",
        "SKILL:a",
        "user:a",
        "plugin:a",
        "principal :a",
        "kernel",
        "kernel:ca",
        "KERNEL:ca",
        "x:y",
    ],
)
def test_what_is_no_scope(text):
    refused(VaultScope.parse, text)


@pytest.mark.parametrize("text", [None, 5, b"global", ["global"]])
def test_a_scope_is_text(text):
    refused(VaultScope.parse, text)


@pytest.mark.parametrize(
    "parts",
    [
        ("Global",),
        ("kernel", "ca"),
        ("global", "x"),
        ("principal",),
        ("principal", "a", "b"),
        ("channel", "a"),
        ("channel", "a", "b", "c"),
        ("channel", "a:b", "c"),
        ("skill",),
        ("",),
        ("principal:a",),
        ("x", "y"),
    ],
)
def test_the_constructor_takes_the_four_kinds_only(parts):
    refused(VaultScope, *parts)


@pytest.mark.parametrize("segment", [None, 5, b"a", ["a"], True])
def test_a_segment_is_text(segment):
    refused(VaultScope, "principal", segment)
    refused(VaultScope.kernel, segment)


@pytest.mark.parametrize("kind", [5, None, ["global"], {}])
def test_a_kind_is_text(kind):
    refused(VaultScope, kind)


def test_only_a_channel_name_is_without_colons():
    refused(VaultScope, "channel", "a:b", "c")
    assert VaultScope.parse("channel:a:b:c") == VaultScope("channel", "a", "b:c")
    assert VaultScope.parse("principal:a:b").segments == ("a:b",)
    assert VaultScope("principal", "a:b") != VaultScope("channel", "a", "b")


def test_the_reserved_scope_cannot_be_named_from_outside():
    """Keys of the kernel and secrets of users lived in one name space elsewhere, told apart by a prefix."""
    scope = VaultScope.kernel("ca")
    assert scope.reserved
    assert not GLOBAL.reserved
    assert str(scope) == "kernel:ca"
    for text in ("kernel:ca", "Kernel:ca", "KERNEL:ca"):
        refused(VaultScope.parse, text)
        for ref in (f"{text}/key", f"vault://{text}/key", f"{text}/key?version=1#f"):
            refused(VaultRef.parse, ref)
    refused(VaultScope, "kernel", "ca")
    with pytest.raises(InvalidInputError):
        VaultRef.parse(str(VaultRef(scope, "key")))
    assert scope != VaultScope("skill", "ca")


def test_it_does_not_change_and_travels():
    for scope in (GLOBAL, VaultScope("channel", "a", "b"), VaultScope.kernel("ca")):
        with pytest.raises(AttributeError):
            scope.kind = "skill"
        for other in (copy.copy(scope), copy.deepcopy(scope), pickle.loads(pickle.dumps(scope))):
            assert other == scope
            assert hash(other) == hash(scope)
            assert other.reserved is scope.reserved
        assert scope != str(scope)
