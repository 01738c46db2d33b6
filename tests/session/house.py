"""A real vault with a cast of principals, and what it did as a test sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from palyra_kernel import Kernel, PalyraError
from palyra_kernel.access.member import Grants
from palyra_kernel.access.system import system_principal
from palyra_kernel.approvals.proof import Proven, Statement
from palyra_kernel.audit import Event
from palyra_kernel.session import Session
from palyra_kernel.values.ids import now_ms
from tests.support import Places

ME = str(system_principal())
OTHER = "user:other-owner"
OPERATOR = "user:operator"
NOBODY = "user:nobody"
PLANNER = "agent:planner"
READER = "agent:reader"
DEVICE = "device:01ARZ3NDEKTSV4RRFFQ69G5FAV"
TOKEN = "token:t1"
GATEWAY = "service:gateway"
CHANNEL = "channel:slack:T1"
SECOND_CHANNEL = "channel:slack:T2"
STRANGER = "agent:stranger"

CAST = {
    OTHER: Grants(roles=("Owner",)),
    OPERATOR: Grants(roles=("Operator",), workspaces=("main",)),
    NOBODY: Grants(),
    PLANNER: Grants(),
    READER: Grants(capabilities=("SecretsRead",)),
    DEVICE: Grants(),
    TOKEN: Grants(),
    GATEWAY: Grants(speaks_for=(CHANNEL, "skill:mail")),
    CHANNEL: Grants(),
    SECOND_CHANNEL: Grants(),
}

MARKED = "global/openai_api_key"
SECRETS = {
    "global/plain": b"plain value",
    MARKED: b"marked value",
    f"principal:{ME}/own": b"mine",
    f"principal:{PLANNER}/own": b"the agent's",
    f"{CHANNEL}/own": b"the channel's",
    "skill:mail/own": b"the skill's",
}


class Sure:
    """A proof that holds: of the statement, and of nothing else."""

    method = "test"

    def verify(self, statement: Statement) -> Proven:
        return Proven(statement=statement.digest, method=self.method, device="phone", at_ms=now_ms())


class House:
    """An open Kernel with the cast and the secrets."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.kernel = places.create()
        with self.kernel.session(ME) as session:
            for name, grants in CAST.items():
                session.principals.grant(name, grants)
        for ref, value in SECRETS.items():
            self.kernel.vault.put(ref, value)
        self.begun = self.kernel.audit.head().last

    def session(self, who: str = ME, **facts: Any) -> Session:
        return self.kernel.session(who, **facts)

    def events(self) -> list[Event]:
        """What was written down since the house was built; what is pending is written down first."""
        return [told.opened.event for told in self.kernel.audit.tail(10_000)][self.begun :]

    def durable(self) -> list[Event]:
        """The same, as another process sees it now: nothing that is pending."""
        with self.places.open() as other:
            return [told.opened.event for told in other.audit.tail(10_000)][self.begun :]

    def told(self) -> list[tuple[str, str, str]]:
        """Action, outcome and code of each event."""
        return [(event.action, event.outcome, event.code) for event in self.events()]

    def value(self, ref: str) -> bytes | None:
        """What the vault has, past all sessions."""
        try:
            with self.kernel.vault.get(ref) as secret:
                return secret.reveal()
        except PalyraError:
            return None

    def decide(self, id: str, *, allow: bool = True, by: str = ME, **verdict: Any) -> Any:
        """Answer a request, in a session of its own."""
        from palyra_kernel.approvals import Verdict

        with self.session(by) as session:
            return session.approvals.decide(
                id,
                Verdict(allow=allow, **verdict),
                proof=Sure(),
            )

    def close(self) -> None:
        self.kernel.close()


def answer(act: Callable[..., object], *given: object) -> str:
    """``ok``, or the code of what *act* raised."""
    try:
        done = act(*given)
    except PalyraError as error:
        return error.code
    if hasattr(done, "wipe"):
        done.wipe()
    return "ok"


class Commits:
    """Counts what is committed to the record store of *kernel*."""

    def __init__(self, kernel: Kernel) -> None:
        self._store = kernel._records.store
        self._commit = self._store.commit
        self.count = 0

    def __enter__(self) -> Self:
        def counted(*given: Any) -> None:
            self.count += 1
            self._commit(*given)

        vars(self._store)["commit"] = counted
        return self

    def __exit__(self, *_error: object) -> None:
        del vars(self._store)["commit"]
