"""Whether references answer, found out without showing anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from palyra_kernel.errors import PalyraError
from palyra_kernel.scan.audit import Verdict
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.secret_ref import SecretRef

if TYPE_CHECKING:
    from palyra_kernel.contracts.sources import SecretError
    from palyra_kernel.resolve.outcome import Resolution
    from palyra_kernel.session import Session
    from palyra_kernel.vault import SecretMetadata

_READ_HERE = ("env", "file")
"""Sources that cost nothing to ask and run nothing."""

_NOBODY_ASKED = Verdict(None)


def verdicts(
    session: Session, refs: Sequence[SecretRef], *, deep: bool, days: int
) -> dict[SecretRef, Verdict]:
    """What each of *refs* comes to. Only with *deep* are values decrypted, programs started and plugins asked."""
    soon = datetime.now(UTC) + timedelta(days=days)
    if not deep:
        return {ref: _expiry(session, ref, _looked_up(session, ref), soon) for ref in refs}
    outcomes = session.resolver.resolve_many(refs)
    return {ref: _expiry(session, ref, _resolved(ref, outcomes[ref]), soon) for ref in refs}


def unused(session: Session, refs: Sequence[SecretRef]) -> list[VaultRef]:
    """The secrets that none of *refs* names, in the scopes that some of them name."""
    named = {VaultRef.parse(link.ref).bare for ref in refs for link in ref.chain if link.scheme == "vault"}
    scopes = sorted({ref.scope for ref in named}, key=str)
    idle = [
        metadata.ref
        for scope in scopes
        for metadata in session.secrets.list(scope)
        if metadata.ref not in named
    ]
    return sorted(idle, key=str)


def _looked_up(session: Session, ref: SecretRef) -> Verdict:
    """Link by link, as the resolver would go, as far as that costs nothing."""
    refusal: SecretError | None = None
    for link, said in zip(ref.chain, session.resolver.explain(ref).links, strict=True):
        problem = said.refused
        if problem is None and link.scheme == "vault":
            if _size(session, link) == 0 and not link.allow_empty:
                return Verdict(False, "the secret is empty", "store a value, or set allow_empty")
            return Verdict(True) if link.fragment is None else _NOBODY_ASKED
        if problem is None and link.scheme not in _READ_HERE:
            return _NOBODY_ASKED
        if problem is None:
            with session.resolver.resolve(msgspec.structs.replace(link, fallback=())) as outcome:
                problem = outcome.error
                if outcome.value is not None:
                    return Verdict(True)
        refusal = refusal or problem
    return _refused(ref, refusal)


def _resolved(ref: SecretRef, outcome: Resolution) -> Verdict:
    with outcome:
        return Verdict(True) if outcome.value is not None else _refused(ref, outcome.error)


def _refused(ref: SecretRef, error: SecretError | None) -> Verdict:
    if error is None or (error.kind == "missing" and not ref.required):
        return _NOBODY_ASKED
    return Verdict(False, f"{error.message} ({error.code})", error.hint)


def _size(session: Session, link: SecretRef) -> int | None:
    metadata = _stat(session, link)
    newest = metadata is not None and VaultRef.parse(link.ref).version in (None, metadata.version)
    return metadata.size if metadata is not None and newest else None


def _expiry(session: Session, ref: SecretRef, verdict: Verdict, soon: datetime) -> Verdict:
    """The same verdict, or, for a secret of the vault that expires until *soon*, when that is."""
    metadata = _stat(session, ref) if ref.scheme == "vault" and verdict.answers is not False else None
    if metadata is None or metadata.expires_at is None or metadata.expires_at > soon:
        return verdict
    when = f"{metadata.expires_at:%Y-%m-%d %H:%M}Z"
    return Verdict(
        True, f"the secret expires on {when}", "store a new value with palyra secrets set", expiring=True
    )


def _stat(session: Session, ref: SecretRef) -> SecretMetadata | None:
    try:
        return session.secrets.stat(VaultRef.parse(ref.ref).bare)
    except PalyraError:  # the verdict on the reference says so already
        return None
