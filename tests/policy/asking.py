"""Requests and subjects in one line each."""

from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal, Subject

NOON_MS = 1_700_000_000_000


def subject(principal, *roles, **more):
    return Subject(principal=Principal.parse(principal), roles=roles, **more)


def request(principal, action, resource, **more):
    voucher = more.pop("vouched_by", None)
    return ActionRequest(
        principal=Principal.parse(principal),
        action=action,
        resource=Resource.parse(resource),
        vouched_by=None if voucher is None else Principal.parse(voucher),
        **{"at_ms": NOON_MS, "session": "s1"} | more,
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
