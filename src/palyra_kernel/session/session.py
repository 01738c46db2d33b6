"""A session: somebody acts, for a purpose, from somewhere. Every surface of the kernel acts through one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from palyra_kernel.access.directory import Directory
from palyra_kernel.approvals import Approvals
from palyra_kernel.approvals.planning import Planner
from palyra_kernel.approvals.service import Perform
from palyra_kernel.audit import Group
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy.bundle import SessionLayer
from palyra_kernel.policy.store import PolicyStore
from palyra_kernel.records import Records
from palyra_kernel.session.approvals import SessionApprovals
from palyra_kernel.session.gate import Gate
from palyra_kernel.session.judge import FindEngine, Judge
from palyra_kernel.session.limits import Limits
from palyra_kernel.session.policies import SessionPolicies
from palyra_kernel.session.principals import SessionPrincipals
from palyra_kernel.session.secrets import SessionSecrets
from palyra_kernel.session.who import Who
from palyra_kernel.values.decisions import Decision, Resource
from palyra_kernel.values.principals import Principal, Subject
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from palyra_kernel.auth.service import AuthProfiles
    from palyra_kernel.identity.service import Identity
    from palyra_kernel.nodes.service import Nodes
    from palyra_kernel.resolve.resolver import SecretResolver
    from palyra_kernel.session.auth import SessionAuth
    from palyra_kernel.session.ca import SessionCa
    from palyra_kernel.session.devices import SessionDevices
    from palyra_kernel.session.nodes import SessionNodes
    from palyra_kernel.session.pairing import SessionPairing
    from palyra_kernel.session.resolver import SessionResolver


class Services(NamedTuple):
    """What all sessions of one Kernel share."""

    records: Records
    vault: Vault
    resolver: Callable[[], SecretResolver]
    auth: Callable[[], AuthProfiles]
    identity: Callable[[], Identity]
    directory: Directory
    policies: PolicyStore
    engine: FindEngine
    grants: Planner
    approvals: Callable[[Perform], Approvals]
    group: Group
    limits: Limits
    close: Callable[[], None]
    nodes: Callable[[], Nodes]


class Session:
    """Acts for one principal. Made by :meth:`Kernel.session`; use it from any thread, in a ``with`` block.

    Each method asks the policies, does the work, and writes an event; a mutation, the grant that it uses up and its
    event are one commit. Nothing is done that could not be written down.
    """

    def __init__(self, services: Services, who: Who, layer: SessionLayer | None) -> None:
        self._services = services
        self.who = who
        judge = Judge(services.records, services.directory, services.engine, services.grants)
        self.gate = Gate(
            who, judge, services.records, services.group, services.grants, services.limits, layer
        )
        """Where everything is decided; for the verbs of the command line and of listeners."""
        self.secrets = SessionSecrets(self.gate, services.vault)
        """The secrets that the principal may see."""
        self.principals = SessionPrincipals(self.gate, services.directory)
        """Who else may act."""
        self.policies = SessionPolicies(self.gate, services.policies)
        """The policies themselves."""
        self.approvals = SessionApprovals(self.gate, services.approvals)
        """What waits for a human, and what a human granted."""
        self._closed = False

    @property
    def principal(self) -> Principal:
        """Who acts."""
        return self.who.principal

    @property
    def subject(self) -> Subject:
        """The principal with what was granted to it. Raises :class:`DeniedError` if it is not known."""
        return self.gate.subject

    @property
    def resolver(self) -> SessionResolver:
        """Resolves references as far as the principal may."""
        from palyra_kernel.session.resolver import SessionResolver  # most sessions resolve none

        return SessionResolver(self.gate, self.secrets, self._services.resolver())

    @property
    def auth(self) -> SessionAuth:
        """Uses and manages credentials for providers as far as the principal may."""
        from palyra_kernel.session.auth import SessionAuth  # most sessions use none

        return SessionAuth(self.gate, self._services.auth(), self.secrets)

    @property
    def devices(self) -> SessionDevices:
        """The devices of this gateway."""
        from palyra_kernel.session.devices import SessionDevices  # most sessions look at none

        return SessionDevices(self.gate, self._services.identity())

    @property
    def pairing(self) -> SessionPairing:
        """Codes, and what is paired with them."""
        from palyra_kernel.session.pairing import SessionPairing  # most sessions pair nothing

        return SessionPairing(self.gate, self._services.identity(), self.approvals)

    @property
    def ca(self) -> SessionCa:
        """The certificate authority of this gateway."""
        from palyra_kernel.session.ca import SessionCa  # most sessions need none

        return SessionCa(self.gate, self._services.identity())

    @property
    def nodes(self) -> SessionNodes:
        """Asks devices for what they lend, and manages that, as far as the principal may."""
        from palyra_kernel.session.nodes import SessionNodes  # most sessions ask none

        services = self._services
        return SessionNodes(self.gate, services.nodes(), services.records, services.identity)

    def decide(
        self, action: str, resource: str | Resource, *, context: Mapping[str, Any] | None = None
    ) -> Decision:
        """Decide on an act that the caller does itself, like running a tool, and write the decision down, durably.

        *context*: ``arguments`` (any JSON without floats: exactly what will be done), ``capabilities`` (what it needs)
        and ``labels``. The answer is ``Allow`` (a grant that it stands on is used up by that), ``Deny`` or
        ``RequireApproval``, whose ``approval`` waits for a human from then on. Raises :class:`InvalidInputError` for a
        request that makes no sense, :class:`UnavailableError` ``rate_limited``.
        """
        if not isinstance(action, str):
            raise _invalid("an action is a text, like tool.execute")
        return self.gate.decide(action, Resource.parse(resource), **_facts(context or {}))

    @contextmanager
    def act(self, action: str, resource: str | Resource, **context: Any) -> Iterator[None]:
        """An act with a beginning and an end, like a rotation: its beginning is written down, durably, before the block
        is entered, and its failure behind it. Raises :class:`DeniedError`, :class:`ApprovalRequiredError`."""
        permit = self.gate.enter(action, Resource.parse(resource), **_facts(context))
        self.gate.settle([permit])
        with self.gate.watched([permit]):
            yield

    def vouch(self, who: Resource) -> None:
        """Say that a principal or skill is who it says. Raises :class:`DeniedError` unless this one may."""
        self.gate.settle([self.gate.enter("principal.vouch", who)])

    def close(self) -> None:
        """Write down what was only read. Closing twice is fine."""
        if not self._closed:
            self._closed = True
            self._services.group.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_FACTS = frozenset(("arguments", "capabilities", "labels"))


def _facts(context: Mapping[str, Any]) -> dict[str, Any]:
    """What of *context* goes into the request. Raises :class:`InvalidInputError` ``invalid_context``."""
    unknown = sorted(map(str, context.keys() - _FACTS))
    if unknown:
        raise _invalid(f"unknown: {', '.join(unknown)[:200]!r}; known are {', '.join(sorted(_FACTS))}")
    facts: dict[str, Any] = {name: _texts(name, context[name]) for name in context.keys() - {"arguments"}}
    return facts | {name: context[name] for name in context.keys() & {"arguments"}}


def _texts(name: str, given: object) -> tuple[str, ...]:
    if isinstance(given, (list, tuple, set, frozenset)) and all(isinstance(each, str) for each in given):
        return tuple(given)
    raise _invalid(f"{name} is a list of texts")


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError("invalid_context", f"the context of a decision: {message}")
