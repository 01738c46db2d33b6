"""References: one parser, one canonical form, and nothing that is nearly a reference."""

import copy
import pickle
from typing import Any

import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef, check_key
from palyra_kernel.values.scopes import GLOBAL, VaultScope


def refused(text, code: str | None = None) -> None:
    with pytest.raises(InvalidInputError) as caught:
        VaultRef.parse(text)
    assert caught.value.code in (
        ["invalid_reference", "invalid_scope", "invalid_key"] if code is None else [code]
    )


def refused_key(key) -> None:
    for make in (check_key, lambda key: VaultRef(GLOBAL, key)):
        with pytest.raises(InvalidInputError) as caught:
            make(key)
        assert caught.value.code == "invalid_key"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("openai", "vault://global/openai"),
        ("openai/api_key", "vault://global/openai/api_key"),
        ("vault://openai/api_key", "vault://global/openai/api_key"),
        ("global/openai/api_key", "vault://global/openai/api_key"),
        ("GLOBAL/openai", "vault://global/openai"),
        ("vault://Global/openai", "vault://global/openai"),
        ("global/global", "vault://global/global"),
        ("principal/x", "vault://global/principal/x"),
        ("kernel/x", "vault://global/kernel/x"),
        ("principal:a/x", "vault://principal:a/x"),
        ("principal:a:b/x/y", "vault://principal:a:b/x/y"),
        ("channel:mail:me@example.org/x", "vault://channel:mail:me@example.org/x"),
        ("channel:mail:a:b/x", "vault://channel:mail:a:b/x"),
        ("skill:Ünï/x", "vault://skill:Ünï/x"),
        ("principal:a#b?version=1/x", "vault://principal:a#b?version=1/x"),
        ("a?version=1", "vault://global/a?version=1"),
        ("a?version=9007199254740991#f", "vault://global/a?version=9007199254740991#f"),
        ("a#f", "vault://global/a#f"),
        ("a#f#g?version=1", "vault://global/a#f#g?version=1"),
        ("a#/b/c", "vault://global/a#/b/c"),
        ("a# f ", "vault://global/a# f "),
        ("..a/b../...", "vault://global/..a/b../..."),
    ],
)
def test_parsing(text, canonical):
    ref = VaultRef.parse(text)
    assert str(ref) == canonical
    assert VaultRef.parse(canonical) == ref
    assert VaultRef.parse(ref) is ref


def test_upper_case_is_kept():
    """Hazard D13: references from the configuration were lower-cased elsewhere, keys were not: they could not
    be resolved."""
    ref = VaultRef.parse("vault://principal:Ops.Team/OpenAI/API_KEY#Field")
    assert (ref.scope.segments, ref.key, ref.field) == (("Ops.Team",), "OpenAI/API_KEY", "Field")
    assert ref != VaultRef.parse("vault://principal:ops.team/OpenAI/API_KEY#Field")
    assert VaultRef.parse("global/a") != VaultRef.parse("global/A")


@pytest.mark.parametrize(
    "text",
    [
        " foo",
        "foo ",
        "\tfoo",
        "foo\n",
        "foo\r\n",
        "\u00a0foo",
        "\ufefffoo",
        "global/ foo",
        "global/foo ",
        " global/foo",
        "global /foo",
        "principal: a/foo",
        "principal:a /foo",
        "principal :a/foo",
        "channel: a:b/foo",
        "channel:a :b/foo",
        "channel:a: b/foo",
        "skill:a\u3000/foo",
        "vault:// foo",
        " vault://foo",
        "foo/ bar",
        "foo /bar",
        "foo ?version=1",
        "foo? version=1",
        "foo?version= 1",
        "foo?version=1 ",
        "foo ?version=1#f",
    ],
)
def test_nothing_is_trimmed(text):
    """Hazard D12: a key was checked trimmed and stored untrimmed elsewhere: `' foo'` and `'foo'` were two
    secrets, and only one of them could be asked for."""
    refused(text)


@pytest.mark.parametrize(
    "key", ["", "/", "a/", "/a", "a//b", ".", "..", "a/.", "./a", "a/../b", "../a", "a/.."]
)
def test_empty_and_dot_segments_are_refused(key):
    refused_key(key)
    refused(f"global/{key}")
    refused(f"principal:a/{key}")


@pytest.mark.parametrize(
    "bad", ["\0", "\n", "\x7f", " ", "\\", ":", "@", "é", "e\u0301", "\ud800", "%", "\u2044", "\u017f"]
)
def test_other_characters_are_refused_in_a_key(bad):
    for key in (bad, f"a{bad}", f"{bad}a", f"a{bad}b", f"a/{bad}/b"):
        refused_key(key)
        refused(f"global/{key}")


@pytest.mark.parametrize("bad", ["?", "#", "%2e%2e"])
def test_no_key_holds_what_ends_a_key(bad):
    refused_key(f"a{bad}b")


@pytest.mark.parametrize("key", [None, 5, b"a", ["a"], True])
def test_a_key_is_text(key):
    refused_key(key)


