"""The nodes of a gateway as one document, ``node-runtime.v1.json``: a view, for programs that read it. Nobody reads it
back, and no secret of a code is in it."""

from __future__ import annotations

from collections import deque
from typing import Any

from palyra_kernel.identity.keys import identity_print
from palyra_kernel.identity.pairing.keeping import Code
from palyra_kernel.identity.pairing.states import Pairing
from palyra_kernel.identity.service import Identity
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.service import Nodes
from palyra_kernel.session.nodes import NodeStatus

VERSION = 1
MOST_PAST = 1_000
"""Leases that are over, the newest."""


def exported(nodes: Nodes, identity: Identity, known: list[NodeStatus]) -> dict[str, Any]:
    """JSON without floats; times are milliseconds since 1970."""
    now = nodes.clock.now_ms()
    past = deque(nodes.ledger.all(past=True), MOST_PAST)
    live = [nodes.asking.find(lease.id) for lease in nodes.ledger.all(past=False)]
    return {
        "version": VERSION,
        "generated_at_ms": now,
        "active_pairing_codes": [_code(each) for each in identity.pairings.codes.list() if each.open(now)],
        "pairing_requests": [_request(each, now) for each in identity.pairings.runs.list()],
        "nodes": [_node(each) for each in known],
        "capability_dispatches": [_dispatch(each) for each in (*past, *live)],
    }


def _code(code: Code) -> dict[str, Any]:
    return {
        "code_id": code.id,
        "method": code.method,
        "issued_by": code.issued_by,
        "created_at_ms": code.created_ms,
        "expires_at_ms": code.expires_ms,
        "failed_attempts": code.attempts,
    }


def _request(pairing: Pairing, now: int) -> dict[str, Any]:
    return {
        "request_id": pairing.id,
        "state": pairing.now(now),
        "device_id": pairing.device,
        "client_kind": pairing.kind,
        "method": pairing.method,
        "identity_fingerprint": identity_print(pairing.identity) if pairing.identity else None,
        "requested_at_ms": pairing.begun_ms,
        "updated_at_ms": pairing.changed_ms,
        "approval_id": pairing.approval or None,
        "decided_by": pairing.decided_by or None,
        "reason": pairing.reason or None,
    }


def _node(status: NodeStatus) -> dict[str, Any]:
    node = status.node
    granted = {each.capability for each in status.grants}
    return {
        "device_id": node.device,
        "client_kind": node.kind,
        "platform": node.platform,
        "capabilities": [
            {"name": each.name, "available": each.available, "granted": each.name in granted}
            for each in node.capabilities
        ],
        "presence": status.presence,
        "registered_at_ms": node.registered_ms,
        "updated_at_ms": node.changed_ms,
        "last_seen_at_ms": status.last_seen_ms or None,
    }


def _dispatch(lease: Lease) -> dict[str, Any]:
    return {
        "request_id": lease.id,
        "device_id": lease.device,
        "capability": lease.capability,
        "state": lease.state,
        "invoker": lease.invoker,
        "idempotency_key": lease.key,
        "input_sha256": lease.input.hex(),
        "input_summary": lease.asked,
        "output_sha256": lease.output_digest.hex() or None,
        "output_summary": lease.answered or None,
        "ended": lease.ended or None,
        "created_at_ms": lease.created_ms,
        "updated_at_ms": lease.changed_ms,
        "deadline_at_ms": lease.deadline_ms,
    }
