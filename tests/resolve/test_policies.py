"""When a source is asked again, and when what it said is shown: both policies of a reference really act.

Hazard U1: policies were parsed and did nothing, "stale" could not occur, and a new value needed a restart.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from palyra_kernel.values.secret_ref import RefreshPolicy, SnapshotPolicy
from tests.resolve.scripted import DOWN, Scripted, build, table, value
from tests.support import Parts

REFRESH = get_args(RefreshPolicy)
SNAPSHOT = get_args(SnapshotPolicy)

# Eight uses, and how often the source was asked after each: two of the resolver while the source says A; two of a first
# run while it says B; one of a second run, then one more of the first, while it says C; a reload; one of the resolver;
# one of a third run. Written by hand from the docstrings of the policies.
ASKED = {
    "on_startup": [1, 1, 1, 1, 1, 1, 1, 1],  # never again, not for a reload either
    "on_reload": [1, 1, 1, 1, 1, 1, 2, 2],  # the reload asks
    "per_run": [1, 2, 3, 3, 4, 4, 6, 7],  # a use outside of runs is a run of its own; the reload asks too
    "per_use": [1, 2, 3, 4, 5, 6, 8, 9],
}
SHOWN = {
    ("on_startup", "freeze_until_reload"): "AAAAAAAA",
    ("on_startup", "refresh_per_run"): "AAAAAAAA",
    ("on_startup", "refresh_per_use"): "AAAAAAAA",
    ("on_reload", "freeze_until_reload"): "AAAAAACC",
    ("on_reload", "refresh_per_run"): "AAAAAACC",
    ("on_reload", "refresh_per_use"): "AAAAAACC",
    ("per_run", "freeze_until_reload"): "AAAAAACC",
    ("per_run", "refresh_per_run"): "AABBCBCC",
    ("per_run", "refresh_per_use"): "AABBCCCC",  # the first run sees at once what the second has read
    ("per_use", "freeze_until_reload"): "AAAAAACC",
    ("per_use", "refresh_per_run"): "AABBCBCC",
    ("per_use", "refresh_per_use"): "AABBCCCC",
}
STALE = {
    ("per_run", "freeze_until_reload"): "..!!!!..",
    ("per_use", "freeze_until_reload"): "..!!!!..",
    ("per_run", "refresh_per_run"): ".....!..",
    ("per_use", "refresh_per_run"): ".....!..",  # its own run's value stays, though a newer one was read
}


@pytest.mark.parametrize("refresh", REFRESH)
@pytest.mark.parametrize("snapshot", SNAPSHOT)
def test_the_table_of_policies(parts, refresh, snapshot):
    """Hazard U1: 4 x 3 policies; calls are counted and values compared with a table that was written by hand."""
    source = Scripted(x=b"A")
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy=refresh, snapshot_policy=snapshot)
    calls, shown, stale = [], [], []

    def use(run):
        outcome = run.resolve(ref)
        stale.append("!" if outcome.metadata.stale else ".")
        shown.append(value(outcome).decode())
        calls.append(len(source.calls))

    use(resolver)
    use(resolver)
    source.values["x"] = b"B"
    first = resolver.run()
    use(first)
    use(first)
    source.values["x"] = b"C"
    second = resolver.run()
    use(second)
    use(first)
    report = resolver.reload()
    assert report.read == (refresh != "on_startup")
    assert report.failed == 0
    frozen = snapshot == "freeze_until_reload"
    assert report.changed == (refresh == "on_reload" or (refresh != "on_startup" and frozen))
    use(resolver)
    use(resolver.run())
    assert "".join(shown) == SHOWN[refresh, snapshot]
    assert calls == ASKED[refresh]
    assert "".join(stale) == STALE.get((refresh, snapshot), "........")


def test_change_stale_reload_new_value(parts):
    """Hazard U1: the life of a rotated secret."""
    source = Scripted(x=b"old")
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy="per_use")

    def state():
        (found,) = resolver.states()
        return found.status

    assert value(resolver.resolve(ref)) == b"old"
    assert (state(), resolver.generation) == ("healthy", 1)
    source.values["x"] = b"new"
    outcome = resolver.resolve(ref)
    assert (outcome.metadata.stale, value(outcome)) == (True, b"old")
    assert state() == "stale"
    report = resolver.reload()
    assert (report.generation, report.read, report.changed, report.failed) == (2, 1, 1, 0)
    outcome = resolver.resolve(ref)
    assert (outcome.metadata.stale, outcome.metadata.generation, value(outcome)) == (False, 2, b"new")
    assert state() == "healthy"
    assert resolver.reload().changed == 0


def test_looking_changes_nothing(parts):
    """What `states` showed once was then frozen: looking at a resolver decided what its users saw."""
    source = Scripted(x=b"old", y=b"1")
    resolver = build(parts, source)
    late = table("acme://x", refresh_policy="per_use", snapshot_policy="freeze_until_reload")
    assert value(resolver.resolve(late)) == b"old"
    before = [(state.status, state.generation) for state in resolver.states()]
    for _ in range(3):
        assert [(state.status, state.generation) for state in resolver.states()] == before
        resolver.explain(late)
    source.values["x"] = b"new"
    assert value(resolver.resolve(late)) == b"old"
    assert source.asked == 2


def test_a_last_known_good_value_does_not_hide_that_the_source_is_down(parts):
    """Hazard U1: the kept value equals the frozen one, so that what nobody could ask for again looked fresh."""
    source = Scripted(x=b"A")
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy="per_use", max_stale_seconds=3600)
    assert resolver.resolve(ref).metadata.stale is False
    source.values["x"] = DOWN
    outcome = resolver.resolve(ref)
    assert (outcome.metadata.stale, value(outcome)) == (True, b"A")
    source.values["x"] = b"A"
    assert resolver.resolve(ref).metadata.stale is False


@pytest.mark.parametrize("refresh", ["per_run", "per_use"])
def test_a_failing_refresh_leaves_a_frozen_value(parts, refresh):
    """A frozen value is what its users decided to keep until a reload; that the source is down now is no reason to
    take it away, but it is said."""
    source = Scripted(x=b"A")
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy=refresh)
    assert value(resolver.resolve(ref)) == b"A"
    source.values["x"] = DOWN
    for _ in range(3):
        outcome = resolver.resolve(ref)
        assert (outcome.metadata.stale, value(outcome)) == (True, b"A")
    source.values["x"] = b"A"
    assert resolver.resolve(ref).metadata.stale is False
    source.values["x"] = DOWN
    report = resolver.reload()
    assert (report.failed, report.changed) == (1, 1)
    assert value(resolver.resolve(ref)) == ("failed", "down")
    source.values["x"] = b"B"
    assert value(resolver.resolve(ref)) == b"B"  # what failed is never kept in place of a value


@pytest.mark.parametrize("refresh", REFRESH)
@pytest.mark.parametrize("snapshot", SNAPSHOT)
def test_a_failure_at_the_start_is_asked_again(parts, refresh, snapshot):
    source = Scripted(x=DOWN)
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy=refresh, snapshot_policy=snapshot)
    run = resolver.run()
    for user in (resolver, run, resolver, run):
        assert value(user.resolve(ref)) == ("failed", "down")
    assert source.asked == 4
    source.values["x"] = b"A"
    assert value(run.resolve(ref)) == b"A"
    assert value(resolver.resolve(ref)) == b"A"


def test_a_run_forgets_at_its_end(parts):
    source = Scripted(x=b"A")
    resolver = build(parts, source)
    ref = table("acme://x", refresh_policy="per_run", snapshot_policy="refresh_per_run")
    with resolver.run() as run:
        assert value(run.resolve(ref)) == b"A"
        source.values["x"] = b"B"
        assert value(run.resolve(ref)) == b"A"
        assert value(resolver.resolve(ref)) == b"B"
        assert value(run.resolve_many([ref])[ref]) == b"A"
    assert value(run.resolve(ref)) == b"B"


def test_more_references_than_are_kept(parts, monkeypatch):
    """What did not fit into memory was forgotten before it was shown."""
    monkeypatch.setattr("palyra_kernel.resolve.memory._KEPT", 3)
    source = Scripted(batch=True, **{f"k{n}": b"%d" % n for n in range(8)})
    resolver = build(parts, source)
    refs = [f"acme://k{n}" for n in range(8)]
    for _ in range(2):
        found = resolver.resolve_many(refs)
        assert [value(found[ref]) for ref in refs] == [b"%d" % n for n in range(8)]
    assert len(resolver.states()) == 3
    for ref in ("acme://k0", "acme://k6", "acme://k7"):
        resolver.resolve(ref)
    source.calls.clear()
    resolver.resolve("acme://k6")
    resolver.resolve("acme://k1")  # pushes out k0 or k7, not what was just used
    resolver.resolve("acme://k6")
    assert source.calls == [["k1"]]


class Model:
    """The policies of one reference over a source that always answers, as the docstrings say it."""

    def __init__(self, refresh, snapshot):
        self.refresh, self.snapshot = refresh, snapshot
        self.asked = 0
        self.latest = self.frozen = None
        self.runs: dict[int, bytes | None] = {}
        self.read_in: set[int] = set()

    def use(self, run, truth):
        must = {
            "on_startup": self.latest is None,
            "on_reload": self.latest is None,
            "per_run": run is None or run not in self.read_in,
            "per_use": True,
        }[self.refresh]
        if self.latest is None or must:
            self.asked += 1
            self.latest = truth
            if run is not None:
                self.read_in.add(run)
        if self.frozen is None:
            self.frozen = self.latest
        if self.snapshot == "freeze_until_reload":
            return self.frozen
        if self.snapshot == "refresh_per_run" and run is not None:
            if self.runs.get(run) is None:
                self.runs[run] = self.latest
            return self.runs[run]
        return self.latest

    def reload(self, truth):
        if self.latest is not None:
            if self.refresh != "on_startup":
                self.asked += 1
                self.latest = truth
            self.frozen = self.latest


class Policies(RuleBasedStateMachine):
    """One resolver with all twelve references, beside twelve models."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.source = Scripted()
        self.resolver = build(Parts(Path(self.folder.name) / "heads"), self.source)
        self.truth = 0
        self.runs = {}
        self.models = {}
        for refresh in REFRESH:
            for snapshot in SNAPSHOT:
                name = f"{refresh}.{snapshot}"
                self.models[name] = Model(refresh, snapshot)
                self.source.values[name] = lambda: b"%d" % self.truth

    def teardown(self):
        self.resolver.close()
        self.folder.cleanup()

    @rule(name=st.sampled_from([f"{r}.{s}" for r in REFRESH for s in SNAPSHOT]), run=st.integers(0, 2))
    def use(self, name, run):
        model = self.models[name]
        ref = table(f"acme://{name}", refresh_policy=model.refresh, snapshot_policy=model.snapshot)
        user = self.runs.get(run)
        before = self.source.asked
        model_before = model.asked
        expected = model.use(run if user else None, b"%d" % self.truth)
        outcome = (user or self.resolver).resolve(ref)
        stale = outcome.metadata.stale
        assert value(outcome) == expected
        assert self.source.asked - before == model.asked - model_before
        assert stale == (expected != model.latest)

    @rule(run=st.integers(0, 2))
    def begin_run(self, run):
        self.runs[run] = self.resolver.run()
        for model in self.models.values():
            model.runs.pop(run, None)
            model.read_in.discard(run)

    @rule()
    def change(self):
        self.truth += 1

    @rule()
    def reload(self):
        before, model_before = self.source.asked, sum(model.asked for model in self.models.values())
        self.resolver.reload()
        for model in self.models.values():
            model.reload(b"%d" % self.truth)
        assert self.source.asked - before == sum(model.asked for model in self.models.values()) - model_before

    @rule()
    def look(self):
        self.resolver.states()


Policies.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestPolicies = Policies.TestCase