def test_the_longest_key_is_128_bytes():
    assert VaultRef.parse("global/" + "k" * 128).key == "k" * 128
    assert VaultRef.parse("k" * 128).key == "k" * 128
    refused_key("k" * 129)
    refused("global/" + "k" * 129, "invalid_key")
    assert VaultRef.parse("a/" * 63 + "bc").key == "a/" * 63 + "bc"
    refused("a/" * 64 + "b", "invalid_key")


def test_the_longest_legal_reference_is_accepted():
    """Hazard U10: a limit of 512 for references was below the longest legal one elsewhere: such a secret could
    be stored, and never be named in the configuration."""
    scope = VaultScope("channel", "ü" * 128, "ü" * 128)
    longest = VaultRef(scope, "k" * 128, version=2**53 - 1, field="f" * 256)
    assert VaultRef.parse(str(longest)) == longest
    assert VaultRef.parse(str(longest).removeprefix("vault://")) == longest


@pytest.mark.parametrize("length", [2049, 10_000_000])
def test_huge_text_is_refused_without_an_echo(length):
    with pytest.raises(InvalidInputError) as caught:
        VaultRef.parse("x" * length)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("text", [b"global/a", 5, None, ["a"], object()])
def test_a_reference_is_text(text):
    refused(text, "invalid_reference")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vault://",
        "global",
        "GLOBAL",
        "vault://global",
        "global/",
        "vault:///a",
        "/a",
        "vault:/a",
        "vault:a/b",
        "VAULT://a",
        "Vault://a",
        "https://a/b",
        "env://A",
        "file:///etc/passwd",
        "exec://x#y",
        "vault://vault://a",
        "vault://env://a",
        "user:1/a",
        "plugin:x/a",
        "foo:bar/a",
        "Principal:a/b",
        "CHANNEL:a:b/c",
        "principal:/a",
        "channel:a/k",
        "channel::b/k",
        "channel:a:/k",
        "skill:/a",
        "principal:a",
        "skill:x?version=1",
        "principal:a/",
    ],
)
def test_what_is_no_reference(text):
    refused(text)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "version=",
        "version=0",
        "version=01",
        "version=-1",
        "version=+1",
        "version=1.0",
        "version=1_0",
        "Version=1",
        "version=1&version=2",
        "version=1&",
        "v=1",
        "version=\u0663",
        "version=1?version=2",
        "version=0x1",
        "version= 1",
        "version=9007199254740992",
        "version=" + "9" * 16,
        "version=" + "9" * 500,
        "version=1%20",
        "x=1",
        "version",
    ],
)
def test_the_only_query_is_a_version(query):
    """Unknown fields were ignored elsewhere: a misspelt one silently meant the default."""
    refused(f"global/a?{query}", "invalid_reference")


@pytest.mark.parametrize("version", [0, -1, 2**53, True, 1.0, "1"])
def test_the_constructor_takes_the_same_versions(version):
    with pytest.raises(InvalidInputError) as caught:
        VaultRef(GLOBAL, "a", version=version)
    assert caught.value.code == "invalid_reference"


@pytest.mark.parametrize("field", ["", "\0", "a\nb", "\ud800", "a\u2028b", "\u200b", "f" * 257, "é" * 129])
def test_illegal_fields(field):
    refused(f"global/a#{field}", "invalid_reference")
    with pytest.raises(InvalidInputError):
        VaultRef(GLOBAL, "a", field=field)


@pytest.mark.parametrize("field", [5, b"a", ["a"]])
def test_a_field_is_text(field):
    with pytest.raises(InvalidInputError):
        VaultRef(GLOBAL, "a", field=field)


def test_a_field_may_hold_a_url():
    """Docker's credential files have such members. What the constructor takes, the parser takes."""
    ref = VaultRef(GLOBAL, "docker", field="https://index.docker.io/v1/")
    assert VaultRef.parse(str(ref)) == ref


@pytest.mark.parametrize("scope", ["global", "principal:a/b", "kernel:ca", None])
def test_a_scope_is_no_text(scope: Any):
    """Scopes that were built directly were not checked elsewhere: text that the parser refuses got into ids and
    associated data, and two references became one."""
    with pytest.raises(InvalidInputError):
        VaultRef(scope, "k")


def test_it_does_not_change_and_travels():
    ref = VaultRef.parse("principal:a/b?version=3#f")
    with pytest.raises(AttributeError):
        ref.key = "c"
    with pytest.raises(AttributeError):
        ref.other = 1
    for other in (copy.copy(ref), copy.deepcopy(ref), pickle.loads(pickle.dumps(ref))):
        assert other == ref
        assert hash(other) == hash(ref)
    assert repr(ref) == "VaultRef('vault://principal:a/b?version=3#f')"
    assert ref != str(ref)
    assert ref.bare == VaultRef.parse("principal:a/b")


@pytest.mark.parametrize(
    ("value", "name"), [(VaultRef.parse("a"), "key"), (VaultScope("skill", "a"), "segments")]
)
def test_nothing_can_be_taken_out_of_it(value, name):
    with pytest.raises(AttributeError):
        delattr(value, name)
