"""What a resolution costs: who is called, how often, with what, and what is remembered."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from palyra_kernel.config import BucketConfig
from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import UnavailableError
from palyra_kernel.resolve.asking import AT_ONCE
from palyra_kernel.resolve.buckets import Buckets
from tests.resolve.scripted import DOWN, Scripted, build, remote, table, value
from tests.resolve.waiting import PATIENCE, together


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("cache", ["local", "remote"])
def test_84_uses_of_28_references_make_28_calls(parts, batch, cache):
    """Elsewhere every place that names a secret asked for it: a start with 84 of them used up a provider's quota."""
    names = [f"k{n}" for n in range(28)]
    source = Scripted(batch=batch, cache=cache, **{name: name.encode() for name in names})
    resolver = build(parts, source)
    for _ in range(3):
        for name in names:
            assert value(resolver.resolve(f"acme://{name}")) == name.encode()
    assert sorted(call for (call,) in source.calls) == sorted(names)


def test_84_uses_in_one_pass_make_28_calls_whatever_is_done_with_the_answers(parts):
    """Three fields of one document are one question."""
    source = remote(**{f"k{n}": b'{"a":"1","b":"2","c":"3"}' for n in range(28)})
    resolver = build(parts, source)
    refs = [f"acme://k{n}#{field}" for n in range(28) for field in "abc"]
    found = resolver.resolve_many(refs + refs)
    assert [value(found[ref]) for ref in refs] == [b"1", b"2", b"3"] * 28
    assert len(source.calls) == 28


def test_100_references_of_a_batch_source_are_one_call(parts):
    source = remote(batch=True, **{f"k{n}": b"%d" % n for n in range(100)})
    found = build(parts, source).resolve_many([f"acme://k{n}" for n in range(100)])
    assert [value(each) for each in found.values()] == [b"%d" % n for n in range(100)]
    assert [len(call) for call in source.calls] == [100]


def test_100_references_of_another_are_100_calls_and_8_at_once(parts):
    source = remote(**{f"k{n}": b"%d" % n for n in range(100)})
    now, most, lock, full = [0], [0], threading.Lock(), threading.Event()

    def before(_):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == AT_ONCE:
                full.set()
        full.wait(PATIENCE)
        with lock:
            now[0] -= 1

    source.before = before
    found = build(parts, source).resolve_many([f"acme://k{n}" for n in range(100)])
    assert [value(each) for each in found.values()] == [b"%d" % n for n in range(100)]
    assert [len(call) for call in source.calls] == [1] * 100
    assert most == [AT_ONCE]


def test_batches_are_divided_by_key_and_by_time_limit(parts):
    """A reference that gives its source a second was waited for as long as the most patient one of its batch."""
    source = remote(batch=True, a=b"a", b=b"b", c=b"c", d=b"d")
    source.batch_key = lambda ref: "even" if ref.target in "bd" else "odd"
    found = build(parts, source).resolve_many(
        ["acme://a", "acme://b", table("acme://c", timeout_ms=5000), "acme://d"]
    )
    assert [value(each) for each in found.values()] == [b"a", b"b", b"c", b"d"]
    assert sorted(map(sorted, source.calls)) == [["a"], ["b", "d"], ["c"]]


def test_a_bucket_that_is_empty_makes_no_call(parts):
    source = remote(**{f"k{n}": b"1" for n in range(10)})
    buckets: Any = Buckets(parts.records, {"acme": BucketConfig(burst=4, per_minute=0.01)}, BucketConfig())
    found = build(parts, source, buckets=buckets).resolve_many([f"acme://k{n}" for n in range(10)])
    got = [value(each) for each in found.values()]
    assert sorted(got, key=str) == [("failed", "rate_limited")] * 6 + [b"1"] * 4
    assert len(source.calls) == 4


def test_what_we_refuse_ourselves_is_not_remembered_as_a_failure_of_the_source(parts):
    source = remote(x=b"1", y=b"2")
    level = [1.0]
    buckets: Any = Buckets(parts.records, {}, BucketConfig())
    buckets.take = lambda scheme: 0.0 if level[0] else 30.0
    resolver = build(parts, source, buckets=buckets, negative_seconds=100)
    level[0] = 0
    assert value(resolver.resolve("acme://x")) == ("failed", "rate_limited")
    level[0] = 1
    assert value(resolver.resolve("acme://x")) == b"1"


def test_a_bucket_that_cannot_be_counted_makes_no_call(parts):
    source = remote(x=b"1")
    buckets: Any = Buckets(parts.records, {}, BucketConfig())

    def take(scheme):
        raise UnavailableError("locked", "the store is locked")

    buckets.take = take
    assert value(build(parts, source, buckets=buckets).resolve("acme://x")) == ("failed", "locked")
    assert source.calls == []


def test_local_sources_are_not_counted(parts):
    source = Scripted(x=b"1")
    buckets: Any = Buckets(parts.records, {}, BucketConfig())
    buckets.take = lambda scheme: 1 / 0
    assert value(build(parts, source, buckets=buckets).resolve("acme://x")) == b"1"


def test_a_failure_is_remembered_and_a_reload_forgets_it(parts):
    source = remote(x=DOWN)
    resolver = build(parts, source, negative_seconds=100)
    for _ in range(3):
        assert value(resolver.resolve("acme://x")) == ("failed", "down")
    assert len(source.calls) == 1
    source.values["x"] = b"1"
    assert resolver.reload().failed == 0
    assert value(resolver.resolve("acme://x")) == b"1"
    assert len(source.calls) == 2


def test_a_quota_answer_pauses_the_whole_source(parts):
    """Each reference was asked on its own while the provider said no to all: that kept the limit going."""
    quota = SecretError(kind="io", code="quota", message="slow down", retry_after_seconds=100)
    source = remote(x=quota, y=b"2")
    resolver = build(parts, source)
    assert value(resolver.resolve("acme://x")) == ("failed", "quota")
    assert value(resolver.resolve("acme://y")) == ("failed", "quota")
    resolver.reload()
    assert value(resolver.resolve("acme://y")) == ("failed", "quota")
    assert len(source.calls) == 1


def test_values_of_distinct_references_are_never_mixed(parts):
    source = remote(batch=True, **{f"k{n}": b"%d" % n for n in range(50)})
    resolver = build(parts, source)
    refs = [f"acme://k{n}" for n in range(50)]

    def work():
        with resolver.run() as run:
            found = run.resolve_many([table(ref, refresh_policy="per_use") for ref in refs])
            return [value(each) for each in found.values()]

    assert together(8, work) == [[b"%d" % n for n in range(50)]] * 8
