"""The actions of a schema: which may be asked for, what they are done to, and which groups they are in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from palyra_kernel.errors import PalyraError

PRINCIPAL_TYPES = {
    "user": "User",
    "agent": "Agent",
    "device": "Device",
    "channel": "Channel",
    "token": "ApiToken",
    "service": "Service",
}
"""The kinds of principals and the types of the schema."""

RESOURCE_TYPES = {
    "secret": "Secret",
    "scope": "Scope",
    "source": "Source",
    "tool": "Tool",
    "skill": "Skill",
    "profile": "Profile",
    "device": "Device",
    "approval": "Approval",
    "policy": "Policy",
    "capability": "Capability",
    "principal": "Account",
    "workspace": "Workspace",
    "vault": "Vault",
    "audit": "Audit",
}
"""The kinds of resources and the types of the schema."""

_ACTION = re.compile(
    r'^action\s+(?P<names>"[^;{]*?")\s*(?:\bin\s+\[(?P<groups>[^\]]*)\])?\s*'
    r"(?:appliesTo\s*\{[^}]*resource:\s*\[(?P<resources>[^\]]*)\][^}]*\})?\s*;",
    re.MULTILINE,
)
_ANY_ACTION = re.compile(r"^\s*action\b", re.MULTILINE)
_QUOTED = re.compile(r'"([^"]*)"')


class Actions(NamedTuple):
    """``resources``: for each action that may be asked for, the types it is done to. ``below``: for each action and
    group, the actions that may be asked for and are the same or in it, however deep."""

    resources: Mapping[str, frozenset[str]]
    below: Mapping[str, frozenset[str]]


def actions_of(schema: str) -> Actions:
    """Read the actions of *schema*, a text that Cedar accepted; ours is written so that this small reader suffices."""
    resources: dict[str, frozenset[str]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    found = list(_ACTION.finditer(schema))
    if len(found) != len(_ANY_ACTION.findall(schema)):
        raise PalyraError("schema_unreadable", "the schema declares an action in a form that is not read")
    for match in found:
        for name in _QUOTED.findall(match["names"]):
            groups[name] = tuple(_QUOTED.findall(match["groups"] or ""))
            if match["resources"]:
                resources[name] = frozenset(part.strip() for part in match["resources"].split(","))
    below: dict[str, set[str]] = {name: set() for name in groups}
    for name in resources:
        for group in _above(name, groups):
            below[group].add(name)
    return Actions(resources, {name: frozenset(members) for name, members in below.items()})


def _above(name: str, groups: Mapping[str, tuple[str, ...]]) -> set[str]:
    reached, todo = set(), [name]
    while todo:
        at = todo.pop()
        if at not in reached:
            reached.add(at)
            todo += groups[at]
    return reached
