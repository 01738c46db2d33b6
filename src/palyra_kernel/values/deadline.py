"""A point in time by which work must be done, on the monotonic clock: setting the wall clock moves nothing."""

from __future__ import annotations

from threading import TIMEOUT_MAX
from time import monotonic

from palyra_kernel.errors import UnavailableError


class Deadline:
    """An absolute deadline; pass it on unchanged, so that nested calls share one budget."""

    __slots__ = ("at",)

    def __init__(self, at: float) -> None:
        self.at = at

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline *seconds* from now."""
        return cls(monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never below zero, and never more than a lock can wait."""
        return min(max(0.0, self.at - monotonic()), TIMEOUT_MAX)

    @property
    def expired(self) -> bool:
        """Whether nothing is left."""
        return monotonic() >= self.at

    def may_begin(self) -> bool:
        """Whether what cannot be taken back may still begin. Override it where others judge that by another clock: the
        monotonic one stands still while a machine sleeps."""
        return not self.expired

    def check(self, doing: str) -> None:
        """Raise :class:`UnavailableError` ``deadline`` when nothing is left."""
        if self.expired:
            raise UnavailableError("deadline", f"{doing} did not finish in time")
