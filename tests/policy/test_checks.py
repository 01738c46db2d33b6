"""Second opinions: one may object, none can grant, and whatever goes wrong in one is an objection."""

import threading

import pytest

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.policy import checks
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from tests.policy.asking import AGENT, OWNER, READER, answer


def check(name, answered):
    """A check that answers, or raises, or does what it is told."""

    class Check(PolicyCheck):
        def __init__(self):
            self.asked = 0

        def objection(self, request, deadline):
            self.asked += 1
            if isinstance(answered, type) and issubclass(answered, BaseException):
                raise answered("canary")
            return answered(request, deadline) if callable(answered) else answered

    Check.name = name
    return Check()


def engine(*made, **more):
    return PolicyEngine(Bundle.default(), made, **more)


def test_all_agree():
    one, two = check("one", None), check("two", None)
    assert answer(engine(one, two), OWNER, "vault.gc", "vault:own") == "allow"
    assert (one.asked, two.asked) == (1, 1)


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ("late-hours", "late-hours"),
        (ValueError, "failed"), (SystemExit, "failed"), (GeneratorExit, "failed"), (MemoryError, "failed"),
        (type("Own", (BaseException,), {}), "failed"),
        ("", "wrong_answer"), ("Not a code", "wrong_answer"), ("a" * 65, "wrong_answer"),
        ("a\n", "wrong_answer"),
        (False, "wrong_answer"), (True, "wrong_answer"), (0, "wrong_answer"), (b"no", "wrong_answer"),
        ([], "wrong_answer"), (NotImplemented, "wrong_answer"), (type("Text", (str,), {})("no"), "wrong_answer"),
    ],
    ids=str,
)  # fmt: skip
def test_anything_but_none_is_an_objection(answered, reason):
    assert answer(engine(check("one", None), check("hours", answered)), OWNER, "vault.gc", "vault:own") == (
        f"deny policy.deny.check:hours:{reason}"
    )


def test_what_comes_too_late_is_an_objection():
    """Hazard P13's kin: silence is not consent. The check waits until its time is over, and then agrees."""

    def slow(request, deadline):
        threading.Event().wait(deadline.remaining() + 0.01)

    got = answer(engine(check("slow", slow), check_seconds=0.02), OWNER, "vault.gc", "vault:own")
    assert got == "deny policy.deny.check:slow:deadline"


def test_an_objection_saves_the_human_the_question():
    assert answer(engine(check("no", "no")), READER, "secret.read", "secret:global/openai_api_key") == (
        "deny policy.deny.check:no:no"
    )


def test_no_check_can_grant():
    yes = check("yes", None)
    assert answer(engine(yes), AGENT, "vault.gc", "vault:own") == "deny policy.baseline_deny"
    assert yes.asked == 0


def test_a_check_cannot_change_the_request():
    def meddle(request, deadline):
        request.action = "tool.read"

    assert answer(engine(check("meddler", meddle)), OWNER, "vault.gc", "vault:own") == (
        "deny policy.deny.check:meddler:failed"
    )


def test_an_interrupt_is_the_callers():
    with pytest.raises(KeyboardInterrupt):
        answer(engine(check("stop", KeyboardInterrupt)), OWNER, "vault.gc", "vault:own")


def test_the_reasons_of_ours_are_reasons():
    """The names that the kernel gives to a check's failures have the form that it demands of them."""
    for reason in ("failed", "deadline", "wrong_answer"):
        assert checks._REASON.fullmatch(reason)
