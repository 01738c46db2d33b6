"""A device for programs, and for people. Nothing here is secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from palyra_kernel.approvals.shown import visible
from palyra_kernel.cli.output import moment
from palyra_kernel.cli.spans import rough
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from palyra_kernel.identity.device import Device
    from palyra_kernel.identity.leaf import Leaf

HEADERS = ("Device", "Kind", "Name", "State", "Certificate")


def described(device: Device) -> dict[str, Any]:
    """For programs."""
    return {
        "device_id": device.id,
        "kind": device.kind,
        "name": device.name,
        "state": device.state,
        "identity_fingerprint": device.print,
        "approved_by": device.approved_by,
        "paired_at": to_datetime(device.paired_at_ms),
        "certificate": _leaf(device.certificate),
        "next_certificate": _leaf(device.next),
        "replaced_certificates": [_leaf(leaf) for leaf in device.past],
        "renewal_wanted": device.renewal_wanted,
        "last_proof_at": _moment(device.proven_ms),
        "ended_at": _moment(device.ended_at_ms),
        "reason": device.reason or None,
    }


def _leaf(leaf: Leaf | None) -> dict[str, Any] | None:
    if leaf is None:
        return None
    return {
        "fingerprint": leaf.fingerprint,
        "serial": leaf.serial,
        "issuer": leaf.issuer,
        "not_before": to_datetime(leaf.not_before_ms),
        "not_after": to_datetime(leaf.not_after_ms),
    }


def _moment(milliseconds: int) -> Any:
    return to_datetime(milliseconds) if milliseconds else None


def row(device: Device, now_ms: int) -> tuple[object, ...]:
    """The columns of a list: as many as a narrow terminal has room for."""
    return (
        device.id,
        device.kind,
        visible(device.name),
        device.state,
        _validity(device, now_ms),
    )


def _validity(device: Device, now_ms: int) -> str:
    """How long the device gets in with what it has."""
    if not device.good:
        return "-"
    left = max(leaf.not_after_ms for leaf in device.good) - now_ms
    return f"for {rough(left)}" if left >= 0 else f"expired {rough(-left)} ago"


def explained(device: Device, now_ms: int) -> Iterator[str]:
    """All of it: one line each."""
    for name, value in _rows(device, now_ms):
        yield f"{name:<13} {value}"


def _rows(device: Device, now_ms: int) -> Iterator[tuple[str, str]]:
    yield "device", f"{device.id} ({device.kind}, {device.state})"
    yield "name", visible(device.name)
    yield "identity key", device.print
    yield "paired", f"{moment(to_datetime(device.paired_at_ms))}, approved by {visible(device.approved_by)}"
    for name, leaf in (("certificate", device.certificate), ("next one", device.next)):
        if leaf is not None:
            yield name, leaf.fingerprint
            yield "", f"serial {leaf.serial}, by the CA with the key id {leaf.issuer}"
            yield "", _lifetime(leaf, now_ms)
    if device.next is not None:
        yield "", "not used yet; with its first use the one before ends"
    if device.past:
        yield "replaced", f"{len(device.past)}, not expired, and standing for nobody"
    if device.renewal_wanted:
        yield "renewal", "wanted: it renews at its next contact"
    if device.proven_ms:
        yield "came back", f"by its identity key, {moment(to_datetime(device.proven_ms))}"
    if device.ended_at_ms:
        reason = f": {visible(device.reason)}" if device.reason else ""
        yield device.state, f"{moment(to_datetime(device.ended_at_ms))}{reason}"


def _lifetime(leaf: Leaf, now_ms: int) -> str:
    over = " (expired)" if leaf.over(now_ms) else ""
    return (
        f"from {moment(to_datetime(leaf.not_before_ms))} until {moment(to_datetime(leaf.not_after_ms))}{over}"
    )
