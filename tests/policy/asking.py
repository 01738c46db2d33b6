"""Requests and subjects in one line each."""

from typing import Any

from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal, Subject

NOON_MS = 1_700_000_000_000


def subject(principal, *roles, **more):
    return Subject(principal=Principal.parse(principal), roles=roles, **more)


def request(principal, action, resource, **more: Any):
    voucher = more.pop("vouched_by", None)
    facts: dict[str, Any] = {"at_ms": NOON_MS, "session": "s1"} | more
    return ActionRequest(
        principal=Principal.parse(principal),
        action=action,
        resource=Resource.parse(resource),
        vouched_by=None if voucher is None else Principal.parse(voucher),
        **facts,
    )


OWNER = subject("user:1000", "Owner")
ADMIN = subject("user:1001", "Admin", workspaces=("main",))
OPERATOR = subject("user:1002", "Operator", workspaces=("main",))
AGENT = subject("agent:planner")
READER = subject("agent:planner", capabilities=("SecretsRead",))
GATEWAY = subject("service:gateway", speaks_for=("channel:slack:T1", "skill:mail"))
CHANNEL = subject("channel:slack:T1")


def answer(engine, who, action, resource, voucher=None, **more):
    """Ask as *who*; the answer in short: ``allow``, ``approval CODE`` or ``deny CODE``."""
    options = {name: more.pop(name) for name in ("approved", "layer") if name in more}
    vouched_by = str(voucher.principal) if voucher else None
    asked = request(str(who.principal), action, resource, vouched_by=vouched_by, **more)
    return short(engine.decide(asked, who, voucher, **options))


def short(decision):
    kind = {"Allow": "allow", "Deny": "deny", "RequireApproval": "approval"}[type(decision).__name__]
    return kind if kind == "allow" else f"{kind} {decision.code}"


ORGANISATION = Bundle.default().files["organisation.cedar"]
DATA = Bundle.default().files["bundle.toml"]


def bundle(rules="", data=None, *, base=ORGANISATION, **workspaces):
    """The default bundle with more rules, other data, and workspaces."""
    files = {"organisation.cedar": base + "\n" + rules, "bundle.toml": DATA if data is None else data}
    return Bundle(files | {f"workspaces/{name}.cedar": text for name, text in workspaces.items()})


def engine_of(rules="", data=None, **more):
    return PolicyEngine(bundle(rules, data, **more))
