"""Asking a provider whether it takes a credential, with a call that costs nothing and changes nothing."""

from __future__ import annotations

from typing import Literal

from palyra_kernel.auth.issuers import Issuer, Issuers
from palyra_kernel.auth.profile import OAuthLogin
from palyra_kernel.auth.use import TokenLease
from palyra_kernel.contracts.oauth import OAuthGrant
from palyra_kernel.errors import UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes

CALL_SECONDS = 10.0


def try_out(
    issuers: Issuers, lease: TokenLease, deadline: Deadline | None = None
) -> Literal["ok", "unknown"]:
    """``ok`` if the provider takes the credential of *lease*, ``unknown`` if nobody can tell.

    Raises :class:`UnavailableError` ``credential_refused``, ``rate_limited``, ``provider_unavailable``,
    ``unexpected_response``, ``adapter_missing``.
    """
    profile, deadline = lease.profile, deadline or Deadline.after(CALL_SECONDS)
    issuer = issuers.issuer(profile)
    with SensitiveBytes(lease.reveal()) as value:
        if isinstance(profile.credential, OAuthLogin):
            grant = OAuthGrant(
                profile=profile.facts(), metadata=profile.credential.metadata, access_token=value
            )
            said = issuer.probe(grant, deadline)
            if said == "inactive":
                raise _refused(profile.id)
            return "ok" if said == "active" else "unknown"
        return _key(issuer, value, profile.id, deadline) if profile.adapter else "unknown"


def _key(issuer: Issuer, key: SensitiveBytes, id: str, deadline: Deadline) -> Literal["ok"]:
    tried = issuer.preflight(key, deadline)
    status = f" (status {tried.status})" if tried.status else ""
    match tried.outcome:
        case "ok":
            return "ok"
        case "invalid_credential":
            raise _refused(id)
        case "rate_limited":
            raise UnavailableError("rate_limited", f"the provider of {id} takes no more calls now{status}")
        case "unavailable":
            raise UnavailableError("provider_unavailable", f"the provider of {id} gives no answer{status}")
    raise UnavailableError(
        "unexpected_response", f"the provider of {id} answered what says nothing of the credential{status}"
    )


def _refused(id: str) -> UnavailableError:
    return UnavailableError(
        "credential_refused",
        f"the provider does not take the credential of {id}",
        hint=f"palyra auth login --id {id}",
    )
