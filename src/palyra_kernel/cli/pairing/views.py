"""Codes and pairings for programs, and for people. No secret of a code is in any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from palyra_kernel.approvals.shown import visible
from palyra_kernel.cli.output import moment
from palyra_kernel.cli.spans import rough
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from palyra_kernel.identity.pairing.keeping import Code
    from palyra_kernel.identity.pairing.states import Pairing

CODE_HEADERS = ("Code", "Name", "For", "State", "Failed", "Made by", "Until")


def code_json(code: Code) -> dict[str, Any]:
    """A code for programs."""
    return {
        "code_id": code.id,
        "name": code.name or None,
        "method": code.method,
        "issued_by": code.issued_by,
        "created_at": to_datetime(code.created_ms),
        "expires_at": to_datetime(code.expires_ms),
        "failed_attempts": code.attempts,
        "locked": code.locked,
        "used_by": code.used_by or None,
    }


def code_row(code: Code, now_ms: int) -> tuple[object, ...]:
    """The columns of a list of codes."""
    return (
        code.id,
        visible(code.name) or "-",
        "camera" if code.method == "qr" else "keyboard",
        _code_state(code, now_ms),
        code.attempts,
        visible(code.issued_by),
        moment(to_datetime(code.expires_ms)),
    )


def _code_state(code: Code, now_ms: int) -> str:
    if code.used_by:
        return "used"
    if code.locked:
        return "locked"
    return "open" if code.open(now_ms) else "expired"


def described(pairing: Pairing, now_ms: int) -> dict[str, Any]:
    """A pairing for programs, as it is at *now_ms*."""
    return {
        "pairing_id": pairing.id,
        "state": pairing.now(now_ms),
        "device_id": pairing.device,
        "kind": pairing.kind,
        "name": pairing.name or None,
        "identity_fingerprint": fingerprint(pairing),
        "replaces_fingerprint": pairing.replaces or None,
        "words": pairing.words or None,
        "digits": pairing.digits or None,
        "source": pairing.source,
        "code_id": pairing.code,
        "method": pairing.method,
        "issued_by": pairing.issued_by or None,
        "transcript": pairing.transcript.hex() or None,
        "approval": pairing.approval or None,
        "decided_by": pairing.decided_by or None,
        "reason": pairing.reason or None,
        "begun_at": to_datetime(pairing.begun_ms),
        "changed_at": to_datetime(pairing.changed_ms),
        "until": to_datetime(pairing.deadline_ms),
    }


def fingerprint(pairing: Pairing) -> str | None:
    """That of the identity key which the device proved; None until it did."""
    from palyra_kernel.identity.keys import identity_print

    return identity_print(pairing.identity) if pairing.identity else None


def listed(pairing: Pairing, now_ms: int) -> Iterator[str]:
    """A pairing in a list: what is compared stands on one line, on a narrow terminal too."""
    state = f"{pairing.now(now_ms)}, begun {rough(now_ms - pairing.begun_ms)} ago"
    yield f"{pairing.id}  {state}{', ANOTHER KEY FOR A KNOWN DEVICE' if pairing.replaces else ''}"
    if pairing.words:
        yield f"  {pairing.words}   {pairing.digits}"
    named = f" {visible(pairing.name)}" if pairing.name else ""
    yield f"  {pairing.kind} {pairing.device}{named}, from {visible(pairing.source)}"


def explained(pairing: Pairing, now_ms: int) -> Iterator[str]:
    """All of it, for whoever decides: one line each."""
    if pairing.replaces:
        yield from _WARNING
    for name, value in _rows(pairing, now_ms):
        yield f"{name:<13} {value}"


_WARNING = (
    "*** ANOTHER KEY FOR A KNOWN DEVICE ***",
    "This device was let in before, with a key that it does not have now. That is so after it was set up anew;",
    "and it is so when somebody else takes its place. Whoever is let in here, the device of before is out.",
    "",
)


def _rows(pairing: Pairing, now_ms: int) -> Iterator[tuple[str, str]]:
    yield "pairing", f"{pairing.id} ({pairing.now(now_ms)})"
    yield "device", f"{pairing.device} ({pairing.kind})"
    if pairing.name:
        yield "name", visible(pairing.name)
    if pairing.replaces:
        yield "key until now", pairing.replaces
    if (found := fingerprint(pairing)) is not None:
        yield "new key" if pairing.replaces else "identity key", found
    if pairing.words:
        yield "words", pairing.words
        yield "digits", pairing.digits
    yield "from", visible(pairing.source)
    made = f", made by {visible(pairing.issued_by)}" if pairing.issued_by else ""
    yield "code", f"{pairing.code} ({'camera' if pairing.method == 'qr' else 'keyboard'}){made}"
    yield "begun", moment(to_datetime(pairing.begun_ms))
    if pairing.approval:
        yield "approval", pairing.approval
    if pairing.decided_by:
        yield "decided by", visible(pairing.decided_by)
    if pairing.reason:
        yield "reason", visible(pairing.reason)
    yield "until", moment(to_datetime(pairing.deadline_ms))
