"""A request as Cedar is asked it, or the code of why it is not asked."""

from __future__ import annotations

from typing import Any

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy import codes
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.entities import EntityCache, Uid, principal_uid
from palyra_kernel.policy.index import RuleSet
from palyra_kernel.policy.moment import MAY_BE_ABSENT, Moment, moment_of, size_of, vouches, well_formed
from palyra_kernel.policy.schema import RESOURCE_TYPES
from palyra_kernel.policy.verdict import Verdict, evaluate
from palyra_kernel.values.decisions import ActionRequest
from palyra_kernel.values.principals import Subject

MAX_CONTEXT_BYTES = 64 * 1024
_SHAPES_KEPT = 4096

_Shape = tuple[str, str, str, tuple[bool, ...]]


class Shapes:
    """The schema looks at the first request of each shape.

    A shape is the types of both ends, the action, and which facts are there; the types of the facts are those of
    :class:`Moment`, and checked here. So another request of a shape that fits has nothing left that could not fit,
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

    __slots__ = ("_ends", "_entities", "_moment", "_shapes", "request")

    def __init__(
        self, request: ActionRequest, resource: Uid, entities: Any, moment: Moment, shapes: Shapes
    ) -> None:
        self.request = request
        self._moment = moment
        self._entities = entities
        self._shapes = shapes
        self._ends = {
            "principal": principal_uid(request.principal),
            "action": {"type": "Action", "id": request.action},
            "resource": resource,
        }

    def put(self, rules: RuleSet, *, approved: bool) -> Verdict:
        """Ask it of *rules*."""
        moment = msgspec.structs.replace(self._moment, approved=True) if approved else self._moment
        asked = self._ends | {"context": msgspec.json.encode(moment).decode()}
        shape = self._shape()
        verdict = evaluate(asked, rules, self._entities, self._shapes.schema_for(shape))
        self._shapes.fits(shape)
        return verdict

    def _shape(self) -> _Shape:
        there = tuple(getattr(self._moment, name) is not msgspec.UNSET for name in MAY_BE_ABSENT)
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
    if not well_formed(request):
        return codes.INVALID_REQUEST
    if type(subject) is not Subject or subject.principal != request.principal:
        return codes.UNKNOWN_PRINCIPAL
    if not vouches(voucher, request.vouched_by):
        return codes.UNKNOWN_VOUCHER
    done_to = known.bundle.actions.resources.get(request.action)
    if done_to is None:
        return codes.UNKNOWN_ACTION
    if RESOURCE_TYPES[request.resource.kind] not in done_to:
        return codes.INVALID_REQUEST
    if size_of(request, voucher) > MAX_CONTEXT_BYTES:
        return codes.REQUEST_TOO_LARGE
    try:
        uid, handle = known.entities.pair(subject, request.resource, request.labels)
    except InvalidInputError:
        return codes.INVALID_REQUEST
    return Question(request, uid, handle, moment_of(request, voucher, known.bundle.facts), known.shapes)
