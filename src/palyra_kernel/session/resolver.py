"""References as a principal may use them: every link of a chain is decided before any source is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from palyra_kernel.errors import DeniedError, InvalidInputError, UnavailableError
from palyra_kernel.resolve.explain import Explanation
from palyra_kernel.resolve.outcome import Resolution, exception_of
from palyra_kernel.resolve.resolver import Given, OnePass, SecretResolver
from palyra_kernel.session.gate import Gate, Permit
from palyra_kernel.session.secrets import SessionSecrets
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.secret_ref import SecretRef

_Given = TypeVar("_Given", bound=Given)


class SessionPass:
    """References of one session, through the resolver or one run of it. An outcome is ``blocked`` where the session may
    not read what any link of the chain names; a link that is never reached counts too.
    """

    def __init__(
        self, gate: Gate, secrets: SessionSecrets, resolver: SecretResolver, within: OnePass
    ) -> None:
        self._gate = gate
        self._secrets = secrets
        self._resolver = resolver
        self._within = within

    def resolve(self, ref: Given, *, deadline: Deadline | None = None) -> Resolution:
        """Resolve one reference; use the outcome in a ``with`` block."""
        return self.resolve_many((ref,), deadline=deadline)[ref]

    def resolve_many(
        self, refs: Iterable[_Given], *, deadline: Deadline | None = None
    ) -> dict[_Given, Resolution]:
        """Resolve several references in one pass, each outcome under its reference as it was given."""
        permits: dict[_Given, list[Permit]] = {}
        refused: dict[_Given, Resolution] = {}
        for given in dict.fromkeys(refs):
            try:
                permits[given] = self._entered(SecretRef.parse(given))
            except InvalidInputError:
                permits[given] = []  # the resolver says what is wrong with it
            except (DeniedError, UnavailableError) as error:
                refused[given] = self._resolver.refused(given, error)
        outcomes = self._within.resolve_many(permits, deadline=deadline)
        try:
            self._settle(permits, outcomes)
        except BaseException:
            for outcome in outcomes.values():
                outcome.__exit__(None, None, None)
            raise
        return outcomes | refused

    def _entered(self, ref: SecretRef) -> list[Permit]:
        return [self._entered_link(link) for link in ref.chain]

    def _entered_link(self, link: SecretRef) -> Permit:
        if link.scheme == "vault":
            return self._secrets.reading(link.ref)
        which = {"reference": self._resolver.fingerprint(link)}  # and no path, name or argument
        return self._gate.enter("source.use", Resource("source", link.scheme), arguments=which)

    def _settle(self, permits: Mapping[_Given, list[Permit]], outcomes: Mapping[_Given, Resolution]) -> None:
        """The link that gave the value was used; where there is none, all of them were tried."""
        used: list[Permit] = []
        for given, links in permits.items():
            outcome = outcomes[given]
            if outcome.error is not None:
                self._gate.fail(links, exception_of(outcome.error))
            elif links:
                used.append(links[outcome.metadata.link])
        self._gate.settle(used)


class SessionResolver(SessionPass):
    """See :class:`SecretResolver`, whose methods it has."""

    def __init__(self, gate: Gate, secrets: SessionSecrets, resolver: SecretResolver) -> None:
        super().__init__(gate, secrets, resolver, resolver)

    def run(self) -> SessionRun:
        """Begin a run: see :meth:`SecretResolver.run`."""
        return SessionRun(self._gate, self._secrets, self._resolver)

    def explain(self, ref: Given) -> Explanation:
        """What resolving *ref* would do and cost: see :meth:`SecretResolver.explain`. It is a look at what it names."""
        for link in SecretRef.parse(ref).chain:
            if link.scheme == "vault":
                self._secrets.described(link.ref, lambda: None)
        return self._resolver.explain(ref)


class SessionRun(SessionPass):
    """One run of a program; use it in a ``with`` block."""

    def __init__(self, gate: Gate, secrets: SessionSecrets, resolver: SecretResolver) -> None:
        self._run = resolver.run()
        super().__init__(gate, secrets, resolver, self._run)

    def __enter__(self) -> Self:
        self._run.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run.__exit__(kind, error, trace)
