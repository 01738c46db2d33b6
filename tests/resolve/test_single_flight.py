"""Asked once: between the moment at which an answer is there and the one at which everybody finds it in memory, too.

Wish 22: a provider with a quota counts what is asked twice. Each test stops one caller at the place that matters.
"""

from __future__ import annotations

import pytest

from palyra_kernel.contracts.sources import SecretError
from tests.resolve.scripted import DOWN, Scripted, build, remote, table, value
from tests.resolve.waiting import Gate, Started

LATE = SecretError(kind="timeout", code="deadline", message="too late")
REFRESH = ("on_startup", "on_reload", "per_run", "per_use")


def ref(refresh="on_startup", name="x", **fields):
    return table(f"acme://{name}", refresh_policy=refresh, snapshot_policy="refresh_per_use", **fields)


def before_storing(resolver, monkeypatch):
    """The first caller stops when its answers have landed, before it stores them."""
    gate = Gate(resolver._known_good.judged)
    monkeypatch.setattr(resolver._known_good, "judged", gate)
    return gate


def before_boarding(resolver, monkeypatch):
    """The first caller stops when it knows what it must read, before it asks."""
    gate = Gate(resolver._chains.read)
    monkeypatch.setattr(resolver._chains, "read", gate)
    return gate


def nothing_is_left(resolver):
    flights = resolver._flights
    return not flights._flights and not flights._left and not flights._trips


@pytest.mark.parametrize("make", [Scripted, remote])
@pytest.mark.parametrize("refresh", ["on_startup", "on_reload"])
def test_what_has_landed_but_is_not_stored_yet_is_not_asked_for_again(parts, monkeypatch, make, refresh):
    """The flight was gone when it landed, and the memory empty until it was stored: the next caller asked again."""
    source = make(x=b"value")
    resolver = build(parts, source)
    gate = before_storing(resolver, monkeypatch)
    first = Started(lambda: value(resolver.resolve(ref(refresh))))
    gate.wait()
    assert value(resolver.resolve(ref(refresh))) == b"value"
    gate.open()
    assert first.answer() == b"value"
    assert source.asked == 1
    assert nothing_is_left(resolver)


@pytest.mark.parametrize("refresh", REFRESH)
def test_who_looked_before_it_was_stored_does_not_ask_again(parts, monkeypatch, refresh):
    """It found nothing in memory; when it came to ask, another caller had asked, stored the answer and gone."""
    source = Scripted(x=b"value")
    resolver = build(parts, source)
    gate = before_boarding(resolver, monkeypatch)
    slow = Started(lambda: value(resolver.resolve(ref(refresh))))
    gate.wait()
    assert value(resolver.resolve(ref(refresh))) == b"value"
    gate.open()
    assert slow.answer() == b"value"
    assert source.asked == 1
    assert nothing_is_left(resolver)


@pytest.mark.parametrize("refresh", ["per_run", "per_use"])
def test_a_use_never_gets_what_was_read_before_it_began(parts, monkeypatch, refresh):
    """Sharing what has landed must not make a cache of it."""
    source = Scripted(x=b"old")
    resolver = build(parts, source)
    gate = before_storing(resolver, monkeypatch)
    first = Started(lambda: resolver.resolve(ref(refresh)).status)
    gate.wait()
    source.values["x"] = b"new"
    assert value(resolver.resolve(ref(refresh))) == b"new"
    gate.open()
    assert first.answer() == "resolved"
    assert source.asked == 2


def test_a_run_reads_once_in_all_of_its_threads_and_another_run_for_itself(parts, monkeypatch):
    source = Scripted(x=b"old")
    resolver = build(parts, source)
    run = resolver.run()
    run.resolve(ref("per_run", "another"))
    gate = before_storing(resolver, monkeypatch)
    first = Started(lambda: value(run.resolve(ref("per_run"))))
    gate.wait()
    source.values["x"] = b"new"
    assert value(run.resolve(ref("per_run"))) == b"old"
    assert value(resolver.run().resolve(ref("per_run"))) == b"new"
    gate.open()
    assert first.answer() is not None
    assert [call for call in source.calls if call == ["x"]] == [["x"]] * 2


