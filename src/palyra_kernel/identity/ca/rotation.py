"""How one set of CAs becomes the next. Pure steps: from a state to a state, with the keys that are new in it.

A root is announced before anything is signed under it, for longer than a device may be away; whatever goes out stays
trusted until the last leaf under it has expired. Only an emergency does both at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from palyra_kernel.identity.ca.documents import Authorities, Ca
from palyra_kernel.identity.certificates import profiles
from palyra_kernel.identity.certificates.building import Signer
from palyra_kernel.identity.certificates.keys import key_id, new_key
from palyra_kernel.identity.certificates.times import BACKDATED_MS, DAY, SECOND, begin_ms, end_ms, renew_ms

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

ANNOUNCED_MS = 35 * DAY
"""How long a root is announced: a device that was away for a day of its certificate and 30 more comes back before."""
OVERLAP_MS = profiles.LEAF_MS + BACKDATED_MS
"""How long what no longer signs is trusted: the longest life of a leaf, and as much as clocks may differ."""

_Signers = Callable[[Ca], Signer]


class Step(NamedTuple):
    """What a step leads to, and the new keys by the ids of their CAs."""

    state: Authorities
    keys: dict[str, EllipticCurvePrivateKey]


Rotation = Callable[[Authorities, _Signers, int], Step]
"""From the state, the keys of CAs and the moment to a step."""


def beginning(domain: str, signer: bytes, now_ms: int) -> Step:
    """The first root and the first issuing CA. The bundle is numbered by the seconds since 1970, and each one after it
    is, unless that is not above the one before: a gateway that was restored from an old backup must not count again
    what devices have seen."""
    root, signer_of_root = _root(now_ms)
    issuing, key = _issuing(signer_of_root, root, now_ms)
    state = Authorities(
        domain=domain,
        signer=signer,
        roots=(root,),
        issuing=(issuing,),
        bundle=now_ms // SECOND,
        changed_ms=now_ms,
    )
    return Step(state, {root.id: signer_of_root.key, issuing.id: key})


def next_issuing(state: Authorities, signers: _Signers, now_ms: int) -> Step:
    """A new issuing CA signs; the one before is trusted until its leaves have expired."""
    issuing, key = _issuing(signers(state.root), state.root, now_ms)
    others = _leaving(state.issuing, state.signing, now_ms)
    return Step(_numbered(state, now_ms, issuing=(*others, issuing)), {issuing.id: key})


def announced_root(state: Authorities, _signers: _Signers, now_ms: int) -> Step:
    """A new root is trusted, and signs nothing yet; one that was announced already stays the one."""
    if any(ca.stage == "announced" for ca in state.roots):
        return Step(state, {})
    root, signer = _root(now_ms)
    waiting = replace(root, stage="announced", until_ms=now_ms + ANNOUNCED_MS)
    return Step(_numbered(state, now_ms, roots=(*state.roots, waiting)), {root.id: signer.key})


def announced_root_signs(state: Authorities, signers: _Signers, now_ms: int) -> Step:
    """The announced root becomes the one, with an issuing CA of its own; the root before is leaving."""
    (waiting,) = (ca for ca in state.roots if ca.stage == "announced")
    signer = signers(waiting)
    root = replace(waiting, stage="active", until_ms=_due(signer))
    issuing, key = _issuing(signer, root, now_ms)
    before = _leaving(state.roots, state.root, now_ms)
    roots = tuple(root if ca.id == root.id else ca for ca in before)
    others = _leaving(state.issuing, state.signing, now_ms)
    return Step(_numbered(state, now_ms, roots=roots, issuing=(*others, issuing)), {issuing.id: key})


def emergency(state: Authorities, _signers: _Signers, now_ms: int) -> Step:
    """A new root and a new issuing CA; everything before is out at once. It needs no key of those."""
    fresh = beginning(state.domain, state.signer, now_ms)
    return Step(_numbered(state, now_ms, roots=fresh.state.roots, issuing=fresh.state.issuing), fresh.keys)


def without_gone(state: Authorities, _signers: _Signers, now_ms: int) -> Step:
    """Whatever was leaving and whose time is over is trusted no more."""

    def left(cas: tuple[Ca, ...]) -> tuple[Ca, ...]:
        return tuple(ca for ca in cas if ca.stage != "leaving" or ca.until_ms > now_ms)

    return Step(_numbered(state, now_ms, roots=left(state.roots), issuing=left(state.issuing)), {})


def due(state: Authorities, now_ms: int) -> Rotation | None:
    """The step that is due at *now_ms*, or None."""
    over = [(ca.stage, not ca.parent) for ca in (*state.roots, *state.issuing) if ca.until_ms <= now_ms]
    waits = any(ca.stage == "announced" for ca in state.roots)
    if any(stage == "announced" for stage, _ in over):
        return announced_root_signs
    if ("active", True) in over and not waits:
        return announced_root
    if ("active", False) in over:
        return next_issuing
    return without_gone if any(stage == "leaving" for stage, _ in over) else None


def _numbered(
    state: Authorities,
    now_ms: int,
    *,
    roots: tuple[Ca, ...] | None = None,
    issuing: tuple[Ca, ...] | None = None,
) -> Authorities:
    return replace(
        state,
        roots=state.roots if roots is None else roots,
        issuing=state.issuing if issuing is None else issuing,
        bundle=max(state.bundle + 1, now_ms // SECOND),
        changed_ms=now_ms,
        signature=b"",
    )


def _leaving(cas: tuple[Ca, ...], which: Ca, now_ms: int) -> tuple[Ca, ...]:
    gone = replace(which, stage="leaving", until_ms=now_ms + OVERLAP_MS)
    return tuple(gone if ca.id == which.id else ca for ca in cas)


def _root(now_ms: int) -> tuple[Ca, Signer]:
    key = new_key()
    signer = Signer(profiles.root(key, now_ms), key)
    return _ca(signer, ""), signer


def _issuing(by: Signer, root: Ca, now_ms: int) -> tuple[Ca, EllipticCurvePrivateKey]:
    key = new_key()
    return _ca(Signer(profiles.issuing(key.public_key(), by, now_ms), key), root.id), key


def _ca(signer: Signer, parent: str) -> Ca:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Ca(
        id=key_id(signer.key.public_key()),
        certificate=signer.certificate.public_bytes(Encoding.DER),
        parent=parent,
        until_ms=_due(signer),
    )


def _due(signer: Signer) -> int:
    return renew_ms(begin_ms(signer.certificate), end_ms(signer.certificate))
