"""Spans of time as people write them: hours of the week on the clock on the wall, and a freeze from then until then."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = "|".join(DAYS)
_HOURS = re.compile(
    rf"((?:{_DAY})(?:-(?:{_DAY}))?(?:,(?:{_DAY})(?:-(?:{_DAY}))?)*) "
    r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)"
)
_WHOLE_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """``Mon-Fri 08:00-18:00``: by the clock on the wall. ``Fri 22:00-06:00`` ends on the next morning."""

    days: frozenset[int]
    start: int
    end: int
    """Minutes since midnight; the end is not included."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises :class:`ValueError`."""
        match = _HOURS.fullmatch(text)
        if match is None:
            raise ValueError("hours are DAYS HH:MM-HH:MM, like Mon-Fri,Sun 08:00-18:00")
        start = int(match[2]) * 60 + int(match[3])
        end = int(match[4]) * 60 + int(match[5]) if match[4] else _WHOLE_DAY
        if start == end:
            raise ValueError("hours that end when they start are none; a whole day is 00:00-24:00")
        return cls(frozenset(_days(match[1])), start, end)

    def holds(self, local: datetime) -> bool:
        """Whether *local* is within these hours."""
        today, minute = local.weekday(), local.hour * 60 + local.minute
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


@dataclass(frozen=True)
class Freeze:
    """From one moment until another, the end not included."""

    start: datetime
    end: datetime

    @classmethod
    def between(cls, start: datetime, end: datetime, zone: ZoneInfo) -> Self:
        """Times without an offset are those of *zone*. Where its clock shows one twice or never, the freeze is the
        longer one: nobody wrote it down to have it end early. Raises :class:`ValueError` and :class:`OverflowError`.
        """
        made = cls(min(_moments(start, zone)), max(_moments(end, zone)))
        if made.start >= made.end:
            raise ValueError("`until` is not behind `from`")
        return made

    def holds(self, now: datetime) -> bool:
        """Whether *now* is in it."""
        return self.start <= now < self.end


def _moments(time: datetime, zone: ZoneInfo) -> list[datetime]:
    if time.tzinfo is not None:
        return [time.astimezone(UTC)]
    return [time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


def _days(text: str) -> set[int]:
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        day, end = DAYS.index(first), DAYS.index(last or first)
        found.add(day)
        while day != end:  # Sat-Mon goes over the end of the week
            day = (day + 1) % 7
            found.add(day)
    return found
