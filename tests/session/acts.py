"""Everything that a session can do, each as one act with what it leaves in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from palyra_kernel.access.member import Grants
from palyra_kernel.approvals import Verdict
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.session import Session
from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.session.house import NOBODY, PLANNER, Sure

MORE_RULES = '\n@id("extra") forbid (principal, action == Action::"secret.destroy", resource);\n'


class Act(NamedTuple):
    """*do* it; the log says *action*. *kind*: ``read`` (grouped), ``value`` (durable where it leaves the process) or
    ``change`` (committed with its event)."""

    action: str
    kind: str
    do: Callable[[Any], Any]


def other_bundle() -> Bundle:
    files = dict(Bundle.default().files)
    return Bundle(files | {"organisation.cedar": files["organisation.cedar"] + MORE_RULES})


def done(act: Callable[..., None], *given: Any, **more: Any) -> bool:
    """For an act without an answer."""
    act(*given, **more)
    return True


def decided(session: Session, id: str) -> object:
    """Allow the approval *id* in *session*, with a proof that holds."""
    return session.approvals.decide(id, Verdict(allow=True), proof=Sure())


SECRET_ACTS = {
    "get": Act("secret.read", "value", lambda s: s.secrets.get("global/plain")),
    "get_many": Act("secret.read", "value", lambda s: s.secrets.get_many(["global/plain"])),
    "get_each": Act("secret.read", "value", lambda s: s.secrets.get_each([VaultRef.parse("global/plain")])),
    "resolve": Act("secret.read", "value", lambda s: s.resolver.resolve("vault://plain").value),
    "resolve_many": Act(
        "secret.read", "value", lambda s: s.resolver.resolve_many(["vault://plain"])["vault://plain"].value
    ),
    "check": Act("secret.describe", "read", lambda s: done(s.secrets.check, "global/plain")),
    "stat": Act("secret.describe", "read", lambda s: s.secrets.stat("global/plain")),
    "history": Act("secret.describe", "read", lambda s: s.secrets.history("global/plain")),
    "explain": Act("secret.describe", "read", lambda s: s.resolver.explain("vault://plain")),
    "list": Act("secret.list", "read", lambda s: s.secrets.list("global")),
    "put": Act("secret.write", "change", lambda s: s.secrets.put("global/plain", b"new")),
    "put_many": Act("secret.write", "change", lambda s: s.secrets.put_many({"global/plain": b"new"})),
    "delete": Act("secret.delete", "change", lambda s: s.secrets.delete("global/plain")),
    "undelete": Act("secret.write", "change", lambda s: s.secrets.undelete("global/deleted")),
    "rollback": Act("secret.write", "change", lambda s: s.secrets.rollback("global/plain", 1)),
    "destroy": Act("secret.destroy", "change", lambda s: s.secrets.destroy("global/plain")),
}
OTHER_ACTS = {
    "principals": Act("principal.list", "read", lambda s: s.principals.list()),
    "grant": Act(
        "principal.grant", "change", lambda s: s.principals.grant(NOBODY, Grants(roles=("Operator",)))
    ),
    "revoke": Act("principal.revoke", "change", lambda s: done(s.principals.revoke, PLANNER)),
    "policy": Act("policy.show", "read", lambda s: s.policies.active()),
    "policy before": Act("policy.show", "read", lambda s: s.policies.previous() or True),
    "apply": Act("policy.apply", "change", lambda s: done(s.policies.apply, other_bundle())),
    "approvals": Act("approval.list", "read", lambda s: s.approvals.list()),
    "show": Act("approval.show", "read", lambda s: s.approvals.show(asked(s))),
    "decide": Act("approval.decide", "change", lambda s: decided(s, asked(s))),
    "cancel": Act("approval.cancel", "change", lambda s: s.approvals.cancel(asked(s))),
    "passphrase": Act(
        "approval.passphrase",
        "change",
        lambda s: done(s.approvals.set_passphrase, SensitiveBytes(b"a long passphrase")),
    ),
    "vouch": Act("principal.vouch", "change", lambda s: done(s.vouch, Resource("principal", PLANNER))),
}
ACTS = SECRET_ACTS | OTHER_ACTS


def asked(session: Session) -> str:
    """The approval that waits in this vault."""
    (waiting,) = [each for each in session._services.grants.all() if each.state == "pending"]
    return waiting.id
