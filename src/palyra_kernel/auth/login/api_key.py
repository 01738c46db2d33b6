"""An API key comes in: tried at its provider before anything is kept."""

from __future__ import annotations

from typing import NamedTuple

from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.login.settle import Desk, nothing
from palyra_kernel.auth.profile import ApiKey, Profile
from palyra_kernel.auth.store import Beside, NewCredential
from palyra_kernel.contracts.oauth import Preflight
from palyra_kernel.errors import InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

MAX_KEY_BYTES = 8192
"""More fits in no header field."""
CHECK_SECONDS = 10.0
_PRINTABLE = range(0x21, 0x7F)


class Checked(NamedTuple):
    """A profile that was saved; ``checked`` whether its provider took the key."""

    profile: Profile
    checked: bool


def add_key(
    desk: Desk,
    wanted: Wanted,
    key: SensitiveBytes,
    *,
    check: bool = True,
    deadline: Deadline | None = None,
    beside: Beside = nothing,
) -> Checked:
    """Save the profile *wanted* with *key*, if its provider takes it; nothing is kept of one that it does not.

    A profile without an adapter, and one for which *check* is off, is saved as it is. Raises
    :class:`InvalidInputError` ``not_api_key``, ``invalid_key`` (what no header field carries), ``invalid_credential``
    (401 or 403); :class:`UnavailableError` ``rate_limited`` (429), ``provider_unavailable`` (5xx, no answer),
    ``unexpected_response``; and what saving raises.
    """
    profile = wanted.profile
    if not isinstance(profile.credential, ApiKey):
        raise InvalidInputError("not_api_key", f"the profile {profile.id} holds no API key")
    desk.ready(wanted)
    with normalized(key) as plain:
        checked = check and bool(profile.adapter)
        if checked:
            tried = desk.issuer(profile).preflight(plain, deadline or Deadline.after(CHECK_SECONDS))
            judge(tried, str(profile.provider))
        saved = desk.save(wanted, NewCredential(key=plain), beside)
    return Checked(saved, checked)


def normalized(key: SensitiveBytes) -> SensitiveBytes:
    """A copy of *key* without white space at its ends. Raises :class:`InvalidInputError` ``invalid_key``."""
    with key.view() as view:
        begin, end = 0, len(view)
        while begin < end and view[begin] in b" \t\r\n":
            begin += 1
        while end > begin and view[end - 1] in b" \t\r\n":
            end -= 1
        plain = SensitiveBytes(view[begin:end])
    if not 1 <= len(plain) <= MAX_KEY_BYTES or any(byte not in _PRINTABLE for byte in plain.view()):
        plain.wipe()
        raise InvalidInputError(
            "invalid_key", f"a key is 1 to {MAX_KEY_BYTES} printable characters without white space"
        )
    return plain


def judge(tried: Preflight, provider: str) -> None:
    """Raise what the outcome of a try means, unless the key was taken."""
    error = _error(tried, provider)
    if error is not None:
        raise error


def _error(tried: Preflight, provider: str) -> PalyraError | None:
    status = f" (status {tried.status})" if tried.status else ""
    wait = tried.retry_after_seconds
    later = "try again later" if wait is None else f"try again in {max(1, round(wait))} s"
    match tried.outcome:
        case "ok":
            return None
        case "invalid_credential":
            return InvalidInputError(
                "invalid_credential", f"{provider} does not take this key{status}", hint="nothing was stored"
            )
        case "rate_limited":
            return UnavailableError(
                "rate_limited",
                f"{provider} takes no more calls now{status}",
                hint=f"nothing was stored; {later}",
            )
        case "unavailable":
            return UnavailableError(
                "provider_unavailable",
                f"{provider} gives no answer{status}",
                hint=f"nothing was stored; {later}",
            )
    return UnavailableError(
        "unexpected_response",
        f"{provider} answered what says nothing of the key{status}",
        hint="nothing was stored; --no-check stores it untried",
    )
