"""The profiles of a vault as one process has them, with a clock of the test's."""

from __future__ import annotations

from typing import NamedTuple, NoReturn, Self

from palyra_kernel import SecretRef, SensitiveBytes
from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.grammar.standard import (
    standard_classify,
    standard_probe,
    standard_refresh,
    standard_revoke,
)
from palyra_kernel.auth.issuers import Issuers
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.contracts.oauth import OAuthRefreshAdapter, Preflight, TokenReply
from palyra_kernel.net import HttpClient
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.vault import Vault
from tests.auth.races.logins import LIFETIME, Login
from tests.support import Places

ID = "main"


class Served(NamedTuple):
    """What a caller got."""

    generation: int
    expires_at_ms: int
    token: str


class _Standard(OAuthRefreshAdapter):
    """What every issuer understands."""

    provider = "oidc"

    def metadata(self, profile, http, deadline):
        raise NotImplementedError

    def refresh(self, grant, http, deadline):
        return standard_refresh(grant, http, deadline)

    def probe(self, grant, http, deadline):
        return standard_probe(grant, http, deadline)

    def revoke(self, grant, http, deadline):
        return standard_revoke(grant, http, deadline)

    def classify(self, response):
        return standard_classify(response)

    def preflight(self, key, http, deadline):
        return Preflight(outcome="unexpected")


class Engine:
    """Opens the vault at *places*, which may be reached by several processes, for an issuer at *host*."""

    def __init__(self, places: Places, clock: Clock, host: str) -> None:
        self._kernel = kernel = places.open()
        self._http = HttpClient([], loopback=[host])
        adapter = _Standard()
        self.auth = AuthProfiles(
            kernel._records,
            Vault(kernel._records, kernel._index, kernel._objects, versions_kept=1),
            Issuers(lambda _: adapter, lambda _adapter, _profile: self._http),
            _read_nothing,
            clock=clock,
        )

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
            reply = TokenReply(access_token=access, refresh_token=refresh, expires_in=LIFETIME)
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.auth.close()
        self._http.close()
        self._kernel.close()


def _read_nothing(ref: SecretRef, deadline: Deadline) -> NoReturn:
    raise AssertionError(f"no profile here reads {ref}")
