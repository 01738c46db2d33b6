"""Which source answers for a scheme, with which settings, and what happens when it does not open."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError, UnavailableError
from palyra_kernel.resolve.known_good import SCOPE
from palyra_kernel.resolve.sources.vault import VaultSource
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.resolve.scripted import Scripted, build, over, remote, table, value


class Opening:
    """Opens *sources* and keeps what they were opened with."""

    def __init__(self, parts, *sources):
        self.sources = {source.scheme: source for source in (*sources, VaultSource(parts.vault))}
        self.settings: dict[str, Any] = {}
        self.errors: dict[str, Exception] = {}

    def __call__(self, scheme, place):
        self.settings.setdefault(scheme, []).append(dict(place.settings))
        if scheme in self.errors:
            raise self.errors[scheme]
        return self.sources.get(scheme)


def test_a_source_is_opened_once_and_only_when_it_is_asked(parts):
    opening = Opening(parts, Scripted("a", x=b"1"), Scripted("b", x=b"2"))
    resolver = over(parts, opening, settings={"a": {"n": 1}, "b": {"n": 2}})
    assert opening.settings == {}
    for _ in range(2):
        assert value(resolver.resolve("a://x")) == b"1"
    assert opening.settings == {"a": [{"n": 1}]}


def test_a_setting_may_be_a_reference(parts):
    """The key of a secret store lay in the configuration, since the store could not open itself."""
    parts.vault.put("token", b"the token\n")
    opening = Opening(parts, Scripted("a", x=b"1"))
    token = {"ref": "vault://token", "transforms": ["strip_newline"]}
    resolver = over(parts, opening, settings={"a": {"token": token, "plain": {"x": 1}, "n": 1}})
    assert value(resolver.resolve("a://x")) == b"1"
    (settings,) = opening.settings["a"]
    assert isinstance(settings["token"], SensitiveBytes)
    assert settings["token"] == b"the token"
    assert (settings["plain"], settings["n"]) == ({"x": 1}, 1)


def test_a_setting_may_come_from_another_plugin(parts):
    opening = Opening(parts, Scripted("a", x=b"1"), remote("b", y=b"from b"))
    resolver = over(parts, opening, settings={"a": {"token": {"ref": "b://y"}}})
    assert value(resolver.resolve("a://x")) == b"1"
    assert opening.settings["a"][0]["token"] == b"from b"


@pytest.mark.parametrize(
    "settings",
    [
        {"a": {"t": {"ref": "a://x"}}},
        {"a": {"t": {"ref": "b://x"}}, "b": {"t": {"ref": "a://x"}}},
        {"a": {"t": {"ref": "b://x#f"}}, "b": {"t": {"ref": "c://x"}}, "c": {"t": {"ref": "a://x"}}},
    ],
)
def test_a_loop_of_settings_is_an_error_not_a_hang(parts, settings):
    """Two stores that keep each other's key."""
    names = "abc"
    opening = Opening(parts, *(Scripted(name, x=b"1") for name in names))
    resolver = over(parts, opening, settings=settings)
    got = value(resolver.resolve("a://x"))
    assert got == ("failed", "reference_loop")
    outside = next((name for name in names if name not in settings), None)
    if outside:
        assert value(resolver.resolve(f"{outside}://x")) == b"1"


def test_two_threads_that_open_what_needs_each_others_answers(parts):
    """One thread had asked for a reference and waited for its source to be opened; the one that opened sources waited
    for that very reference, which was a setting. Both stood still until their deadlines."""
    parts.vault.put("token", b"t")
    opening = Opening(parts, Scripted("a", x=b"1"))
    resolver = over(parts, opening, settings={"a": {"token": {"ref": "vault://token"}}}, deadline_seconds=25)
    inside, asked = threading.Event(), threading.Event()
    catalog = resolver._chains._asker._catalog

    setting, source = catalog._resolve_setting, catalog.source

    def resolve_setting(given, deadline):
        inside.set()
        assert asked.wait(20)
        return setting(given, deadline)

    def observed(scheme, deadline=None):
        if threading.current_thread() is second:
            asked.set()
        return source(scheme, deadline)

    catalog._resolve_setting, catalog.source = resolve_setting, observed
    got = []
    first = threading.Thread(target=lambda: got.append(value(resolver.resolve("a://x"))), daemon=True)
    second = threading.Thread(
        target=lambda: got.append(value(resolver.resolve("vault://token"))), daemon=True
    )
    first.start()
    assert inside.wait(20)
    second.start()
    first.join(20)
    second.join(20)
    assert sorted(got) == [b"1", b"t"]


def test_a_source_that_does_not_open_is_tried_again(parts):
    opening = Opening(parts, Scripted("a", x=b"1"))
    opening.errors["a"] = UnavailableError("no_route", "not now")
    resolver = over(parts, opening)
    assert value(resolver.resolve("a://x")) == ("failed", "no_route")
    assert value(resolver.resolve("a://x")) == ("failed", "no_route")
    del opening.errors["a"]
    assert value(resolver.resolve("a://x")) == b"1"


