"""Why an answer is what it is: the rules that decided, and the grants that would change it, found by trying them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from palyra_kernel.policy import codes
from palyra_kernel.policy.bundle import SessionLayer
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.rules import Rule
from palyra_kernel.values.decisions import ActionRequest, Allow, Decision, Obligation, RequireApproval
from palyra_kernel.values.principals import Principal, Subject

Answer = Literal["deny", "approval", "allow"]
_BETTER: tuple[Answer, ...] = ("deny", "approval", "allow")
_ROLES = ("Operator", "Admin", "Owner")


class Asked(NamedTuple):
    """A request, and what is known of who asks and who vouches."""

    request: ActionRequest
    subject: Subject
    voucher: Subject | None = None


class Deciding(msgspec.Struct, frozen=True):
    """A rule that decided."""

    id: str
    layer: str
    effect: str


class Missing(msgspec.Struct, frozen=True):
    """A grant that is not there, and the answer that there would be with it."""

    grant: str
    answer: Answer


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """An answer for people and programs. ``layers``: how many rules of each were asked. ``digest``: of the bundle that
    answered, so that it can be compared with the one in force. Nothing of the request but names is in it."""

    answer: Answer
    code: str
    text: str
    hint: str | None
    rules: tuple[Deciding, ...]
    layers: dict[str, int]
    obligation: Obligation | None
    missing: tuple[Missing, ...]
    version: int
    digest: str


def answer_of(decision: Decision) -> Answer:
    """The answer in one word."""
    if type(decision) is Allow:
        return "allow"
    return "approval" if type(decision) is RequireApproval else "deny"


def explain(
    engine: PolicyEngine, asked: Asked, *, approved: bool = False, layer: SessionLayer | None = None
) -> Explanation:
    """Decide, and say why. The checks are asked once; grants are tried on the rules alone."""
    decision = engine.decide(*asked, approved=approved, layer=layer)
    known = () if decision.code in codes.NOT_ASKED else engine.rules_for(asked.request, layer)
    words = codes.words(decision.code)
    return Explanation(
        answer=answer_of(decision),
        code=decision.code,
        text=words.text,
        hint=words.hint,
        rules=tuple(Deciding(r.id, r.layer, r.effect) for r in known if r.id in decision.rules),
        layers=_layers(known),
        obligation=decision.obligation if type(decision) is RequireApproval else None,
        missing=tuple(_missing(engine, asked, decision, layer)) if not approved else (),
        version=engine.bundle.version,
        digest=engine.digest,
    )


def _layers(rules: tuple[Rule, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for rule in rules:
        counts[rule.layer] = counts.get(rule.layer, 0) + 1
    return counts


def _missing(
    engine: PolicyEngine, asked: Asked, decision: Decision, layer: SessionLayer | None
) -> Iterator[Missing]:
    if type(decision) is Allow or decision.code.startswith(codes.CHECK) or decision.code in codes.NOT_ASKED:
        return
    rank = _BETTER.index(answer_of(decision))
    if type(decision) is RequireApproval:
        yield Missing("approval", "allow")
    rules_only = PolicyEngine(engine.bundle)
    tries = [(grant, rules_only, changed) for grant, changed in _changed(asked, rules_only)]
    tries += [(grant, changed, asked) for grant, changed in _listed(asked.request, rules_only)]
    for grant, by, changed in tries:
        answer = answer_of(by.decide(*changed, layer=layer))
        if _BETTER.index(answer) > rank:
            yield Missing(grant, answer)


def _changed(asked: Asked, engine: PolicyEngine) -> Iterator[tuple[str, Asked]]:
    """The same request by somebody to whom one thing more was granted."""
    request, subject, voucher = asked
    replace = msgspec.structs.replace
    for role in _ROLES:
        if role not in subject.roles:
            yield f"role {role}", asked._replace(subject=replace(subject, roles=(*subject.roles, role)))
    for name in sorted(engine.bundle.facts.sensitive_capabilities | {*request.capabilities}):
        if name not in subject.capabilities:
            more = (*subject.capabilities, name)
            yield f"capability {name}", asked._replace(subject=replace(subject, capabilities=more))
    if request.resource.kind == "workspace" and request.resource.id not in subject.workspaces:
        more = (*subject.workspaces, request.resource.id)
        yield f"workspace {request.resource.id}", asked._replace(subject=replace(subject, workspaces=more))
    if request.resource.kind in ("secret", "scope"):
        scope = request.resource.id.removeprefix("vault://").partition("/")[0]
        voucher = voucher or Subject(principal=Principal("service", "voucher"))
        speaks = replace(voucher, speaks_for=(*voucher.speaks_for, scope))
        vouched = replace(request, vouched_by=voucher.principal)
        yield f"voucher for {scope}", Asked(vouched, subject, speaks)


def _listed(request: ActionRequest, engine: PolicyEngine) -> Iterator[tuple[str, PolicyEngine]]:
    """The same request by a bundle that lists one thing more."""
    data, name, who = engine.bundle.facts.data, request.resource.id, str(request.principal)
    replace = msgspec.structs.replace
    if request.resource.kind == "tool":
        yield "allowed_tools", engine.with_data(replace(data, allowed_tools=(*data.allowed_tools, name)))
        yield "tool_principals", engine.with_data(replace(data, tool_principals=(*data.tool_principals, who)))
        yield "tool_channels", engine.with_data(replace(data, tool_channels=(*data.tool_channels, who)))
    elif request.resource.kind == "skill":
        yield "allowed_skills", engine.with_data(replace(data, allowed_skills=(*data.allowed_skills, name)))
