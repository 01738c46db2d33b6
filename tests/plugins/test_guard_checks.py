"""Policy checks behind the guard: whatever goes wrong in one is an objection, and nothing of it escapes.

Each rule has a mutant of a working plugin.
"""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace

import pytest

from palyra_kernel.errors import ConflictError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.plugins.guard_checks import close_checks, open_checks
from palyra_kernel.plugins.threads import STUCK_LIMIT
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal
from tests.plugins.test_guard_sources import hosted
from tests.plugins.test_plugin_guard import PAYLOAD, Panic, everything_in, raise_it, raise_with_payload

CHECK = """
from palyra_kernel import CheckPlace, PolicyCheck, hookimpl

class Check(PolicyCheck):
    name = "acme"
    def objection(self, request, deadline):
        return "too_late" if request.purpose == "late" else None

@hookimpl
def palyra_policy_checks():
    return [Check]
"""
REQUEST = ActionRequest(
    principal=Principal("user", "1000"),
    action="secret.read",
    resource=Resource("secret", "global/a"),
    at_ms=0,
    session="s",
)


@pytest.fixture
def offers(offer_of):
    offer = offer_of(CHECK, "policy_checks")
    return {offer.key: offer}


@pytest.fixture
def author(offers):
    return sys.modules["acme_zed"].Check


@pytest.fixture
def made(author, offers):
    """Open the check with some methods and attributes replaced."""

    def make(**changed):
        for name, value in changed.items():
            setattr(author, name, value)
        (check,) = open_checks(offers, {})
        return check

    return make


def soon():
    return Deadline.after(20)


def test_a_check_works(made):
    check = made()
    assert check.name == "acme"
    assert check.objection(REQUEST, soon()) is None
    late = ActionRequest(**{**{f: getattr(REQUEST, f) for f in REQUEST.__struct_fields__}, "purpose": "late"})
    assert check.objection(late, soon()) == "too_late"
    assert check.trouble is None


