"""Requests made from a schema and the names in bundles: enough of them that a rule which changed shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.explain import Asked
from palyra_kernel.policy.rules import WORKSPACE
from palyra_kernel.policy.schema import PRINCIPAL_TYPES, RESOURCE_TYPES
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal, Subject

_AT_MS = 1_704_110_400_000  # noon, 1 January 2024, UTC
_UID = re.compile(r'\b([A-Z][A-Za-z]*)::"([^"\\]+)"')
_LABEL = re.compile(r'"([^"\\=]+=[^"\\]*)"')
_GRANTED = re.compile(r'principal\.capabilities\.contains\("([^"\\]+)"\)')
_KIND_OF = {entity: kind for kind, entity in PRINCIPAL_TYPES.items()}
_RESOURCE_OF = {entity: kind for kind, entity in RESOURCE_TYPES.items()}
_CHANNEL = "channel:probe:1"
_SPEAKER = Subject(principal=Principal("service", "probe"), speaks_for=(_CHANNEL, "skill:probe"))
_OWNER = Subject(principal=Principal("user", "probe"), roles=("Owner",))
_IDS = {
    "secret": (
        "global/probe",
        "principal:user:probe/x",
        "principal:agent:probe/x",
        f"{_CHANNEL}/x",
        "skill:probe/x",
    ),
    "scope": ("global", "principal:user:probe", "principal:agent:probe", _CHANNEL, "skill:probe"),
    "principal": ("user:probe", "agent:probe"),
    "profile": ("global/probe", "agent:probe/probe", "workspace:probe/probe"),
}


class Names:
    """What bundles speak of by name."""

    def __init__(self, bundles: Iterable[Bundle]) -> None:
        self.of: dict[str, set[str]] = {}
        self.labels: set[str] = set()
        self.workspaces: set[str] = {"probe"}
        self.capabilities: set[str] = set()
        for bundle in bundles:
            for rule in bundle.rules:
                for entity, name in _UID.findall(rule.text):
                    self.of.setdefault(entity, set()).add(name)
                self.labels.update(_LABEL.findall(rule.text))
                self.capabilities.update(_GRANTED.findall(rule.text))
                if rule.layer.startswith(WORKSPACE):
                    self.workspaces.add(rule.layer.removeprefix(WORKSPACE))
            data = bundle.facts.data
            self.of.setdefault("Tool", set()).update(data.allowed_tools, data.tools)
            self.of.setdefault("Skill", set()).update(data.allowed_skills)
            self.of.setdefault("Secret", set()).update(data.marked_refs)
            self.of.setdefault("Capability", set()).update(data.sensitive_capabilities)
            self.capabilities |= bundle.facts.asked_of_nodes
        self.workspaces |= self.of.get("Workspace", set())

    def subjects(self) -> list[Subject]:
        """Every kind of principal without anything, with each role and with every capability, and those with a name."""
        groups, workspaces = tuple(sorted(self.of.get("Group", ()))), tuple(sorted(self.workspaces))
        found = [_OWNER]
        for kind in PRINCIPAL_TYPES:
            who = Principal.parse(_CHANNEL) if kind == "channel" else Principal(kind, "probe")
            found += [
                Subject(principal=who),
                Subject(principal=who, capabilities=tuple(sorted(self.capabilities))),
                *(
                    Subject(principal=who, roles=(role,), workspaces=workspaces)
                    for role in ("Admin", "Operator")
                ),
                *(Subject(principal=who, groups=(group,)) for group in groups),
            ]
        for entity, kind in _KIND_OF.items():
            for name in sorted(self.of.get(entity, ())):
                found += [
                    _subject(kind, name, roles) for roles in ((), ("Owner",)) if _is(Principal, kind, name)
                ]
        return found

    def resources(self, entity: str) -> Iterator[Resource]:
        """Some of *entity*: made-up ones, and those with a name."""
        kind = _RESOURCE_OF[entity]
        for name in (*_IDS.get(kind, ("probe",)), *sorted(self.of.get(entity, ()))):
            if _is(Resource, kind, name):
                yield Resource(kind, name)


def _is(made: Callable[[str, str], object], kind: str, name: str) -> bool:
    """Whether there can be one: a rule may name what no request can."""
    try:
        made(kind, name)
    except InvalidInputError:
        return False
    return True


def _subject(kind: str, name: str, roles: tuple[str, ...]) -> Subject:
    return Subject(principal=Principal(kind, name), roles=roles)


def probes(bundles: Sequence[Bundle], actions: Iterable[str]) -> Iterator[Asked]:
    """Requests for *actions*, each by everybody, for everything that it can be done to, in every circumstance."""
    names = Names(bundles)
    subjects = names.subjects()
    labels = tuple(sorted(names.labels))
    circumstances: list[dict[str, object]] = [{}, {"tool": "probe"}, {"skill": "probe"}]
    circumstances += [{"capabilities": (name,)} for name in sorted(names.capabilities)]
    circumstances += [{"workspace": name} for name in sorted(names.workspaces)]
    if labels:
        circumstances.append({"labels": labels})
    for action in sorted(actions):
        for entity in sorted(set().union(*(bundle.actions.resources.get(action, ()) for bundle in bundles))):
            for resource in names.resources(entity):
                vouchers = (None, _SPEAKER) if resource.id.startswith(("channel:", "skill:")) else (None,)
                for subject, voucher, more in product(subjects, vouchers, circumstances):
                    yield _asked(subject, voucher, action, resource, more)


def _asked(
    subject: Subject, voucher: Subject | None, action: str, resource: Resource, more: dict[str, object]
) -> Asked:
    request = ActionRequest(
        principal=subject.principal,
        action=action,
        resource=resource,
        at_ms=_AT_MS,
        session="probe",
        vouched_by=voucher.principal if voucher else None,
        **more,  # type: ignore[arg-type]  # each of them is a field
    )
    return Asked(request, subject, voucher)
