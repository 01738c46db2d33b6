"""The guard of policy checks. Whatever goes wrong in one is an objection: a check that fails must never let an act
through, nor end the process that asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self

from palyra_kernel.contracts.checks import CheckPlace, PolicyCheck
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, said, shielded
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.plugins.registry import Offer
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import ActionRequest

FAILED = "failed"
"""It raised an exception."""
WRONG_ANSWER = "wrong_answer"
"""It answered with something that is neither None nor a reason code."""
LATE = "deadline"
"""It did not answer in time, or there was no time left to ask it."""
CLOSED = "closed"
"""It was asked after it was closed."""

_is_reason = re.compile(r"[a-z0-9_.-]{1,64}").fullmatch


class GuardedPolicyCheck(PolicyCheck):
    """A check of an author. It is never late and never raises, so it blocks nobody.

    Reasons besides the author's own: ``failed``, ``wrong_answer``, ``deadline``, ``closed`` and, where the check
    declares ``may_block``, ``circuit_open`` (too many calls hang) and ``no_thread``.
    """

    _cls: ClassVar[type[PolicyCheck]]
    _origin: ClassVar[Origin]

    def __init__(self, inner: PolicyCheck, who: str) -> None:
        self.trouble: str | None = None
        """What was wrong with the check when it last failed, in words for people; None if it never did."""
        self._inner = inner
        self._who = who
        self._closed = False

    @classmethod
    def open(cls, place: CheckPlace) -> Self:
        who = f"policy check {cls.name!r} of {cls._origin}"
        return cls(shielded(who, "open", _open, cls._cls, place), who)

    def objection(self, request: ActionRequest, deadline: Deadline) -> str | None:
        """None, or why not. It never raises; ``KeyboardInterrupt`` passes, and with it nothing is done."""
        if self._closed:
            return CLOSED
        if deadline.expired:
            return LATE
        ask = partial(self._asked, request, deadline)
        if not self._cls.may_block:
            reason = ask()
            return LATE if reason is None and deadline.expired else reason
        try:
            return self._origin.threads.run(ask, deadline, f"objection of the {self._who}")
        except UnavailableError as error:  # ours: whatever the author raises ends in `_asked`
            self.trouble = error.message
            return error.code

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            shielded(self._who, "close", _close, self._inner)

    def _asked(self, request: ActionRequest, deadline: Deadline) -> str | None:
        try:
            answer: object = self._inner.objection(request, deadline)
            if answer is None or (type(answer) is str and _is_reason(answer)):
                return answer
            self.trouble = f"it answered with a {_type(answer)} that is no reason code"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # sys.exit in a check is an objection, not an end
            self.trouble = f"it raised {_type(error)}"
            return FAILED
        return WRONG_ANSWER


def check_guard(cls: type[PolicyCheck], origin: Origin) -> type[GuardedPolicyCheck]:
    """Return the guard class for *cls*."""

    class Guarded(GuardedPolicyCheck):
        name = cls.name
        _cls = cls
        _origin = origin

    return Guarded


def open_checks(
    offers: Mapping[str, Offer[PolicyCheck]], settings: Mapping[str, Mapping[str, Any]]
) -> tuple[GuardedPolicyCheck, ...]:
    """Open all checks, by name, each with its table of *settings*.

    Raises :class:`UnavailableError` ``plugin_failed`` and :class:`InvalidInputError` ``invalid_config``, also for a
    table of a check that no enabled plugin brings: somebody believes that it is in force. Those that were opened
    before an error are closed.
    """
    unknown = sorted(settings.keys() - offers.keys())
    if unknown:
        raise InvalidInputError(
            "invalid_config",
            f"[checks.{said(unknown[0], 80)}]: no enabled plugin brings this check",
            hint="run `palyra plugins list`; enable the plugin, or correct or remove the table",
        )
    opened: list[GuardedPolicyCheck] = []
    try:
        for name in sorted(offers):
            place = CheckPlace(settings=settings.get(name, {}))
            opened.append(check_guard(offers[name].cls, offers[name].origin).open(place))
    except BaseException:
        close_checks(opened)
        raise
    return tuple(opened)


def close_checks(checks: Sequence[PolicyCheck]) -> None:
    """Close all of *checks*; the first error is raised when every one was tried."""
    failure: UnavailableError | None = None
    for check in checks:
        try:
            check.close()
        except UnavailableError as error:
            failure = failure or error
    if failure is not None:
        raise failure


def _type(thing: object) -> str:
    return said(type(thing).__name__, 80)


def _open(cls: type[PolicyCheck], place: CheckPlace) -> PolicyCheck:
    inner: object = cls.open(place)
    if not isinstance(inner, PolicyCheck):
        raise WrongAnswer(f"a {type(inner).__name__} instead of a check")
    return inner


def _close(inner: PolicyCheck) -> None:
    answer: Any = inner.close()  # type: ignore[func-returns-value]  # what an author overrides it with
    nothing(answer)