def test_a_failure_is_for_those_who_were_there_when_it_landed(parts, monkeypatch):
    """Shared, it costs one call; kept, it would hide that the source is back."""
    source = Scripted(x=DOWN)
    resolver = build(parts, source)
    boarding = before_boarding(resolver, monkeypatch)
    there = Started(lambda: value(resolver.resolve(ref())))
    boarding.wait()
    storing = before_storing(resolver, monkeypatch)
    first = Started(lambda: value(resolver.resolve(ref())))
    storing.wait()
    source.values["x"] = b"back"
    boarding.open()
    assert there.answer() == ("failed", "down")
    assert source.asked == 1
    assert value(resolver.resolve(ref())) == b"back"
    storing.open()
    first.answer()
    assert source.asked == 2
    assert nothing_is_left(resolver)


def test_that_it_was_too_late_for_another_is_no_answer(parts, monkeypatch):
    """Whoever asked may have had less time."""
    source = Scripted(x=LATE)
    resolver = build(parts, source)
    gate = before_boarding(resolver, monkeypatch)
    patient = Started(lambda: value(resolver.resolve(ref())))
    gate.wait()
    assert value(resolver.resolve(ref())) == ("failed", "deadline")
    source.values["x"] = b"value"
    gate.open()
    assert patient.answer() == b"value"
    assert source.asked == 2


def test_who_is_interrupted_before_storing_leaves_the_answer_to_those_who_wait(parts, monkeypatch):
    """Ctrl-C between the answer and the memory: it was paid for, and is not asked for again."""
    source = Scripted(x=b"value")
    resolver = build(parts, source)
    gate = before_boarding(resolver, monkeypatch)
    waiter = Started(lambda: value(resolver.resolve(ref())))
    gate.wait()

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(resolver._known_good, "judged", interrupted)
        with pytest.raises(KeyboardInterrupt):
            resolver.resolve(ref())
    gate.open()
    assert waiter.answer() == b"value"
    assert source.asked == 1
    assert nothing_is_left(resolver)


def test_a_reload_makes_all_forget_what_landed_before_it(parts, monkeypatch):
    """The value from before the reload, read but not stored, would have been frozen after it."""
    source = Scripted(x=b"old")
    resolver = build(parts, source)
    gate = before_storing(resolver, monkeypatch)
    first = Started(lambda: value(resolver.resolve(ref("on_reload"))))
    gate.wait()
    (flight,) = resolver._flights._flights.values()
    source.values["x"] = b"new"
    assert resolver.reload().read == 0
    assert value(resolver.resolve(ref("on_reload"))) == b"new"
    gate.open()
    assert first.answer() == b"new"
    assert source.asked == 2
    assert flight.answer._wiped


@pytest.mark.parametrize("known", [True, False])
def test_nobody_boards_after_a_reload_what_was_asked_for_before_it(parts, known):
    """The source had answered with the old value, slowly; the reload, and who came after it, waited for that."""
    source = Scripted(x=b"old")
    resolver = build(parts, source)
    if known:
        resolver.resolve(ref("on_reload"))
    read = Gate(lambda now: now)
    source.values["x"] = lambda _: read(b"old")
    # Another policy, but the same question to the source.
    slow = Started(lambda: value(resolver.resolve(ref("per_use" if known else "on_reload"))))
    read.wait()
    source.values["x"] = b"new"
    assert resolver.reload().changed == known
    assert value(resolver.resolve(ref("on_reload"))) == b"new"
    read.open()
    assert slow.answer() == b"new"


