"""The facts of a request as rules see them. Types and sizes are checked here: Cedar does not raise on bad ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from palyra_kernel.policy.bundle.data import Facts
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal, Subject

MAY_BE_ABSENT = ("purpose", "arguments", "workspace", "tool", "skill", "voucher")
_OPTIONAL_TEXTS = ("workspace", "tool", "skill")
_TEXTS = ("action", "session", "purpose", "surface", "auth_method", "arguments")
_MAX_TIME_MS = 253_402_300_799_999  # the end of the year 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Names = tuple[str, ...]


class _Voucher(msgspec.Struct, frozen=True):
    name: str
    kind: str
    roles: _Names
    speaks_for: _Names


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """The type ``Request`` of the schema. No float, null or number gets into it: Cedar has no answer to those."""

    at: dict[str, dict[str, str]]
    session: str
    surface: str
    auth_method: str
    mtls: bool
    purpose: str | msgspec.UnsetType
    arguments: str | msgspec.UnsetType
    workspace: str | msgspec.UnsetType
    tool: str | msgspec.UnsetType
    skill: str | msgspec.UnsetType
    voucher: _Voucher | msgspec.UnsetType
    capabilities: _Names
    sensitive: _Names
    sensitive_action: bool
    approved: bool


def well_formed(request: ActionRequest) -> bool:
    """Whether every field has its type: a struct is not checked when it is made."""
    return (
        isinstance(request, ActionRequest)
        and type(request.principal) is Principal
        and type(request.resource) is Resource
        and (request.vouched_by is None or type(request.vouched_by) is Principal)
        and all(type(getattr(request, name)) is str for name in _TEXTS)
        and all(_named_if_there(getattr(request, name)) for name in _OPTIONAL_TEXTS)
        and type(request.mtls) is bool
        and type(request.at_ms) is int
        and 0 <= request.at_ms <= _MAX_TIME_MS
        and _names(request.capabilities)
        and _names(request.labels)
    )


def _named_if_there(value: object) -> bool:
    """A tool without a name is not no tool: it would make a tool session one of its principal."""
    return value is None or (type(value) is str and value != "")


def vouches(voucher: Subject | None, named: Principal | None) -> bool:
    if voucher is None or named is None:
        return voucher is None and named is None
    known = type(voucher) is Subject and _names(voucher.roles) and _names(voucher.speaks_for)
    return known and voucher.principal == named


def _names(value: object) -> bool:
    return type(value) is tuple and all(type(each) is str for each in value)


def size_of(request: ActionRequest, voucher: Subject | None) -> int:
    """About how many characters policies would look at."""
    texts = [getattr(request, name) or "" for name in (*_TEXTS, *_OPTIONAL_TEXTS)]
    lists = request.capabilities + request.labels + (voucher.speaks_for if voucher else ())
    return sum(map(len, texts)) + sum(map(len, lists)) + 8 * len(lists)


def moment_of(request: ActionRequest, voucher: Subject | None, facts: Facts) -> Moment:
    """The facts of the moment, those of the bundle included; not yet approved."""
    needed = frozenset(request.capabilities)
    sensitive = facts.asked_of_nodes if request.action == "node.invoke" else facts.sensitive_capabilities
    if request.action == "tool.execute":
        needed |= facts.capabilities.get(request.resource.id, frozenset())
    return Moment(
        at={"__extn": {"fn": "datetime", "arg": _moment(request.at_ms)}},
        session=request.session,
        purpose=_given(request.purpose),
        surface=request.surface,
        auth_method=request.auth_method,
        mtls=request.mtls,
        arguments=_given(request.arguments),
        workspace=_given(request.workspace),
        tool=_given(request.tool),
        skill=_given(request.skill),
        voucher=msgspec.UNSET if voucher is None else _voucher(voucher),
        capabilities=tuple(needed),
        sensitive=tuple(needed & sensitive),
        sensitive_action=request.action in facts.sensitive_actions,
        approved=False,
    )


def _given(text: str | None) -> str | msgspec.UnsetType:
    """Empty is absent."""
    return text or msgspec.UNSET


def _voucher(voucher: Subject) -> _Voucher:
    return _Voucher(str(voucher.principal), voucher.principal.kind, voucher.roles, voucher.speaks_for)


def _moment(at_ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")[:-6] + "Z"
