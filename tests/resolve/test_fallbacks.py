"""Chains: who is asked next, whose error is reported, and what an empty value is."""

from __future__ import annotations

import threading
from typing import get_args

import pytest

from palyra_kernel.contracts.sources import ErrorKind, SecretError
from palyra_kernel.errors import (
    DeniedError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from palyra_kernel.resolve.outcome import error_of, exception_of
from palyra_kernel.values.deadline import Deadline
from tests.resolve.scripted import ABSENT, DENIED, DOWN, Scripted, build, remote, table, value

GOES_ON = {"missing", "io", "timeout", "exec_failed"}


def failing(kind, code="it", **more):
    return SecretError(kind=kind, code=code, message="said so", **more)


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_which_kinds_go_on_to_the_fallback(parts, kind):
    """A refusal that the next source answers in place of is no refusal."""
    first, second = Scripted("first", x=failing(kind)), Scripted("second", x=b"2")
    outcome = build(parts, first, second).resolve(table("first://x", fallback=["second://x"]))
    link = outcome.metadata.link
    if kind in GOES_ON:
        assert (link, value(outcome)) == (1, b"2")
    else:
        assert (link, outcome.error.kind, second.calls) == (0, kind, [])


def test_what_was_tampered_with_is_no_reason_to_ask_elsewhere(parts):
    """Whoever damages the vault would choose, with it, which fallback is used."""
    first = Scripted("first", x=error_of(IntegrityError("tampered", "somebody changed it")))
    second = Scripted("second", x=b"2")
    ref = table("first://x", fallback=["second://x"], max_stale_seconds=100)
    outcome = build(parts, first, second).resolve(ref)
    assert second.calls == []
    with pytest.raises(IntegrityError):
        outcome.unwrap()


@pytest.mark.parametrize(
    ("answers", "code", "link"),
    [
        ((ABSENT, ABSENT, ABSENT), "absent", 2),
        ((ABSENT, DOWN, ABSENT), "down", 1),
        ((ABSENT, failing("timeout", "late"), DOWN), "late", 1),
        ((DOWN, ABSENT, ABSENT), "down", 0),
        ((DOWN, failing("exec_failed", "exit"), ABSENT), "down", 0),
        ((DOWN, DENIED, b"1"), "denied", 1),
        ((ABSENT, failing("decode_failed", "bad"), b"1"), "bad", 1),
    ],
)
def test_which_error_is_reported(parts, answers, code, link):
    """The last "missing" hid that the first source was down: people looked for the secret in the wrong place."""
    sources = [Scripted(f"s{n}", x=answer) for n, answer in enumerate(answers)]
    outcome = build(parts, *sources).resolve(table("s0://x", fallback=["s1://x", "s2://x"]))
    assert outcome.status in ("failed", "blocked")
    assert (outcome.error.code, outcome.metadata.link, outcome.metadata.links) == (code, link, 3)


def test_statuses(parts):
    source = Scripted(gone=ABSENT, no=DENIED, down=DOWN, ok=b"1")
    resolver = build(parts, source)
    for name, required, status in (
        ("gone", True, "failed"),
        ("gone", False, "missing"),
        ("no", False, "blocked"),
        ("down", False, "failed"),
        ("ok", False, "resolved"),
    ):
        outcome = resolver.resolve(table(f"acme://{name}", required=required))
        assert (outcome.status, outcome.value is None) == (status, status != "resolved")
    for name, kind in (("gone", NotFoundError), ("no", DeniedError), ("down", UnavailableError)):
        with pytest.raises(kind):
            resolver.resolve(f"acme://{name}").unwrap()


@pytest.mark.parametrize("kind", [*get_args(ErrorKind), "integrity"])
def test_every_error_has_an_exception_and_goes_back(kind):
    given = failing("io", group="integrity") if kind == "integrity" else failing(kind)
    made = exception_of(given)
    assert (made.code, made.message) == ("it", "said so")
    assert type(exception_of(error_of(made))) is type(made)


def test_transforms_belong_to_their_link(parts):
    first, second = Scripted("first", x=ABSENT), Scripted("second", x=b"3132\n")
    fallback = {"ref": "second://x", "transforms": ["strip_newline", "hex"]}
    resolver = build(parts, first, second)
    assert value(resolver.resolve(table("first://x", transforms=["base64"], fallback=[fallback]))) == b"12"
    assert (
        value(resolver.resolve(table("first://x", transforms=["base64"], fallback=["second://x"])))
        == b"3132\n"
    )


def test_a_failing_transform_is_an_answer_but_a_missing_field_goes_on(parts):
    first, second = Scripted("first", x=b'{"a":"1"}'), Scripted("second", x=b"2")
    resolver = build(parts, first, second)
    bad = table("first://x", transforms=["hex"], fallback=["second://x"])
    assert value(resolver.resolve(bad)) == ("failed", "not_hex")
    absent = table("first://x#b", fallback=["second://x"])
    assert value(resolver.resolve(absent)) == b"2"


def test_default_transforms_and_the_opt_out(parts):
    """Hazard U2: a trailing newline was kept, and an HTTP header could not be made of it; with an opt-out all bytes
    are."""
    source = Scripted(default_transforms=("strip_newline",), x=b"key\n")
    resolver = build(parts, source)
    assert value(resolver.resolve("acme://x")) == b"key"
    assert value(resolver.resolve(table("acme://x", transforms=[]))) == b"key\n"


@pytest.mark.parametrize("scheme", ["acme", "vault"])
def test_an_empty_value_is_missing_in_every_source(parts, scheme):
    """Hazard U3: an empty variable was missing, an empty file resolved."""
    resolver = build(parts, Scripted(x=b""), Scripted("next", x=b"2"))
    parts.vault.put("x", b"")
    ref = f"{scheme}://x"
    assert value(resolver.resolve(ref)) == ("failed", "empty")
    assert value(resolver.resolve(table(ref, required=False))) == ("missing", "empty")
    assert value(resolver.resolve(table(ref, allow_empty=True))) == b""
    assert value(resolver.resolve(table(ref, fallback=["next://x"]))) == b"2"
    assert value(resolver.resolve(table(ref, allow_empty=True, fallback=["next://x"]))) == b""


def test_empty_after_its_transforms_is_empty(parts):
    resolver = build(parts, Scripted(x=b"\n", y=b'{"a":""}'))
    assert value(resolver.resolve(table("acme://x", transforms=["strip_newline"]))) == ("failed", "empty")
    assert value(resolver.resolve("acme://y#a")) == ("failed", "empty")
    assert value(resolver.resolve(table("acme://y#a", allow_empty=True))) == b""


def test_a_hanging_first_link_leaves_time_for_the_others(parts):
    """One deadline for the whole chain: the first link used it up, and the fallbacks had none."""
    go = threading.Event()
    sources = [remote(f"s{n}", x=b"") for n in range(3)]
    for source in sources:
        source.before = lambda _: go.wait(30)
    last = remote("last", x=b"last")
    ref = table("s0://x", fallback=["s1://x", "s2://x", "last://x"])
    outcome = build(parts, *sources, last).resolve(ref, deadline=Deadline.after(2))
    go.set()
    assert (outcome.metadata.link, value(outcome)) == (3, b"last")


def test_a_link_that_several_share_is_asked_once(parts):
    down, shared = remote("down", x=DOWN, y=DOWN), remote("shared", x=b"1")
    resolver = build(parts, down, shared)
    refs = [table(f"down://{name}", fallback=["shared://x"]) for name in "xy"]
    found = resolver.resolve_many([*refs, "shared://x"])
    assert [value(each) for each in found.values()] == [b"1"] * 3
    assert len(shared.calls) <= 2  # in two passes


def test_the_fragment_is_the_id_where_the_source_says_so(parts):
    source = Scripted("op", fragment_is_id=True)
    source.values["cmd"] = lambda ref: f"{ref.target}/{ref.fragment}".encode()
    assert value(build(parts, source).resolve("op://cmd#a")) == b"cmd/a"


def test_an_answer_that_is_no_document_has_no_fields(parts):
    resolver = build(parts, Scripted(x=b"no json", y=b"[" * 60_000, z=b"\xff"))
    for name in "xyz":
        outcome = resolver.resolve(f"acme://{name}#a")
        assert (outcome.error.kind, outcome.error.code) == ("decode_failed", "not_json")
        with pytest.raises(InvalidInputError):
            outcome.unwrap()
