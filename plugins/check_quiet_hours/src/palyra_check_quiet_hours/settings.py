"""The table ``[checks.quiet_hours]``. Strict: what would never deny anything is an error, not a setting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from palyra_check_quiet_hours.windows import Freeze, Hours
from palyra_kernel import InvalidInputError, Principal

_KNOWN = ("timezone", "actions", "working_hours", "maintenance", "except")
_is_pattern = re.compile(r"\*|[a-z0-9_]+(?:\.[a-z0-9_]+)*(?:\.\*)?").fullmatch


@dataclass(frozen=True)
class Actions:
    """``secret.delete``, all of a group (``vault.*``), or ``*``."""

    pattern: str

    def fits(self, action: str) -> bool:
        """Whether *action* is one of them."""
        if self.pattern == "*":
            return True
        if self.pattern.endswith(".*"):
            return action.startswith(self.pattern[:-1])
        return action == self.pattern


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator wrote, understood."""

    zone: ZoneInfo
    actions: tuple[Actions, ...]
    working_hours: tuple[Hours, ...]
    maintenance: tuple[Freeze, ...]
    exempt: frozenset[Principal]

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Raises :class:`InvalidInputError` ``invalid_config``, which names the setting."""
        for name in given:
            if name not in _KNOWN:
                raise _bad(name[:80], f"not known; known are {', '.join(_KNOWN)}")
        zone = _zone(given.get("timezone"))
        settings = cls(
            zone=zone,
            actions=tuple(_actions(given)),
            working_hours=tuple(_hours(given)),
            maintenance=tuple(_freezes(given, zone)),
            exempt=frozenset(_exempt(given)),
        )
        if not settings.actions:
            raise _bad("actions", "missing: name what is to be denied, like 'secret.delete' or 'vault.*'")
        if not settings.working_hours and not settings.maintenance:
            raise _bad("working_hours", "missing, and maintenance too: nothing would ever be denied")
        return settings


def _zone(name: object) -> ZoneInfo:
    if not isinstance(name, str):
        raise _bad("timezone", "the name of a time zone, like 'Europe/Prague' or 'UTC'")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is an OSError
        failure = _bad(
            "timezone", "no time zone that this machine knows; `pip install tzdata` brings them all"
        )
    raise failure


def _actions(given: Mapping[str, Any]) -> Iterator[Actions]:
    for text in _texts(given, "actions"):
        if not _is_pattern(text):
            raise _bad("actions", "actions are like 'secret.delete', 'vault.*' or '*'")
        yield Actions(text)


def _hours(given: Mapping[str, Any]) -> Iterator[Hours]:
    for text in _texts(given, "working_hours"):
        try:
            yield Hours.parse(text)
        except ValueError as error:
            raise _bad("working_hours", str(error)) from None


def _freezes(given: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Freeze]:
    for table in _list(given, "maintenance"):
        if not isinstance(table, Mapping) or table.keys() != {"from", "until"}:
            raise _bad("maintenance", "a list of tables with from and until")
        if not all(isinstance(time, datetime) for time in table.values()):
            raise _bad("maintenance", "dates with times, without quotes, like 2026-12-24T18:00:00")
        try:
            yield Freeze.between(table["from"], table["until"], zone)
        except (ValueError, OverflowError) as error:
            raise _bad("maintenance", str(error)) from None


def _exempt(given: Mapping[str, Any]) -> Iterator[Principal]:
    for text in _texts(given, "except"):
        try:
            yield Principal.parse(text)
        except InvalidInputError as error:
            raise _bad("except", error.message) from None


def _texts(given: Mapping[str, Any], name: str) -> list[str]:
    found = _list(given, name)
    if not all(isinstance(each, str) for each in found):
        raise _bad(name, "a list of texts")
    return found


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    found = given.get(name, [])
    if not isinstance(found, list | tuple):
        raise _bad(name, "a list")
    return list(found)


def _bad(name: str, what: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_config",
        f"[checks.quiet_hours] {name}: {what}",
        hint="correct it in palyra.toml; the README of palyra-check-quiet-hours shows every setting",
    )
