"""What an event says: who wanted what, what came of it and why. Names of resources, and never a value."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal

Outcome = Literal["allowed", "denied", "approval_required", "failed", "missing"]

NAMES = {
    "time_ms": "time",
    "end_time_ms": "end_time",
    "principal": "actor.user.uid",
    "workspace": "actor.user.org.name",
    "vouched_by": "actor.invoked_by",
    "session": "actor.session.uid",
    "auth_method": "auth_protocol",
    "tool": "actor.app_name",
    "skill": "unmapped.skill",
    "surface": "api.service.name",
    "purpose": "unmapped.purpose",
    "action": "api.operation",
    "resource": "resource.uid",
    "version": "resource.version",
    "arguments": "unmapped.arguments",
    "capabilities": "unmapped.capabilities",
    "outcome": "status",
    "code": "status_code",
    "rules": "unmapped.rules",
    "policy": "policy.uid",
    "approval": "unmapped.approval",
    "details": "unmapped.details",
}
"""Our field → its name in the journal: a path of the OCSF schema (class 6003, API Activity) where that has one."""

_Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=NAMES):
    """One event, before it has a number. Fields that were left empty are not written.

    ``principal``, ``vouched_by`` and ``resource`` are ``KIND:ID``. ``arguments``: SHA-256 of the exact arguments.
    ``version``: of the secret that was made or read. ``policy``: digest of the policies that decided, ``rules`` their
    ids. ``count`` reads were alike, the last at ``end_time_ms``. Times are milliseconds since 1970, UTC.
    """

    time_ms: _Number
    principal: str
    action: str
    resource: str
    outcome: Outcome
    code: str
    session: str = ""
    surface: str = ""
    purpose: str = ""
    workspace: str = ""
    vouched_by: str = ""
    auth_method: str = ""
    tool: str = ""
    skill: str = ""
    version: _Number = 0
    arguments: str = ""
    capabilities: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    policy: str = ""
    approval: str = ""
    details: dict[str, str] = {}
    count: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] = 1
    end_time_ms: _Number = 0


def event_of(
    request: ActionRequest,
    *,
    outcome: Outcome,
    code: str,
    rules: tuple[str, ...] = (),
    policy: str = "",
    approval: str = "",
    version: int = 0,
) -> Event:
    """The event of *request*, answered as *code* says."""
    voucher = request.vouched_by
    return Event(
        time_ms=request.at_ms,
        principal=str(request.principal),
        action=request.action,
        resource=str(request.resource),
        outcome=outcome,
        code=code,
        session=request.session,
        surface=request.surface,
        purpose=request.purpose,
        workspace=request.workspace or "",
        vouched_by="" if voucher is None else str(voucher),
        auth_method=request.auth_method,
        tool=request.tool or "",
        skill=request.skill or "",
        version=version,
        arguments=request.arguments,
        capabilities=request.capabilities,
        rules=rules,
        policy=policy,
        approval=approval,
    )


def request_of(event: Event) -> ActionRequest:
    """The request that *event* tells of, as far as events keep it: labels are not among that, nor mutual TLS.

    Raises :class:`InvalidInputError` where a name was cut or masked.
    """
    return ActionRequest(
        principal=Principal.parse(event.principal),
        action=event.action,
        resource=Resource.parse(event.resource),
        at_ms=event.time_ms,
        session=event.session,
        purpose=event.purpose,
        surface=event.surface,
        workspace=event.workspace or None,
        tool=event.tool or None,
        skill=event.skill or None,
        vouched_by=Principal.parse(event.vouched_by) if event.vouched_by else None,
        capabilities=event.capabilities,
        arguments=event.arguments,
        auth_method=event.auth_method,
    )
