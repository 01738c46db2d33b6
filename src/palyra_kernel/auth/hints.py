"""What is wrong with a profile, in one word, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from palyra_kernel.auth.cooldowns import RuntimeState
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.profile import FromSource, Profile
from palyra_kernel.auth.standing import Standing
from palyra_kernel.values.findings import Severity


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """``code`` is stable; ``command`` mends it, empty where time does."""

    code: str
    severity: Severity
    message: str
    command: str = ""


def hint_of(
    profile: Profile, family: Family, state: RuntimeState, standing: Standing, now_ms: int
) -> Hint | None:
    """The first thing that somebody should know of *profile*; None if it is as it should be."""
    return next(_hints(profile, family, state, standing, now_ms), None)


def _hints(
    profile: Profile, family: Family, state: RuntimeState, standing: Standing, now_ms: int
) -> Iterator[Hint]:
    name = profile.id
    login = f"palyra auth login {profile.provider} --id {name}"
    if standing.terminal == "disabled":
        yield _hint("profile_disabled", "info", "it is not used", f"palyra auth profiles enable {name}")
    elif standing.terminal:
        why = f" ({family.terminal_code})" if family.terminal_code else ""
        yield _hint(standing.terminal, "error", f"its credential is over{why}", login)
    if not standing.supported:
        adapter = profile.adapter or "its provider"
        yield _hint("adapter_missing", "error", f"no enabled plugin knows {adapter}", "palyra plugins list")
    if standing.cooling_until_ms > now_ms:
        code = f"{standing.reasons[0]}_cooldown" if standing.reasons else "cooldown_active"
        seconds = -(-(standing.cooling_until_ms - now_ms) // 1000)
        yield _hint(code, "warning", f"not used for {seconds} s", f"palyra auth profiles clear {name}")
    if standing.token == "expired":
        mends = f"palyra auth profiles refresh {name}" if standing.refreshable else login
        yield _hint("token_expired", "error", "its token is too old", mends)
    if standing.token == "missing" and state.last_failure_kind == "auth_invalid":
        yield _hint("auth_invalid", "error", "its credential was refused, and is gone", login)
    if standing.token == "missing":
        yield _hint("credential_missing", "error", "it has no credential", login)
    if standing.token == "expiring":
        mends = f"palyra auth profiles refresh {name}" if standing.refreshable else login
        yield _hint("refresh_due", "warning", "its token ends within 15 minutes", mends)
    if family.suspicion is not None:
        message = "a refresh began and nobody knows its end: the next one finds out"
        yield _hint("suspect", "warning", message, f"palyra auth profiles refresh {name}")
    if isinstance(profile.credential, FromSource) and state.last_failure_kind == "config_missing":
        mends = f"palyra explain {profile.credential.ref}"
        yield _hint("source_missing", "error", "its source had no value when it was used last", mends)


def _hint(code: str, severity: Severity, message: str, command: str) -> Hint:
    return Hint(code=code, severity=severity, message=message, command=command)
