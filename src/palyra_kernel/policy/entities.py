"""What Cedar knows of subjects and resources: small handles, made with the schema and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy.bundle.data import Facts
from palyra_kernel.policy.schema import PRINCIPAL_TYPES, RESOURCE_TYPES
from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.principals import Principal, Subject
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope

_PAIRS_KEPT = 512
_MAX_NAMES = 1024

Uid = dict[str, str]


class _Named(NamedTuple):
    """A resource as Cedar sees it: its uid, and its entity, None for one without attributes."""

    uid: Uid
    entity: dict[str, Any] | None


def principal_uid(principal: Principal) -> Uid:
    """The uid of a principal. Always a dict: it survives every character."""
    return {"type": PRINCIPAL_TYPES[principal.kind], "id": principal.id}


def _named(resource: Resource, labels: tuple[str, ...], facts: Facts) -> _Named:
    """The entity of *resource*. Raises :class:`InvalidInputError` if the id is none of its kind."""
    kind = resource.kind
    if kind == "secret":
        return _secret(resource.id, labels, facts)
    if kind == "scope":
        scope = VaultScope.parse(resource.id)
        return _entity("Scope", str(scope), _scope_attrs(scope))
    if kind == "profile":
        return _entity("Profile", resource.id, _profile_attrs(resource.id, labels))
    if kind == "device":
        known = _known(f"device:{resource.id}", (), facts)
        return _entity("Device", resource.id, known | {"labels": labels})
    if kind == "workspace":
        return _Named({"type": "Workspace", "id": resource.id}, None)
    attrs: dict[str, Any] = {"name": resource.id, "labels": labels}
    if kind == "tool":
        attrs["listed"] = resource.id in facts.tools
    elif kind == "skill":
        attrs["listed"] = resource.id in facts.skills
    elif kind == "capability":
        attrs["sensitive"] = resource.id in facts.sensitive_capabilities
    elif kind == "principal":
        Principal.parse(resource.id)
    return _entity(RESOURCE_TYPES[kind], resource.id, attrs)


def _secret(text: str, labels: tuple[str, ...], facts: Facts) -> _Named:
    ref = VaultRef.parse(text)
    name = f"{ref.scope}/{ref.key}"
    attrs = _scope_attrs(ref.scope)
    attrs |= {"name": name, "labels": labels, "marked": str(ref.bare) in facts.marked}
    return _entity("Secret", name, attrs, ({"type": "Scope", "id": str(ref.scope)},))


def _profile_attrs(text: str, labels: tuple[str, ...]) -> dict[str, Any]:
    scope, _, name = text.rpartition("/")
    kind, _, whose = scope.partition(":")
    if not name or (kind, bool(whose)) not in (("global", False), ("workspace", True), ("agent", True)):
        raise InvalidInputError(
            "invalid_resource", "a profile is SCOPE/ID, like global/main or agent:planner/main"
        )
    return {"name": name, "labels": labels, "scope": scope, "scope_kind": kind, "scope_id": whose}


def _scope_attrs(scope: VaultScope) -> dict[str, Any]:
    return {"scope": str(scope), "scope_kind": scope.kind, "scope_id": ":".join(scope.segments)}


def _entity(type: str, id: str, attrs: dict[str, Any], parents: tuple[Uid, ...] = ()) -> _Named:
    uid = {"type": type, "id": id}
    return _Named(uid, {"uid": uid, "attrs": attrs, "parents": parents})


class EntityCache:
    """Handles that hold a subject and a resource."""

    def __init__(self, schema: Any, facts: Facts) -> None:
        self._schema = schema
        self._facts = facts
        self.pair: Callable[[Subject, Resource, tuple[str, ...]], tuple[Uid, Any]]
        self.pair = lru_cache(_PAIRS_KEPT)(self._make_pair)
        """The uid of the resource, and the handle: 20 KiB each, because it holds the actions of the schema too."""

    def _make_pair(self, subject: Subject, resource: Resource, labels: tuple[str, ...]) -> tuple[Uid, Any]:
        import cedarpy

        uid, entity = _named(resource, labels, self._facts)
        entities = [_subject(subject, self._facts)]
        if entity is not None and uid != entities[0]["uid"]:
            entities.append(entity)
        # Both at once: adding one to a handle that has the other costs five times as much.
        document = msgspec.json.encode(entities).decode()
        return uid, cedarpy.Entities.from_json_str(document, self._schema)


def _subject(subject: Subject, facts: Facts) -> dict[str, Any]:
    parents = (
        *({"type": "Role", "id": role} for role in subject.roles),
        *({"type": "Group", "id": group} for group in subject.groups),
        *({"type": "Workspace", "id": workspace} for workspace in subject.workspaces),
    )
    if len(parents) + len(subject.capabilities) > _MAX_NAMES:
        raise InvalidInputError("subject_too_large", f"a principal has at most {_MAX_NAMES} roles and groups")
    attrs = _known(str(subject.principal), subject.capabilities, facts)
    if subject.principal.kind == "device":
        attrs["labels"] = ()
    return {"uid": principal_uid(subject.principal), "attrs": attrs, "parents": parents}


def _known(name: str, capabilities: tuple[str, ...], facts: Facts) -> dict[str, Any]:
    return {
        "name": name,
        "capabilities": capabilities,
        "tool_principal": not facts.principals or name in facts.principals,
        "tool_channel": not facts.channels or name in facts.channels,
    }
