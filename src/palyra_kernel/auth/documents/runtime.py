"""``auth_profile_runtime_state.toml``: what use has shown of profiles, which come first, and which is the default.

Losing it is harmless, so a document that cannot be read is none: that is reported, and nothing stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import msgspec

from palyra_kernel.auth.choices import Choices, Place, normal_order
from palyra_kernel.auth.cooldowns import MAX_RETRY_AFTER_MS, Cooldown, RuntimeState
from palyra_kernel.auth.documents.fields import Fields, kept, restored
from palyra_kernel.auth.documents.registry import check_version
from palyra_kernel.auth.documents.row import MAX_FAILURES
from palyra_kernel.auth.documents.toml import one_line, parsed, text
from palyra_kernel.auth.names import ProfileScope, Provider, profile_id
from palyra_kernel.auth.profile import Profile
from palyra_kernel.contracts.oauth import FailureKind
from palyra_kernel.errors import InvalidInputError, PalyraError

VERSION = 1
KINDS = frozenset(get_args(FailureKind))
_UNNAMED = "transient"
"""The reason of a cooldown that has none."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the document that was left out, and why."""

    subject: str
    code: str
    message: str


class RuntimeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``states`` by id. ``unknown``: by where it stands: ``document``, ``records ID``, ``order SCOPE PROVIDER``."""

    states: Mapping[str, RuntimeState] = {}
    choices: Choices = Choices()
    unknown: Mapping[str, str] = {}
    problems: tuple[Problem, ...] = ()
    lost: bool = False
    """Whether nothing of it could be read."""


class RuntimeLine(msgspec.Struct, frozen=True, kw_only=True):
    """What the document says of one profile beside its state: derived, and not read again."""

    profile: Profile
    state: RuntimeState
    token: str
    eligibility: str
    hint: Mapping[str, str] = {}


def read_runtime(data: bytes, now_ms: int) -> RuntimeDocument:
    """Read the document; it never raises an error of ours. Deadlines beyond 24 hours are cut to that."""
    try:
        fields = Fields(parsed(data), "the document")
        check_version(fields.take("version"), (VERSION,))
        reader = _Reader(now_ms)
        reader.each(fields, "records", reader.record)
        reader.each(fields, "profile_orders", reader.order)
        reader.each(fields, "profile_defaults", reader.default)
        reader.keep("document", fields)
    except PalyraError as error:
        problem = Problem(
            subject="document",
            code=error.code,
            message=f"{error.message}; the runtime state begins anew",
        )
        return RuntimeDocument(problems=(problem,), lost=True)
    return RuntimeDocument(
        states=reader.states,
        choices=Choices(orders=reader.orders, defaults=reader.defaults),
        unknown=reader.unknown,
        problems=tuple(reader.problems),
    )


class _Reader:
    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self.states: dict[str, RuntimeState] = {}
        self.orders: dict[Place, tuple[str, ...]] = {}
        self.defaults: dict[Place, str] = {}
        self.unknown: dict[str, str] = {}
        self.problems: list[Problem] = []

    def each(self, fields: Fields, name: str, read: Any) -> None:
        """Read every table of the list *name*; one that means nothing is left out."""
        for table in fields.tables(name):
            try:
                read(Fields(table, f"one of {name}"))
            except PalyraError as error:
                self.problems.append(Problem(subject=name, code=error.code, message=error.message))

    def keep(self, where: str, fields: Fields) -> None:
        self.unknown |= kept(**{where: fields.rest()})

    def record(self, fields: Fields) -> None:
        name = profile_id(fields.needed("profile_id"))
        for derived in ("provider", "scope", "credential_type", "token_expiry_state", "eligibility"):
            fields.take(derived)
        for derived in ("doctor_hint", "terminal", "created_at_unix_ms", "updated_at_unix_ms"):
            fields.take(derived)
        kind = fields.text("last_failure_kind")
        count = fields.number("failure_count", MAX_FAILURES)
        until = self._deadline(fields.number("cooldown_until_unix_ms"))
        last = self._past(fields.number("last_failure_unix_ms"))
        cooldowns = self._cooldowns(fields.table("cooldowns"))
        if not cooldowns and until > self._now_ms:
            reason = kind if kind in KINDS else _UNNAMED
            cooldowns = {reason: Cooldown(until_ms=until, count=max(count, 1), last_ms=last)}
        self.states[name] = RuntimeState(
            id=name,
            cooldowns=cooldowns,
            last_used_ms=self._past(fields.number("last_used_unix_ms")),
            last_success_ms=self._past(fields.number("last_success_unix_ms")),
            last_failure_ms=last,
            last_failure_kind=kind if kind in KINDS else "",
        )
        self.keep(f"records {name}", fields)

    def _cooldowns(self, fields: Fields) -> dict[str, Cooldown]:
        found = {}
        for reason in sorted(KINDS):
            if (table := fields.take(reason)) is None:
                continue
            own = Fields(table, reason)
            found[reason] = Cooldown(
                until_ms=self._deadline(own.number("until_unix_ms")),
                count=own.number("count", MAX_FAILURES),
                last_ms=self._past(own.number("last_unix_ms")),
            )
        return found

    def order(self, fields: Fields) -> None:
        scope = ProfileScope.parse(fields.needed("scope"))
        provider = self._provider(fields)
        fields.take("updated_at_unix_ms")
        if ids := normal_order(fields.texts("profile_ids")):
            self.orders[scope, provider] = ids
        self.keep(f"order {scope} {provider}", fields)

    def default(self, fields: Fields) -> None:
        place = ProfileScope.parse(fields.needed("scope")), self._provider(fields)
        self.defaults[place] = profile_id(fields.needed("profile_id"))
        self.keep(f"default {place[0]} {place[1]}", fields)

    def _provider(self, fields: Fields) -> Provider:
        text = fields.text("provider")
        if not text:
            raise InvalidInputError("invalid_provider", "an order is among the profiles of one provider")
        return Provider.parse(text)

    def _deadline(self, ms: int) -> int:
        return min(ms, self._now_ms + MAX_RETRY_AFTER_MS)

    def _past(self, ms: int) -> int:
        return min(ms, self._now_ms)


def written_runtime(
    lines: Iterable[RuntimeLine], choices: Choices, now_ms: int, unknown: Mapping[str, str] = {}
) -> str:
    """The text of the document, sorted by id, scope and provider."""
    document: dict[str, Any] = {"version": VERSION, **restored(unknown, "document")}
    lists = {
        "records": [
            _record(line, now_ms) | restored(unknown, f"records {line.profile.id}")
            for line in sorted(lines, key=lambda each: each.profile.id)
        ],
        "profile_orders": [
            {"scope": str(scope), "provider": str(provider), "profile_ids": list(ids)}
            | restored(unknown, f"order {scope} {provider}")
            for (scope, provider), ids in sorted(choices.orders.items())
        ],
        "profile_defaults": [
            {"scope": str(scope), "provider": str(provider), "profile_id": each}
            | restored(unknown, f"default {scope} {provider}")
            for (scope, provider), each in sorted(choices.defaults.items())
        ],
    }
    return text(document | {name: tables for name, tables in lists.items() if tables})


def _record(line: RuntimeLine, now_ms: int) -> dict[str, Any]:
    profile, state = line.profile, line.state
    until = max((each.until_ms for each in state.cooldowns.values()), default=0)
    fields = {
        "profile_id": profile.id,
        "provider": profile.provider.label,
        "scope": str(profile.scope),
        "credential_type": profile.kind,
        "last_used_unix_ms": state.last_used_ms or None,
        "last_success_unix_ms": state.last_success_ms or None,
        "last_failure_unix_ms": state.last_failure_ms or None,
        "last_failure_kind": state.last_failure_kind or None,
        "failure_count": state.failures,
        "cooldown_until_unix_ms": until if until > now_ms else None,
        "token_expiry_state": line.token,
        "eligibility": line.eligibility,
        "created_at_unix_ms": profile.created_at_ms,
        "updated_at_unix_ms": profile.updated_at_ms,
        "doctor_hint": one_line(dict(line.hint)) if line.hint else None,
        "cooldowns": one_line({reason: _cooldown(each) for reason, each in sorted(state.cooldowns.items())})
        if state.cooldowns
        else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _cooldown(cooldown: Cooldown) -> dict[str, int]:
    return {
        "until_unix_ms": cooldown.until_ms,
        "count": cooldown.count,
        "last_unix_ms": cooldown.last_ms,
    }


def merged(known: RuntimeState, read: RuntimeState) -> RuntimeState:
    """What both say of a profile. No deadline comes nearer by a document."""
    cooldowns = dict(known.cooldowns)
    for reason, each in read.cooldowns.items():
        old = cooldowns.get(reason, Cooldown())
        cooldowns[reason] = Cooldown(
            until_ms=max(old.until_ms, each.until_ms),
            count=max(old.count, each.count),
            last_ms=max(old.last_ms, each.last_ms),
        )
    newer = read if read.last_failure_ms > known.last_failure_ms else known
    return msgspec.structs.replace(
        known,
        cooldowns=cooldowns,
        last_used_ms=max(known.last_used_ms, read.last_used_ms),
        last_success_ms=max(known.last_success_ms, read.last_success_ms),
        last_failure_ms=newer.last_failure_ms,
        last_failure_kind=newer.last_failure_kind,
    )
