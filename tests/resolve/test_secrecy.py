"""What may be shown of a resolution: no value, and of the reference nothing that tells where it points."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import msgspec
import pytest

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.secret_ref import SecretRef
from tests.resolve.scripted import DOWN, Scripted, build, remote, table, value
from tests.support import Places

CANARY = b"resolver-canary-51e7"
WORD = CANARY.decode()


@pytest.fixture
def resolver(parts):
    source = Scripted(x=CANARY, y=b'{"a": "%s"}' % CANARY, z=b"not hex " + CANARY, big=CANARY * 10_000)
    return build(parts, source, remote("far", x=CANARY, down=DOWN))


def shown(thing):
    return f"{thing!r} {thing!s}"


def test_no_value_in_anything_that_is_printed(resolver, caplog, capfd):
    """Hazard S21: a resolver logged what it had found when a later step failed."""
    caplog.set_level(logging.DEBUG)
    refs = [
        "acme://x",
        "acme://y#a",
        "acme://y#b",
        table("acme://z", transforms=["hex"]),
        table("acme://z", transforms=["base64"]),
        "acme://z#a",
        "far://x",
        table("far://x", max_stale_seconds=100),
    ]
    outcomes = resolver.resolve_many(refs)
    for ref, outcome in outcomes.items():
        for thing in (outcome, outcome.metadata, outcome.error, outcome.value if outcome.error else ref):
            assert WORD not in shown(thing)
        assert WORD not in msgspec.json.encode((outcome.metadata, outcome.error)).decode()
        try:
            assert outcome.unwrap() == CANARY
        except PalyraError as error:
            tell = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
            lines = [line for line in tell.splitlines() if WORD in line]
            assert not [line for line in lines if "CANARY" not in line and "WORD" not in line]
    for thing in (resolver, resolver.states(), resolver.reload(), [resolver.explain(ref) for ref in refs]):
        assert WORD not in shown(thing)
    assert WORD not in caplog.text
    out, err = capfd.readouterr()
    assert WORD not in out + err


def test_metadata_says_nothing_of_where_it_points(parts):
    """Names of variables, paths and commands tell an attacker where to look; elsewhere metadata carried them all."""
    names = ("hidden_target", "hidden_field", "/hidden_dir", "HIDDEN_ENV", "hidden_option", "hidden_fallback")
    refs = [
        table(
            "acme://hidden_target?a=hidden_target#hidden_field", options={"hidden_option": "hidden_option"}
        ),
        table("file:///hidden_dir/x", trusted_dirs=["/hidden_dir"], fallback=["env://hidden_fallback"]),
        table("exec://hidden_target#hidden_field", inherited_env=["HIDDEN_ENV"], cwd="/hidden_dir"),
    ]
    resolver = build(parts, Scripted())
    for ref, outcome in resolver.resolve_many(refs).items():
        text = shown(outcome) + shown(outcome.metadata) + shown(outcome.error) + shown(resolver.states())
        assert not [name for name in names if name in text]
        assert outcome.metadata.source_kind == ref.scheme
    assert outcome.metadata.inherited_env == 1


def fingerprints(kernel, refs):
    return [kernel.resolver.resolve(ref).metadata.fingerprint for ref in refs]


def test_fingerprints_are_the_vaults_own_and_labels_do_not_change_them(tmp_path):
    """Hazard S22: two vaults shared fingerprints, so one could be guessed in the other; and a new display name made
    another reference."""
    plain = table("env://A", fallback=["a", {"ref": "b"}])
    labelled = table(
        "env://A", display_name="x", redaction_label="y", fallback=["a", {"ref": "b", "display_name": "z"}]
    )
    others = [table("env://A"), table("env://A", max_bytes=5, fallback=["a", "b"]), table("env://B")]
    found = []
    for name in "ab":
        with Places(tmp_path / name).create() as kernel:
            one, two, *rest = fingerprints(kernel, [plain, labelled, *others])
            assert one == two
            assert len({one, *rest}) == 4
            assert len(one) == 16
            found += [one, *rest]
            assert "env" not in one
    assert len(set(found)) == 8
    with Places(tmp_path / "a").open() as kernel:
        assert fingerprints(kernel, [plain]) == found[:1]


def test_what_is_no_reference_has_no_fingerprint_and_is_not_quoted(kernel):
    for text in (f"{WORD}!", f"https//{WORD}://x", f"env://{WORD}", ""):
        outcome = kernel.resolver.resolve(text)
        assert (outcome.status, outcome.error.code) == ("failed", "invalid_reference")
        assert WORD not in shown(outcome.error) + shown(outcome.metadata)
        assert (outcome.metadata.fingerprint, outcome.metadata.source_kind) == ("", "")


def test_a_with_block_wipes_and_memory_does_not_care(resolver):
    with resolver.resolve("acme://x") as outcome:
        buffer = outcome.unwrap()._buffer
        assert bytes(buffer) == CANARY
    assert not any(buffer)
    assert value(resolver.resolve("acme://x")) == CANARY


def test_what_is_replaced_in_memory_is_wiped(parts):
    source = Scripted(x=b"one")
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy="per_use", snapshot_policy="refresh_per_use")
    resolver.resolve(ref)
    memory: Any = resolver._memory
    buffer = memory.latest(SecretRef.parse(ref)).answer._buffer
    assert bytes(buffer) == b"one"
    source.values["x"] = b"two"
    resolver.resolve(ref).value.wipe()
    del buffer
    held = [entry.latest.answer.reveal() for entry in memory._entries.values()]
    assert held == [b"two"]


def test_an_error_never_carries_a_value_as_its_context(resolver):
    for ref in (table("acme://z", transforms=["hex"]), "acme://z#a"):
        with pytest.raises(PalyraError) as caught:
            resolver.resolve(ref).unwrap()
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None


def test_errors_of_sources_are_the_same_for_everybody(parts):
    error = SecretError(kind="io", code="down", message="down", hint="up", retry_after_seconds=3)
    outcome = build(parts, Scripted(x=error)).resolve("acme://x")
    assert outcome.error == error
