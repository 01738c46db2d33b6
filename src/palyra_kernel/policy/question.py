"""A request as Cedar is asked it: types and sizes are checked on our side, because Cedar does not raise on bad ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy import codes
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.bundle.data import Facts
from palyra_kernel.policy.entities import EntityCache, Uid, principal_uid
from palyra_kernel.policy.index import RuleSet
from palyra_kernel.policy.schema import RESOURCE_TYPES
from palyra_kernel.policy.verdict import Verdict, evaluate
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal, Subject

MAX_CONTEXT_BYTES = 64 * 1024
_MAX_TIME_MS = 253_402_300_799_999  # the end of the year 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SHAPES_KEPT = 4096

_Names = tuple[str, ...]
_Shape = tuple[str, str, str, tuple[bool, ...]]
_TEXTS = ("action", "session", "purpose", "surface", "auth_method", "arguments")
_MAY_BE_ABSENT = ("purpose", "arguments", "workspace", "tool", "skill", "voucher")
_OPTIONAL_TEXTS = ("workspace", "tool", "skill")


class _Voucher(msgspec.Struct, frozen=True):
    name: str
    kind: str
    roles: _Names
    speaks_for: _Names


class _Context(msgspec.Struct, frozen=True, kw_only=True):
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


class Shapes:
    """The schema looks at the first request of each shape.

    A shape is the types of both ends, the action, and which facts are there; the types of the facts are those of
    :class:`_Context`, and checked here. So another request of a shape that fits has nothing left that could not fit,
    and looking again would be a fifth of the cost of a decision.
    """

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._fit: set[_Shape] = set()

    def schema_for(self, shape: _Shape) -> Any:
        """The schema, or None for a shape that is known to fit."""
        return None if shape in self._fit else self._schema

    def fits(self, shape: _Shape) -> None:
        """Remember that Cedar found nothing wrong with *shape*."""
        if len(self._fit) >= _SHAPES_KEPT:
            self._fit.clear()
        self._fit.add(shape)


class Question:
    """A request, ready for Cedar: the uids, the entities, and the facts of the moment."""

    __slots__ = ("_context", "_ends", "_entities", "_shapes", "request")

    def __init__(
        self, request: ActionRequest, resource: Uid, entities: Any, context: _Context, shapes: Shapes
    ) -> None:
        self.request = request
        self._context = context
        self._entities = entities
        self._shapes = shapes
        self._ends = {
            "principal": principal_uid(request.principal),
            "action": {"type": "Action", "id": request.action},
            "resource": resource,
        }

    def put(self, rules: RuleSet, *, approved: bool) -> Verdict:
        """Ask it of *rules*."""
        context = msgspec.structs.replace(self._context, approved=True) if approved else self._context
        asked = self._ends | {"context": msgspec.json.encode(context).decode()}
        shape = self._shape()
        verdict = evaluate(asked, rules, self._entities, self._shapes.schema_for(shape))
        self._shapes.fits(shape)
        return verdict

    def _shape(self) -> _Shape:
        context = self._context
        there = tuple(getattr(context, name) is not msgspec.UNSET for name in _MAY_BE_ABSENT)
        return self.request.principal.kind, self.request.action, self._ends["resource"]["type"], there


class Known:
    """What an engine keeps of its bundle to make questions."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.entities = EntityCache(bundle.schema_handle, bundle.facts)
        self.shapes = Shapes(bundle.schema_handle)


def question(
    request: ActionRequest, subject: Subject, voucher: Subject | None, known: Known
) -> Question | str:
    """The question that *request* is, or the code of why nobody is asked."""
    if not _well_formed(request):
        return codes.INVALID_REQUEST
    if type(subject) is not Subject or subject.principal != request.principal:
        return codes.UNKNOWN_PRINCIPAL
    if not _vouches(voucher, request.vouched_by):
        return codes.UNKNOWN_VOUCHER
    done_to = known.bundle.actions.resources.get(request.action)
    if done_to is None:
        return codes.UNKNOWN_ACTION
    if RESOURCE_TYPES[request.resource.kind] not in done_to:
        return codes.INVALID_REQUEST
    if _size(request, voucher) > MAX_CONTEXT_BYTES:
        return codes.REQUEST_TOO_LARGE
    try:
        uid, handle = known.entities.pair(subject, request.resource, request.labels)
    except InvalidInputError:
        return codes.INVALID_REQUEST
    return Question(request, uid, handle, _context(request, voucher, known.bundle.facts), known.shapes)


def _well_formed(request: ActionRequest) -> bool:
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


def _vouches(voucher: Subject | None, named: Principal | None) -> bool:
    if voucher is None or named is None:
        return voucher is None and named is None
    known = type(voucher) is Subject and _names(voucher.roles) and _names(voucher.speaks_for)
    return known and voucher.principal == named


def _names(value: object) -> bool:
    return type(value) is tuple and all(type(each) is str for each in value)


def _size(request: ActionRequest, voucher: Subject | None) -> int:
    """About how many characters policies would look at."""
    texts = [getattr(request, name) or "" for name in (*_TEXTS, *_OPTIONAL_TEXTS)]
    lists = request.capabilities + request.labels + (voucher.speaks_for if voucher else ())
    return sum(map(len, texts)) + sum(map(len, lists)) + 8 * len(lists)


def _context(request: ActionRequest, voucher: Subject | None, facts: Facts) -> _Context:
    """The facts of the moment, those of the bundle included; not yet approved."""
    needed = frozenset(request.capabilities)
    if request.action == "tool.execute":
        needed |= facts.capabilities.get(request.resource.id, frozenset())
    return _Context(
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
        sensitive=tuple(needed & facts.sensitive_capabilities),
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
