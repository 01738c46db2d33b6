"""Rules: what a text of policies says, one by one, and what each layer may say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy import codes
from palyra_kernel.policy.bounds import is_blank, on_large_stack, refused, split_rules
from palyra_kernel.policy.schema import Actions
from palyra_kernel.values.decisions import ApprovalOption, Obligation
from palyra_kernel.values.decoding import decode_json

RAILS = "rails"
ORGANISATION = "organisation"
SESSION = "session"
WORKSPACE = "workspace:"

_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_CODE = re.compile(r"(?!policy\.allow)[a-z0-9_]+(\.[a-z0-9_]+){1,7}")
_ANNOTATIONS = {"id", "code", "doc", "approval", "approvers", "quorum", "max_ttl", "options", "self_decision"}
_OBLIGING = {"approvers", "quorum", "max_ttl", "options", "self_decision"}
_ROLES = ("Owner", "Admin", "Operator")
_OPTIONS = get_args(ApprovalOption)
_MAX_CODE = 64


class Rule(NamedTuple):
    """One policy. ``actions`` are those that its scope does not exclude, None if it excludes none. ``code`` is that of
    a denial. ``obligation`` is there if an approval lifts it."""

    id: str
    layer: str
    effect: Literal["permit", "forbid"]
    text: str
    actions: frozenset[str] | None
    code: str
    obligation: Obligation | None


class _Scope(msgspec.Struct):
    op: str
    entity: dict[str, Any] | None = None
    entities: list[dict[str, Any]] | None = None


class _Policy(msgspec.Struct):
    effect: Literal["permit", "forbid"]
    action: _Scope
    annotations: dict[str, str | None] = {}


class _Policies(msgspec.Struct):
    static: dict[str, _Policy] = msgspec.field(name="staticPolicies")
    templates: dict[str, msgspec.Raw]


def read_rules(text: str, layer: str, file: str, actions: Actions, limit: int) -> list[Rule]:
    """The rules of *text*. Raises :class:`InvalidInputError` with the name of *file* and what is wrong in it."""
    try:
        pieces = [piece for piece in split_rules(text, limit) if not is_blank(piece)]
        return on_large_stack(lambda: [_read(piece, layer, actions) for piece in pieces])
    except InvalidInputError as error:
        raise refused(error.code, f"{file}: {error.message}", hint=error.hint) from None


def check_unique(rules: Iterable[Rule]) -> None:
    """Raise :class:`InvalidInputError` ``policy_id`` if two rules have one id."""
    seen: dict[str, Rule] = {}
    for rule in rules:
        other = seen.setdefault(rule.id, rule)
        if other is not rule:
            raise refused("policy_id", f"two rules are called {rule.id!r} ({other.layer}, {rule.layer})")


def _read(text: str, layer: str, actions: Actions) -> Rule:
    import cedarpy

    try:
        exported = cedarpy.policies_to_json_str(text)
    except ValueError as error:
        raise refused("policy_syntax", f"{_beginning(text)}: {_first_line(error)}") from None
    try:
        policies = decode_json(exported, _Policies)
    except (msgspec.DecodeError, RecursionError):
        raise refused(
            "policy_too_deep", f"{_beginning(text)}: a condition has too many parts", hint="use contains()"
        ) from None
    if policies.templates or len(policies.static) != 1:
        raise refused("policy_syntax", f"{_beginning(text)}: templates are not allowed")
    (policy,) = policies.static.values()
    name = _name(policy, text)
    code, obligation = _denial(policy, name)
    if policy.effect == "permit" and layer != ORGANISATION:
        raise refused("policy_permit", f"{name}: only organisation*.cedar may permit")
    if obligation is not None and '"attr":"approved"' not in exported:
        raise refused(
            "policy_annotation", f"{name}: asks for an approval, but not unless {{ context.approved }}"
        )
    return Rule(name, layer, policy.effect, text, _actions(policy.action, actions), code, obligation)


def _name(policy: _Policy, text: str) -> str:
    name = policy.annotations.get("id") or ""
    if not _ID.fullmatch(name):
        raise refused(
            "policy_id",
            f"{_beginning(text)}: every rule has an @id of 1 to 64 of a-z 0-9 . _ -",
            hint='@id("name")',
        )
    unknown = set(policy.annotations) - _ANNOTATIONS
    if unknown:
        raise refused("policy_annotation", f"{name}: there is no annotation @{min(unknown)}")
    return name


def _actions(scope: _Scope, known: Actions) -> frozenset[str] | None:
    """What the scope leaves. Whatever is not understood excludes nothing."""
    named = [scope.entity] if scope.entity is not None else scope.entities
    if scope.op not in ("==", "in") or named is None or any(each.get("type") != "Action" for each in named):
        return None
    names = [str(each.get("id")) for each in named]
    if scope.op == "==":
        return frozenset(names)
    return frozenset().union(*(known.below.get(name, frozenset((name,))) for name in names))


def _denial(policy: _Policy, name: str) -> tuple[str, Obligation | None]:
    notes = {key: value or "" for key, value in policy.annotations.items()}
    if policy.effect == "permit":
        extra = notes.keys() - {"id", "doc"}
        if extra:
            raise refused("policy_annotation", f"{name}: a permit has no @{min(extra)}")
        return codes.ALLOW, None
    if "approval" not in notes:
        if not _OBLIGING.isdisjoint(notes):
            raise refused("policy_annotation", f"{name}: @approval is missing")
        return _code(notes.get("code", codes.RULE), name), None
    if "code" in notes:
        raise refused("policy_annotation", f"{name}: the code stands in @approval")
    code = _code(notes["approval"] or codes.APPROVAL, name)
    return code, _obligation(notes, code, name)


def _obligation(notes: dict[str, str], code: str, name: str) -> Obligation:
    default = Obligation(code=code)
    self_decision = notes.get("self_decision", "deny")
    if self_decision not in ("allow", "deny"):
        raise refused("policy_annotation", f"{name}: @self_decision is allow or deny")
    return Obligation(
        code=code,
        approvers=_among(notes.get("approvers"), _ROLES, default.approvers, f"{name}: @approvers"),
        quorum=_number(notes.get("quorum"), default.quorum, 100, f"{name}: @quorum"),
        max_ttl_seconds=_number(
            notes.get("max_ttl"), default.max_ttl_seconds, 86_400 * 30, f"{name}: @max_ttl"
        ),
        options=_among(notes.get("options"), _OPTIONS, default.options, f"{name}: @options"),
        self_decision=self_decision == "allow",
    )


def _code(code: str, name: str) -> str:
    if len(code) > _MAX_CODE or not _CODE.fullmatch(code):
        raise refused(
            "policy_annotation", f"{name}: a code is up to 64 of a-z 0-9 _ in parts, like tool.execute.late"
        )
    return code


def _among(text: str | None, known: tuple[Any, ...], default: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    if text is None:
        return default
    chosen = [part.strip() for part in text.split(",")]
    if len(set(chosen)) != len(chosen) or not set(chosen) <= set(known):
        raise refused("policy_annotation", f"{what} is a list of {', '.join(known)}")
    return tuple(each for each in known if each in chosen)


def _number(text: str | None, default: int, most: int, what: str) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise refused("policy_annotation", f"{what} is a number from 1 to {most}")
    return int(text)


def _beginning(text: str) -> str:
    lines = (line.strip() for line in text.splitlines())
    return next((line[:60] for line in lines if line and not line.startswith("//")), "a rule")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
