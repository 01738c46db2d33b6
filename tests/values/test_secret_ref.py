"""References to secrets anywhere: what is one, what is none, and what errors never say."""

import traceback
from typing import Any

import msgspec
import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.targets import decode_path

CANARY = "hunter2-canary"


def untyped(value) -> Any:
    return value


def refused(given, code="invalid_reference"):
    with pytest.raises(InvalidInputError) as caught:
        SecretRef.parse(given)
    assert caught.value.code == code
    assert caught.value.message.isprintable()
    return caught.value


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("a", "vault://global/a"),
        ("vault://GLOBAL/a", "vault://global/a"),
        ("principal:alice/a?version=3#f", "vault://principal:alice/a?version=3#f"),
        ("env://HOME", "env://HOME"),
        ("env://_#/a/b", "env://_#/a/b"),
        ("file:///etc/a b", "file:///etc/a%20b"),
        ("file:///%65tc/%41", "file:///etc/A"),
        ("file:///a%2fb", "file:///a/b"),
        ("file:///é", "file:///%C3%A9"),
        ("file:///e\u0301", "file:///e%CC%81"),
        ("file:///a%23b%3Fc%25", "file:///a%23b%3Fc%25"),
        ("file:///a#f?x", "file:///a#f?x"),
        ("exec://op#a/b#c?d", "exec://op#a/b#c?d"),
        ("aws://Prod/Key?version_stage=AWSPREVIOUS#a", "aws://Prod/Key?version_stage=AWSPREVIOUS#a"),
        ("acme://x?a=&b==#/0/~1", "acme://x?a=&b==#/0/~1"),
    ],
)
def test_a_text_has_one_spelling(text, canonical):
    ref = SecretRef.parse(text)
    assert str(ref) == ref.ref == canonical
    assert SecretRef.parse(canonical) == ref


def test_a_field_may_hold_a_url():
    """Docker's files have such members. What names a secret in the vault names it here too, without its scheme."""
    text = "docker#https://index.docker.io/v1/"
    assert SecretRef.parse(text) == SecretRef.parse(VaultRef.parse(text))
    assert SecretRef.parse(text).fragment == "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "://a",
        "vault://",
        "vault://vault://a",
        "VAULT://a",
        "aws//://a",
        "9a://x",
        "a" * 65 + "://x",
        "aws://",
        "aws://#a",
        "aws://?a=b",
        "aws://a#",
        "aws://a?",
        "aws://a?b",
        "aws://a?=b",
        "aws://a?b=1&b=2",
        "aws://a?b=1&",
        "aws://a\n",
        "aws://\ud800",
        "aws://a\u200b",
        "env://",
        "env://A B",
        "env://A-B",
        "env://1A",
        "env://A?b=c",
        "env://É",
        "env://" + "A" * 257,
        "exec://",
        "exec://A",
        "exec:///bin/sh",
        "exec://op read",
        "exec://op?a=b",
        "exec://" + "a" * 65,
        "file://a",
        "file://host/a",
        "file:///",
        "file:///a/",
        "file:///a//b",
        "file:///a/../b",
        "file:///a/%2e%2e/b",
        "file:///a/./b",
        "file:///a%00b",
        "file:///a%2f%2fb",
        "file:///a%ffb",
        "file:///a%C3",
        "file:///a?b",
        "global/a b",
        "a?version=0",
        "a#",
    ],
)
def test_what_is_no_reference(text):
    refused(text)


@pytest.mark.parametrize("text", ["file:///50%", "file:///a%zz", "file:///a%4"])
def test_a_percent_sign_begins_two_digits(text):
    """Hazard U9: a misspelt escape was taken as it stands, and meant another file than its author thought."""
    assert "%25" in refused(text).message


@pytest.mark.parametrize(
    "given", [5, None, b"vault://a", ["vault://a"], [("ref", "vault://a")], {"a"}, object()]
)
def test_a_reference_is_a_text_or_a_table(given):
    refused(untyped(given))


def test_the_longest_legal_references_are_accepted():
    """Hazard U10: a limit for references was below the longest legal one. It holds for what is given and for what is
    made of it, which is three times as long when a path has no ASCII in it."""
    scope = VaultScope("channel", "ü" * 128, "ü" * 128)
    vault = VaultRef(scope, "k" * 128, version=2**53 - 1, field="f" * 256)
    for ref in (
        SecretRef.parse(vault),
        SecretRef.parse("file:///" + "é" * 2047 + "x#" + "f" * 256),
        SecretRef.parse("file:///" + "%C3%A9" * 2047 + "%41#" + "f" * 256),
        SecretRef.parse("env://" + "A" * 256),
    ):
        assert SecretRef.parse(str(ref)) == ref
        assert SecretRef.parse(msgspec.to_builtins(ref)) == ref
    refused("file:///" + "é" * 2048)
    refused("file:///" + "a" * 4096)
    refused("aws://" + "a" * 20_000)
    refused("file:///" + "é" * 2000 + "#" + "f" * 14_000)


def mistakes():
    for field in msgspec.structs.fields(SecretRef):
        for wrong in (CANARY, [CANARY], {CANARY: CANARY}, {"a": CANARY}, [{"ref": f"x y {CANARY}"}]):
            yield field.name, wrong


@pytest.mark.parametrize(("field", "wrong"), list(mistakes()))
def test_a_secret_in_the_wrong_place_is_not_quoted(field, wrong):
    """Hazard S21: an error quoted what it was given; a pasted key went into the log. Words to choose from were quoted
    by the decoder, what is no key by the parser of the vault's references. (A label may be any text.)"""
    for make in (SecretRef.parse, lambda table: SecretRef(**table)):
        failure = None
        try:
            make({"ref": "vault://a", field: wrong})
        except InvalidInputError as error:
            failure = error
        if failure is not None:
            assert CANARY not in "".join(traceback.format_exception(failure)) + repr(failure)
            assert CANARY not in (failure.hint or "")
            assert failure.__context__ is failure.__cause__ is None
        else:
            assert field in ("redaction_label", "display_name", "ref", "fallback")


@pytest.mark.parametrize(
    "text",
    [
        f"{CANARY}!",
        f"vault://{CANARY}=",
        f"vault://x://{CANARY}",
        f"global/a?version={CANARY}",
        f"foo:{CANARY}/a",
        f"principal:e\u0301{CANARY}/a",
        f"env://{CANARY} ",
        f"exec://{CANARY} a",
        f"file://{CANARY}",
        f"file:///%ff{CANARY}",
        f"{CANARY} ://a",
        f"aws://a?{CANARY}",
        f"a\n{CANARY}",
    ],
)
def test_a_secret_that_is_taken_for_a_reference_is_not_quoted(text):
    """Hazard S21."""
    for given in (text, {"ref": text}, {"ref": "a", "fallback": [text]}):
        error = refused(given)
        assert CANARY not in f"{error!r} {error} {error.hint} {error.__context__!r} {error.__cause__!r}"


def test_the_path_of_a_file_is_what_was_meant():
    assert decode_path(SecretRef.parse("file:///a%20%23%3F%25é\n".rstrip()).target) == "/a #?%é"
    assert decode_path(SecretRef.parse("file:///a%0Ab").target) == "/a\nb"


def test_the_schema_can_be_published():
    schema = msgspec.json.schema(SecretRef)
    (table,) = [each for name, each in schema["$defs"].items() if name == "SecretRef"]
    assert table["additionalProperties"] is False
    assert table["required"] == ["ref"]
    assert table["properties"]["max_bytes"]["maximum"] == 16 * 1024 * 1024
