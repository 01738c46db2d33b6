"""What the sessions of an open Kernel share, made when the first of them begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from palyra_kernel.access.directory import Directory
from palyra_kernel.access.system import system_principal
from palyra_kernel.config import BucketConfig
from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.errors import ConflictError, InvalidInputError
from palyra_kernel.kernel.approving import make_approvals, pairings_follow
from palyra_kernel.plugins.guard_checks import close_checks, open_checks
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.engine import PolicyEngine
from palyra_kernel.policy.store import PolicyStore
from palyra_kernel.records import Records
from palyra_kernel.records.guard import SetState
from palyra_kernel.session import Services, Session
from palyra_kernel.session.limits import Limit, Limits
from palyra_kernel.session.who import Facts, Who
from palyra_kernel.values.ids import new_id
from palyra_kernel.values.principals import Principal

if TYPE_CHECKING:
    from palyra_kernel.kernel.kernel import Kernel

_PROGRAMS = BucketConfig(burst=1_000, per_minute=6_000.0)
"""What a program may do of one kind, unless palyra.toml says otherwise."""


class Engines:
    """The engine for the policies as they are now."""

    def __init__(self, store: PolicyStore, checks: Sequence[PolicyCheck]) -> None:
        self._store = store
        self._checks = checks
        self._engine: PolicyEngine | None = None

    def find(self, action: str, state: SetState | None) -> PolicyEngine:
        """The engine that decides on *action*; another one once other policies are active. Policies that do not load
        can be replaced: on that the ones of the kernel decide."""
        find = self._store.repairing_at if action.startswith("policy.") else self._store.active_at
        bundle = find(state)
        engine = self._engine
        if engine is None or engine.digest != bundle.digest:
            engine = self._engine = PolicyEngine(bundle, self._checks)
        return engine


def make_services(kernel: Kernel, records: Records) -> Services:
    """Everything that sessions stand on. In a vault that knows nobody yet, its user becomes the Owner."""
    directory = Directory(records)
    _settle_owner(records, directory)
    limits = Limits(*limits_of(kernel.config.limits))
    follow = pairings_follow(lambda: kernel.identity)
    approvals = partial(make_approvals, records, kernel.config.approvals, follow=follow)
    checks = open_checks(kernel.plugins.registry.policy_checks, kernel.config.checks)
    return Services(
        records=records,
        vault=kernel.vault,
        resolver=lambda: kernel.resolver,
        auth=lambda: kernel.auth,
        identity=lambda: kernel.identity,
        directory=directory,
        policies=kernel.policy,
        engine=Engines(kernel.policy, checks).find,
        grants=approvals().plans,
        approvals=approvals,
        group=kernel.audit.group,
        limits=limits,
        close=partial(close_checks, checks),
        nodes=lambda: kernel.nodes,
    )


def limits_of(tables: Mapping[str, BucketConfig]) -> tuple[Mapping[str, Limit], Limit]:
    """The limits of palyra.toml, and that of programs for all other actions.

    Raises :class:`InvalidInputError` ``invalid_config`` for one of an unknown action: somebody believes that it holds.
    """
    limits = {action: Limit(each.burst, each.per_minute) for action, each in tables.items()}
    default = limits.pop("default", Limit(_PROGRAMS.burst, _PROGRAMS.per_minute))
    unknown = sorted(limits.keys() - Bundle.default().actions.resources.keys()) if limits else []
    if unknown:
        raise InvalidInputError(
            "invalid_config",
            f"[limits.{unknown[0][:80]!r}]: there is no such action",
            hint="actions are listed in docs/policy.md; `default` is for all others",
        )
    return limits, default


def _settle_owner(records: Records, directory: Directory) -> None:
    """A vault from before there were principals: its folders belong to the user who opened it."""
    if directory.snapshot().version == 0:
        try:
            records.commit(directory.plan_first(system_principal()))
        except ConflictError:
            directory.snapshot()  # somebody else was first


def make_session(
    services: Services, principal: str | Principal, purpose: str, policies: str | None, facts: Facts
) -> Session:
    """A session of *principal*. Raises :class:`InvalidInputError` for names and *policies* that mean nothing."""
    members: dict[str, Any] = {"session": new_id(), **facts}
    voucher = members.pop("vouched_by", None)
    who = Who(
        principal=Principal.parse(principal),
        purpose=purpose,
        vouched_by=None if voucher is None else Principal.parse(voucher),
        **members,
    )
    layer = None if policies is None else services.policies.active().session_layer(policies)
    return Session(services, who, layer)
