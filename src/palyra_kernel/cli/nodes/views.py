"""Nodes and leases for programs, and for people. What a node said is shown so that nothing in it acts or hides."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from palyra_kernel.approvals.shown import visible, visible_json
from palyra_kernel.cli.output import moment
from palyra_kernel.cli.spans import rough
from palyra_kernel.contracts.capabilities import is_json
from palyra_kernel.errors import ConflictError, DeniedError, PalyraError, UnavailableError
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.identity.granted import Grant
    from palyra_kernel.nodes.events.event import Event
    from palyra_kernel.nodes.lease import Lease
    from palyra_kernel.session.nodes import NodeStatus, Result

HEADERS = ("Node", "Kind", "Platform", "Presence", "Last seen", "Capabilities", "Waiting", "Running")
_OVER = ("succeeded", "failed", "expired", "cancelled")


def described(status: NodeStatus) -> dict[str, Any]:
    """For programs."""
    node = status.node
    return {
        "device_id": node.device,
        "kind": node.kind,
        "platform": node.platform,
        "presence": status.presence,
        "last_seen_at": to_datetime(status.last_seen_ms) if status.last_seen_ms else None,
        "registered_at": to_datetime(node.registered_ms),
        "capabilities": [{"name": each.name, "available": each.available} for each in node.capabilities],
        "grants": [grant_json(each) for each in status.grants],
        "queued": status.queued,
        "held": status.held,
    }


def grant_json(grant: Grant) -> dict[str, Any]:
    """A grant for programs."""
    return {
        "grant_id": grant.id,
        "capability": grant.capability,
        "invoker": grant.invoker or None,
        "issued_at": to_datetime(grant.issued_ms),
        "expires_at": to_datetime(grant.expires_ms),
    }


def lease_json(lease: Lease) -> dict[str, Any]:
    """A lease for programs."""
    return {
        "lease_id": lease.id,
        "device_id": lease.device,
        "capability": lease.capability,
        "state": lease.state,
        "invoker": lease.invoker,
        "key": lease.key,
        "created_at": to_datetime(lease.created_ms),
        "changed_at": to_datetime(lease.changed_ms),
        "deadline_at": to_datetime(lease.deadline_ms),
        "ended": lease.ended or None,
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event for programs."""
    return {
        "sequence": event.sequence,
        "at": to_datetime(event.at_ms),
        "name": event.name,
        "payload": msgspec.Raw(event.payload),
    }


def event_line(event: Event) -> str:
    """An event for people."""
    payload = visible(event.payload.decode())
    return f"{event.sequence:>6}  {moment(to_datetime(event.at_ms))}  {event.name}  {payload}"


def row(status: NodeStatus, now_ms: int) -> tuple[object, ...]:
    """The columns of a list."""
    node = status.node
    return (
        node.device,
        node.kind,
        visible(node.platform),
        status.presence,
        _ago(status.last_seen_ms, now_ms),
        _capabilities(status) or "-",
        status.queued,
        status.held,
    )


def _ago(at_ms: int, now_ms: int) -> str:
    return f"{rough(now_ms - at_ms)} ago" if at_ms else "never"


def _capabilities(status: NodeStatus) -> str:
    granted = {each.capability for each in status.grants}
    names = [
        (each.name if each.available else f"-{each.name}", each.name in granted)
        for each in status.node.capabilities
    ]
    return " ".join(name if is_granted else f"({name})" for name, is_granted in names)


def explained(status: NodeStatus, now_ms: int) -> Iterator[str]:
    """All of it: one line each."""
    node = status.node
    yield f"{'node':<13} {node.device} ({node.kind}), {visible(node.platform)}"
    yield f"{'presence':<13} {status.presence}, last seen {_ago(status.last_seen_ms, now_ms)}"
    for number, each in enumerate(node.capabilities):
        available = "" if each.available else ", cannot be had now"
        yield f"{'' if number else 'offers':<13} {each.name}{available}"
    for number, grant in enumerate(status.grants):
        who = visible(grant.invoker) or "whoever is permitted"
        until = moment(to_datetime(grant.expires_ms))
        yield f"{'' if number else 'granted':<13} {grant.capability} to {who} until {until}, as {grant.id}"


def lease_line(lease: Lease, now_ms: int) -> str:
    """A lease for people."""
    left = rough(lease.deadline_ms - now_ms)
    asked = f": {visible(lease.asked)}" if lease.asked else ""
    return f"{'lease':<13} {lease.id} {lease.capability}, {lease.state}, {left} left{asked}"


def show_result(cli: Cli, result: Result) -> int:
    """Write it; raise what stands for a lease that did not succeed."""
    if cli.as_json:
        from palyra_kernel.cli.approvals.views import approval_json

        approval_json(lease_json(result.lease) | _output(result.output))
        return 0 if result.lease.state not in _OVER[1:] else _error(result.lease).exit_code
    if result.lease.state not in _OVER:
        click.echo(f"{result.lease.id}: {result.lease.state}")
    elif result.lease.state != "succeeded":
        raise _error(result.lease)
    elif result.output is None:
        click.echo(f"{result.lease.id}: succeeded; what it gave back is not kept any more")
    else:
        _write(result.output)
    return 0


def _output(output: bytes | None) -> dict[str, Any]:
    if output is not None and is_json(output):
        return {"output": msgspec.Raw(output)}
    return {"output": None, "output_base64": output}


def _write(output: bytes) -> None:
    """Exactly, unless somebody looks: then nothing of it acts on their terminal."""
    from palyra_kernel.cli.files import write_stdout

    if not sys.stdout.isatty():
        write_stdout(output)
        return
    for line in output.decode("utf-8", "backslashreplace").split("\n"):
        click.echo(visible_json(line))


def _error(lease: Lease) -> PalyraError:
    said = visible(lease.ended)
    if lease.state == "expired":
        message = f"the lease {lease.id} was not done in time"
        return UnavailableError("lease_expired", message, hint="palyra nodes show")
    if lease.state == "cancelled":
        return ConflictError("lease_cancelled", f"the lease {lease.id} was cancelled: {said}")
    if lease.ended == "consent_denied":
        return DeniedError("consent_denied", "nobody at the machine of the node agreed")
    return UnavailableError("node_failed", f"the node failed: {said or 'it does not say why'}")