def test_nobody_boards_after_a_reload_what_was_asked_for_in_the_middle_of_it(parts):
    """The reload did not know it, so it may be from before the change that the reload was for."""
    source = Scripted(x=b"old", known=b"1")
    resolver = build(parts, source)
    resolver.resolve(ref("on_reload", "known"))
    read, slow = Gate(lambda now: now), []

    def meanwhile():
        source.values["x"] = lambda _: read(b"old")
        slow.append(Started(lambda: value(resolver.resolve(ref("on_reload")))))
        read.wait()
        source.values["x"] = b"new"
        return b"2"

    source.values["known"] = meanwhile
    assert resolver.reload().changed == 1
    assert value(resolver.resolve(ref("on_reload"))) == b"new"
    read.open()
    assert slow[0].answer() == b"new"


@pytest.mark.parametrize("policies", [("per_use", "on_reload"), ("on_reload", "per_use")])
def test_two_uses_that_ask_the_same_get_what_counts_for_both(parts, monkeypatch, policies):
    source = Scripted(x=b"old")
    resolver = build(parts, source)
    gate = before_storing(resolver, monkeypatch)
    first = Started(lambda: value(resolver.resolve(ref())))
    gate.wait()
    source.values["x"] = b"new"
    found = resolver.resolve_many(map(ref, policies))
    assert [value(each) for each in found.values()] == [b"new", b"new"]
    gate.open()
    first.answer()
    assert source.asked == 2


def test_a_fallback_that_another_caller_has_read_is_not_asked_for_again(parts, monkeypatch):
    source, down = Scripted(x=b"value"), Scripted("down", x=DOWN)
    resolver = build(parts, source, down)
    gate = before_storing(resolver, monkeypatch)
    chain = table("down://x", fallback=["acme://x"])
    first = Started(lambda: value(resolver.resolve(chain)))
    gate.wait()
    assert value(resolver.resolve(chain)) == b"value"
    gate.open()
    assert first.answer() == b"value"
    assert source.asked == 1


class Hanging:
    """Callers of a source that does not answer before it may: each is there when what others ask for lands."""

    def __init__(self):
        self._gates: list[Gate] = []
        self.source = Scripted("hanging", x=b"1")
        self.source.before = lambda _: self._gates[-1]()

    def caller(self, resolver):
        """One more; call what this returns to let it go."""
        gate = Gate(lambda: None)
        self._gates.append(gate)
        size = len(self._gates)  # else all would wait for the same call
        work = Started(lambda: resolver.resolve(table("hanging://x", max_bytes=size)).status)
        gate.wait()

        def go():
            gate.open()
            work.answer()

        return go


@pytest.mark.parametrize("how", ["end", "close", "another"])
def test_what_landed_is_wiped_when_all_have_gone_that_may_want_it(parts, how):
    """A copy of each value that nobody wiped; and callers that come later must not make it stay."""
    source, hanging = Scripted(x=b"value"), Hanging()
    resolver = build(parts, source, hanging.source)
    before = hanging.caller(resolver)
    assert value(resolver.resolve(ref())) == b"value"
    (flight,) = [each for each in resolver._flights._flights.values() if each.ref.scheme == "acme"]
    after = hanging.caller(resolver)
    assert not flight.answer._wiped
    match how:
        case "end":
            before()
        case "close":
            resolver.close()
        case "another":
            resolver.resolve(ref("per_use"))
    assert flight.answer._wiped
    before()
    after()
    assert nothing_is_left(resolver)


def test_what_somebody_has_boarded_again_stays_for_others(parts, monkeypatch):
    """It was about to be forgotten, when somebody wanted it after all."""
    source, hanging = Scripted(x=b"value"), Hanging()
    resolver = build(parts, source, hanging.source)
    before = hanging.caller(resolver)
    assert value(resolver.resolve(ref())) == b"value"
    gate = before_storing(resolver, monkeypatch)
    again = Started(lambda: value(resolver.resolve(ref("on_reload"))))  # not in memory, but the same question
    gate.wait()
    before()
    assert value(resolver.resolve(ref("on_reload"))) == b"value"
    gate.open()
    assert again.answer() == b"value"
    assert source.asked == 1
    assert nothing_is_left(resolver)