ERRORS = [
    ValueError(PAYLOAD), Panic(PAYLOAD), MemoryError(PAYLOAD), RecursionError(PAYLOAD), SystemExit(0), GeneratorExit(),
    StopIteration(None), UnavailableError("deadline", PAYLOAD), PalyraError("policy.allow", PAYLOAD), TimeoutError(),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("how", [raise_it, raise_with_payload])
@pytest.mark.parametrize("may_block", [False, True])
def test_every_exception_is_an_objection(made, error, how, may_block):
    """Hazard P13: an error in a rule made it as if the rule did not exist, and the answer was Allow."""
    check = made(may_block=may_block, objection=lambda *_: how(error))
    assert check.objection(REQUEST, soon()) == "failed"
    assert check.trouble == f"it raised {type(error).__name__}"


def test_ctrl_c_is_for_whoever_sits_there(made):
    with pytest.raises(KeyboardInterrupt):
        made(objection=lambda *_: raise_it(KeyboardInterrupt())).objection(REQUEST, soon())


class Text(str):
    """A text that lies about itself."""

    __slots__ = ()


WRONG = [
    True, False, 0, 1, "", "Allow", "a b", "a\n", "ä", "x" * 65, b"late", Text("late"), [], (), {}, object(),
]  # fmt: skip


@pytest.mark.parametrize("answer", WRONG)
@pytest.mark.parametrize("may_block", [False, True])
def test_whatever_is_no_answer_is_an_objection(made, answer, may_block):
    """Hazard P13: False meant 'no objection' to one reader and 'not allowed' to the other."""
    check = made(may_block=may_block, objection=lambda *_: answer)
    assert check.objection(REQUEST, soon()) == "wrong_answer"
    assert "no reason code" in check.trouble


@pytest.mark.parametrize("answer", ["a", "x" * 64, "0", "outside.hours-2_x"])
def test_reason_codes(made, answer):
    assert made(objection=lambda *_: answer).objection(REQUEST, soon()) == answer


@pytest.mark.parametrize("may_block", [False, True])
def test_without_time_nobody_is_asked(made, may_block):
    """A check that was not asked did not agree."""
    asked = []
    check = made(may_block=may_block, objection=lambda *_: asked.append(1))
    assert check.objection(REQUEST, Deadline.after(-1)) == "deadline"
    assert asked == []


@pytest.mark.parametrize(("answer", "heard"), [(None, "deadline"), ("late", "late")])
def test_agreement_that_comes_late_is_an_objection(made, answer, heard):
    """Nobody can stop a check that does not block; that it was late is seen when it is back."""
    deadline = soon()

    def dawdle(_self, _request, given):
        deadline.at = 0.0
        assert given.expired
        return answer

    assert made(objection=dawdle).objection(REQUEST, deadline) == heard


def test_a_check_that_hangs_is_left_behind_and_then_not_asked(made):
    """Hazard P13, from another side: a check that hangs held up every act, or was skipped."""
    free, hung, asked = threading.Event(), threading.Event(), []

    def objection(self, request, deadline):
        asked.append(1)
        if not free.is_set():
            hung.set()
            free.wait(30)

    check = made(may_block=True, objection=objection)
    while check._origin.threads.stuck < STUCK_LIMIT:  # without time it is not asked, and does not hang
        assert check.objection(REQUEST, Deadline.after(0.1)) == "deadline"
    assert hung.is_set()
    started = len(asked)
    assert check.objection(REQUEST, soon()) == "circuit_open"
    assert len(asked) == started
    free.set()
    back = Deadline.after(20)
    while check._origin.threads.stuck and not back.expired:
        threading.Event().wait(0.01)
    assert check.objection(REQUEST, soon()) is None


def test_no_thread_is_an_objection(made, monkeypatch):
    check = made(may_block=True)
    monkeypatch.setattr(
        threading.Thread, "start", lambda _self: raise_it(RuntimeError("can't start new thread"))
    )
    assert check.objection(REQUEST, soon()) == "no_thread"


def test_nothing_of_an_exception_is_kept(made):
    """What a check raises may quote the request."""
    check = made(objection=lambda *_: raise_with_payload(ValueError(PAYLOAD)))
    check.objection(REQUEST, soon())
    assert PAYLOAD not in repr(vars(check))


def test_a_closed_check_objects(made):
    check = made()
    check.close()
    check.close()
    assert check.objection(REQUEST, soon()) == "closed"


@pytest.mark.parametrize(
    "wrong",
    [
        "name = 'Acme'",
        "name = ''",
        "name = b'acme'",
        "name = 'acme-x'",
        "name = 'acme:x'",
        "may_block = 1",
        "may_block = None",
        "may_block = property(lambda self: False)",
        "async def objection(self, request, deadline): return None",
        "def objection(self, request, deadline): yield",
        "objection = None",
    ],
)
def test_a_class_is_judged_at_load(offer_of, wrong):
    """A coroutine is never None, and never awaited: it would have denied everything, from the first request on."""
    source = CHECK.replace("\n@hookimpl", f"    {wrong}\n\n@hookimpl")
    if wrong == "objection = None":
        source = CHECK.replace("def objection", "def objects")
    with pytest.raises(UnavailableError) as caught:
        offer_of(source, "policy_checks")
    assert caught.value.code == "plugin_refused"


def test_two_plugins_with_one_name(site):
    """The code of a denial names the check; of two with one name nobody knows which it was."""
    with pytest.raises(ConflictError) as caught:
        hosted(site, ("one", CHECK), ("two", CHECK))
    assert caught.value.code == "plugin_duplicate"
    assert "acme-one" in caught.value.message
    assert "acme-two" in caught.value.message


def test_without_plugins_there_are_no_checks(site):
    assert hosted(site).registry.policy_checks == {}


SETTINGS = {"acme": {"hours": "8-18"}}


def test_settings_arrive(author, offers):
    got = []

    def opened(cls, place):
        got.append(place.settings)
        return cls()

    author.open = classmethod(opened)
    open_checks(offers, SETTINGS)
    assert got == [{"hours": "8-18"}]


def test_a_check_without_settings_refuses_them(offers):
    """Hazard U9: a setting that nobody reads looks like one that is in force."""
    with pytest.raises(InvalidInputError) as caught:
        open_checks(offers, SETTINGS)
    assert caught.value.code == "invalid_config"


def test_settings_of_a_check_that_is_not_there(offers):
    """Hazard U9: the operator believes that a check is in force, and nobody loaded it."""
    with pytest.raises(InvalidInputError) as caught:
        open_checks(offers, {"acmee": {}})
    assert caught.value.code == "invalid_config"
    assert "acmee" in caught.value.message


@pytest.mark.parametrize("opened", [None, object(), SimpleNamespace(objection=lambda *_: None)])
def test_what_opens_to_no_check_stops_the_start(author, offers, opened):
    author.open = classmethod(lambda *_: opened)
    with pytest.raises(UnavailableError) as caught:
        open_checks(offers, {})
    assert caught.value.code == "plugin_failed"


def test_a_failure_to_open_stops_the_start_and_shows_nothing(author, offers):
    author.open = classmethod(lambda *_: raise_with_payload(ValueError(PAYLOAD)))
    with pytest.raises(UnavailableError) as caught:
        open_checks(offers, {})
    assert caught.value.code == "plugin_failed"
    assert PAYLOAD not in everything_in(caught.value)


TWO = CHECK.replace("[Check]", "[Check, Zed]").replace(
    "\n@hookimpl",
    """
class Zed(Check):
    name = "zed"
closed = []
Check.close = lambda self: closed.append(self.name)

@hookimpl""",
)


def test_one_that_does_not_open_closes_the_others(site):
    """What the first one holds would stay open until the process ends."""
    offers = hosted(site, ("one", TWO)).registry.policy_checks
    module = sys.modules["acme_one"]
    module.Zed.open = classmethod(lambda *_: raise_it(InvalidInputError("invalid_config", "no")))
    with pytest.raises(InvalidInputError):
        open_checks(offers, {})
    assert module.closed == ["acme"]


def test_one_that_does_not_close_spares_the_others(site):
    checks = open_checks(hosted(site, ("one", TWO)).registry.policy_checks, {})
    module = sys.modules["acme_one"]
    module.Check.close = lambda self: module.closed.append(self.name) or raise_it(ValueError(PAYLOAD))
    with pytest.raises(UnavailableError) as caught:
        close_checks(checks)
    assert caught.value.code == "plugin_failed"
    assert module.closed == ["acme", "zed"]
