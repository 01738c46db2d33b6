"""What is shown of this device. Nothing of it is secret."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from palyra_kernel.device.documents import Credential, Holding


def described(known: Holding, now_ms: int) -> dict[str, Any]:
    """For programs. Times are text as RFC 3339 has it."""
    from palyra_kernel.values.ids import to_datetime

    gateway, current = known.gateway, known.current or known.next
    run = known.enrolling.run if known.enrolling is not None else None

    def at(ms: int) -> datetime:
        return to_datetime(ms)

    return {
        "device": known.id,
        "kind": known.kind,
        "fingerprint": known.print,
        "state": _state(known, now_ms),
        "gateway": gateway.pins.enrolment if gateway is not None else None,
        "work": gateway.pins.work if gateway is not None else None,
        "trust_domain": gateway.domain if gateway is not None else None,
        "bundle": gateway.number if gateway is not None else None,
        "paired_at": at(known.paired_ms) if known.paired_ms else None,
        "certificate_expires_at": at(current.end_ms) if _whole(current) and current is not None else None,
        "renewal_due_at": at(current.renew_ms) if _whole(current) and current is not None else None,
        "waiting": None
        if run is None
        else {"gateway": run.pins.enrolment, "words": run.words, "digits": run.digits},
    }


def lines(known: Holding, now_ms: int) -> list[str]:
    """For people."""
    from palyra_kernel.cli.output import moment

    data = described(known, now_ms)
    shown = [
        f"device       {known.id} ({known.kind})",
        f"fingerprint  {known.print}",
        f"state        {data['state']}",
    ]
    if known.gateway is not None:
        shown += [
            f"gateway      {data['gateway']} (work: {data['work']})",
            f"trusts       {data['trust_domain']}, bundle {data['bundle']}",
        ]
    if data["certificate_expires_at"] is not None:
        until, due = moment(data["certificate_expires_at"]), moment(data["renewal_due_at"])
        shown.append(f"certificate  until {until}, renewed from {due} on")
    if data["waiting"] is not None:
        shown.append(
            f"waiting      for an approval at {data['waiting']['gateway']}: {data['waiting']['words']}"
        )
    return shown


def _state(known: Holding, now_ms: int) -> str:
    if known.gateway is None:
        return "waiting" if known.enrolling is not None and known.enrolling.run is not None else "not paired"
    if not known.candidates(now_ms):
        return "expired"
    return "good" if known.current is not None else "not used yet"


def _whole(credential: Credential | None) -> bool:
    return credential is not None and bool(credential.chain)