def test_what_a_source_lacks_is_not_missing_from_its_references(parts):
    """The store's own token was missing, so every secret in it was "missing": optional ones were silently left out,
    and the last known good values were destroyed."""
    source = Scripted("a", x=b"1")
    opening = Opening(parts, source)
    optional = table("a://x", required=False, max_stale_seconds=900, refresh_policy="per_use")
    assert value(over(parts, opening).resolve(optional)) == b"1"
    for settings, error in (
        ({"a": {"token": {"ref": "vault://gone"}}}, None),
        ({}, NotFoundError("gone", "gone")),
    ):
        if error:
            opening.errors["a"] = error
        resolver = over(parts, opening, settings=settings)
        outcome = resolver.resolve(table("a://x", required=False))
        assert (outcome.status, outcome.error.kind) == ("failed", "io")
        outcome = resolver.resolve(optional)
        assert (outcome.metadata.origin, value(outcome)) == ("last_known_good", b"1")
    assert len(parts.vault.list(SCOPE)) == 1


def test_a_setting_that_hangs_ends_at_the_callers_deadline(parts):
    """The deadline of the caller did not reach the settings of a source: one of them held up everything else."""
    go = threading.Event()
    slow = remote("slow", x=b"")
    slow.before = lambda _: go.wait(50)
    opening = Opening(parts, slow, Scripted("a", x=b"1"), Scripted("b", x=b"2"))
    resolver = over(parts, opening, settings={"a": {"token": {"ref": "slow://x"}}}, deadline_seconds=50)
    outcome = resolver.resolve("a://x", deadline=Deadline.after(0.3))
    assert not go.is_set()
    assert value(outcome) == ("failed", "deadline")
    go.set()


def test_who_brings_an_unknown_scheme(parts):
    outcome = build(parts).resolve("acme://x")
    assert (outcome.status, outcome.error.code) == ("failed", "source_missing")
    assert "palyra plugins enable acme" in outcome.error.hint
    with pytest.raises(UnavailableError):
        outcome.unwrap()


def test_a_disabled_plugin_falls_back(parts):
    good = Scripted("good", x=b"1")
    assert value(build(parts, good).resolve(table("acme://x", fallback=["good://x"]))) == b"1"
    assert value(build(parts, good).resolve(table("acme://x#field", fallback=["good://x"]))) == b"1"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInputError("invalid_config", "no such setting"), "failed"),
        (DeniedError("off", "it is off"), "blocked"),
        (UnavailableError("down", "down"), "failed"),
    ],
)
def test_why_it_did_not_open_reaches_the_user(parts, error, status):
    opening = Opening(parts)
    opening.errors["a"] = error
    outcome = over(parts, opening).resolve("a://x")
    assert (outcome.status, outcome.error.code) == (status, error.code)
    with pytest.raises(type(error)):
        outcome.unwrap()


def test_a_batch_key_that_fails_is_that_references_failure(parts):
    source = remote(batch=True, x=b"1", y=b"2")

    def batch_key(ref):
        if ref.target == "y":
            raise UnavailableError("plugin_failed", "no key")
        return ""

    source.batch_key = batch_key
    found = build(parts, source).resolve_many(["acme://x", "acme://y"])
    assert [value(each) for each in found.values()] == [b"1", ("failed", "plugin_failed")]


def test_a_closed_resolver(parts):
    """A value that a slow call brought after the end stayed in memory."""
    a, b = Scripted("a", x=b"1"), Scripted("b", x=b"2")

    def fail():
        raise UnavailableError("stuck", "cannot close")

    a.close = fail
    resolver = build(parts, a, b)
    resolver.resolve_many(["a://x", "b://x"])
    run = resolver.run()
    with pytest.raises(UnavailableError) as caught:
        resolver.close()
    assert caught.value.code == "stuck"
    assert b.closed == 1
    resolver.close()
    assert b.closed == 1
    for use in (
        lambda: resolver.resolve("b://x"),
        lambda: resolver.resolve_many(["b://x"]),
        lambda: run.resolve("b://x"),
        lambda: resolver.explain("b://x"),
        resolver.reload,
        resolver.states,
    ):
        with pytest.raises(UnavailableError) as caught:
            use()
        assert caught.value.code == "closed"


def test_closing_while_a_call_is_under_way(parts):
    source = remote(x=b"value")
    asked, go = threading.Event(), threading.Event()

    def before(_):
        asked.set()
        go.wait(30)

    source.before = before
    resolver = build(parts, source)
    got = []

    def ask():
        try:
            resolver.resolve("acme://x")
        except UnavailableError as error:
            got.append(error.code)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert asked.wait(30)
    resolver.close()
    go.set()
    thread.join(30)
    assert got == ["closed"]
    assert not resolver._memory._entries


def test_closing_wipes_what_is_held_also_by_runs(parts):
    source = Scripted(x=b"old", y=b"frozen")
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy="per_use", snapshot_policy="refresh_per_run")
    run = resolver.run()
    run.resolve_many([ref, "acme://y"])
    source.values["x"] = b"new"
    run.resolve(ref)
    buffers = [read.answer._buffer for read in run._run.shown.values()]
    buffers += [entry.latest.answer._buffer for entry in resolver._memory._entries.values()]
    assert {bytes(buffer) for buffer in buffers} == {b"old", b"new", b"frozen"}
    resolver.close()
    assert {bytes(buffer) for buffer in buffers} == {bytes(3), bytes(6)}


def test_explaining_asks_nobody(parts):
    source = remote(x=b"1")
    source.refuses = lambda ref: SecretError(kind="policy_blocked", code="off", message="off")
    resolver = build(parts, source)
    found = resolver.explain(table("acme://x#f", fallback=["vault://k", "nobody://x"]))
    assert [link.refused.code for link in found.links] == ["off", "secret_missing", "source_missing"]
    assert [link.cost for link in found.links] == ["remote", "local", "unknown"]
    assert (found.links[0].calls_left, found.links[0].burst) == (100_000, 100_000)
    assert source.calls == []
    assert found.in_memory == "no"
