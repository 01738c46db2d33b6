"""The profiles of a vault as one process has them, with a clock of the test's."""

from __future__ import annotations

from typing import NamedTuple, Self

from palyra_kernel import SensitiveBytes
from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.contracts.oauth import TokenReply
from palyra_kernel.kernel.auth_events import AuthEvents
from palyra_kernel.values.deadline import Deadline
from tests.auth.races.logins import Login
from tests.auth.world import auth_of
from tests.support import Places

ID = "main"


class Served(NamedTuple):
    """What a caller got."""

    generation: int
    expires_at_ms: int
    token: str


class Engine:
    """Opens the vault at *places*, which several processes may do."""

    def __init__(self, places: Places, clock: Clock) -> None:
        self._kernel = places.open()
        events = AuthEvents(lambda: self._kernel.audit)
        self.auth = auth_of(self._kernel, clock, ended=events.tell)

    def save(self, login: Login) -> None:
        """The profile :data:`ID` has this login from now on."""
        credential = OAuthLogin(metadata=login.metadata, client_id=login.client_id)
        profile = Profile(
            id=ID, provider=Provider("custom", "acme"), name="Main", scope=GLOBAL, credential=credential
        )
        with (
            SensitiveBytes(login.access_token.encode()) as access,
            SensitiveBytes(login.refresh_token.encode()) as refresh,
        ):
            reply = TokenReply(access_token=access, refresh_token=refresh, expires_in=login.lifetime)
            self.auth.accounts.save(profile, NewCredential(reply=reply))

    def get_token(self) -> Served:
        """The only way to use it."""
        lease = self.auth.get_token(ID, deadline=Deadline.after(60))
        assert lease.expires_at_ms is not None
        return Served(lease.generation, lease.expires_at_ms, lease.reveal().decode())

    def refresh(self) -> str:
        """Now, whatever its age; what came of it."""
        return self.auth.refresh(ID, deadline=Deadline.after(60)).outcome

    def family(self) -> Family:
        """What is written down about it."""
        return self.auth.parts.families.read(ID)[1]

    def logged(self) -> int:
        """How many events the audit log has."""
        return self._kernel.audit.head().last

    def events(self, since: int) -> list[str]:
        """The actions of those behind *since*, oldest first; which of them ended the login is said."""
        found = [told.opened.event for told in self._kernel.audit.tail(self.logged() - since)]
        return [f"{event.action} {event.details.get('terminal', '')}".strip() for event in found]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.auth.close()
        self._kernel.close()
