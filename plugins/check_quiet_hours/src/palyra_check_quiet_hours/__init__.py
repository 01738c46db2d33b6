"""Denies the actions that you name outside working hours, and while a change freeze lasts.

::

    pip install palyra-check-quiet-hours
    palyra plugins enable quiet_hours

**What it looks at.** The action of a request, who makes it, and its time, which the kernel wrote into it. It reads no
clock, no file and no network, and keeps nothing.

**What it does not do.** It is a check: it can deny what the policies allow, and never allows anything. Whoever may
write ``palyra.toml``, or set the clock of the machine, is not held up by it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

from palyra_check_quiet_hours.settings import Settings
from palyra_kernel import ActionRequest, CheckPlace, Deadline, PolicyCheck, hookimpl

__all__ = ["QuietHours"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class QuietHours(PolicyCheck):
    """Reasons: ``outside_working_hours``, ``maintenance``, and ``unknown_time`` for a time that no calendar has."""

    name: ClassVar[str] = "quiet_hours"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @classmethod
    def open(cls, place: CheckPlace) -> Self:
        return cls(Settings.read(place.settings))

    def objection(self, request: ActionRequest, deadline: Deadline) -> str | None:
        if not self._concerns(request):
            return None
        try:
            now = _EPOCH + timedelta(milliseconds=request.at_ms)
            local = now.astimezone(self._settings.zone)
        except (OverflowError, ValueError):
            return "unknown_time"
        if any(window.holds(now) for window in self._settings.maintenance):
            return "maintenance"
        hours = self._settings.working_hours
        if hours and not any(each.holds(local) for each in hours):
            return "outside_working_hours"
        return None

    def _concerns(self, request: ActionRequest) -> bool:
        """An exception is made for a person, not for the tool or skill that acts in their name."""
        alone = request.tool is None and request.skill is None
        if alone and request.principal in self._settings.exempt:
            return False
        return any(each.fits(request.action) for each in self._settings.actions)


@hookimpl
def palyra_policy_checks() -> list[type[PolicyCheck]]:
    return [QuietHours]
