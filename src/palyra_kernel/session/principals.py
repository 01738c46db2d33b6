"""Who else may act, as far as the principal of a session may say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from palyra_kernel.access.directory import Directory
from palyra_kernel.access.member import Grants, Member
from palyra_kernel.errors import ConflictError, DeniedError
from palyra_kernel.policy.codes import UNKNOWN_PRINCIPAL
from palyra_kernel.records import Change
from palyra_kernel.session.gate import Gate
from palyra_kernel.session.verbs import changed, looked
from palyra_kernel.values.decisions import VAULT, Resource
from palyra_kernel.values.principals import Principal, Subject

_Plan = Callable[[Subject, Principal], Change]


class SessionPrincipals:
    """The directory of principals. Each method raises :class:`DeniedError` and :class:`ApprovalRequiredError`."""

    def __init__(self, gate: Gate, directory: Directory) -> None:
        self._gate = gate
        self._directory = directory

    def list(self) -> list[Member]:
        """Everybody that the vault knows, by name."""

        def look() -> list[Member]:
            return [member for _, member in sorted(self._directory.snapshot().members.items())]

        return looked(self._gate, self._gate.enter("principal.list", VAULT), look)

    def grant(self, principal: str | Principal, grants: Grants) -> Member:
        """Give *grants*. See :meth:`Directory.plan_grant` for what is refused. The answer is what it has now."""
        parsed = Principal.parse(principal)
        self._change("principal.grant", parsed, grants, partial(self._directory.plan_grant, grants=grants))
        member = self._directory.snapshot().members.get(parsed)
        if member is None:
            raise ConflictError("record_changed", f"{parsed} was revoked again by somebody else")
        return member

    def revoke(self, principal: str | Principal, grants: Grants | None = None) -> None:
        """Take *grants*, or everything. See :meth:`Directory.plan_revoke` for what is refused."""
        parsed = Principal.parse(principal)
        self._change("principal.revoke", parsed, grants, partial(self._directory.plan_revoke, grants=grants))

    def _change(self, action: str, principal: Principal, grants: Grants | None, plan: _Plan) -> None:
        labels = () if grants is None else tuple(f"role={role}" for role in grants.roles)
        arguments = None if grants is None else msgspec.to_builtins(grants)
        resource = Resource("principal", str(principal))
        permit = self._gate.enter(action, resource, arguments=arguments, labels=labels)
        changed(self._gate, permit, lambda: plan(self._actor(), principal))

    def _actor(self) -> Subject:
        subject = self._gate.judge.subject(self._gate.who.principal)
        if subject is None:  # revoked since it was decided
            raise DeniedError(UNKNOWN_PRINCIPAL, "nobody is known by this name")
        return subject
