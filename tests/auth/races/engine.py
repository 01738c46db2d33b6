"""What asks for a token: the parts of the engine, until there is a face of them all."""

from __future__ import annotations

import os
from typing import NamedTuple

from palyra_kernel import SensitiveBytes
from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.families import Families
from palyra_kernel.auth.flights import Flights
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.refresh import Refresher
from palyra_kernel.auth.registry import Registry
from palyra_kernel.auth.store import Accounts, NewCredential
from palyra_kernel.auth.tokens import Tokens
from palyra_kernel.contracts.oauth import OAuthFailure, TokenReply
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.net import NOTHING_SENT, HttpClient, HttpRequest
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.vault import Vault
from tests.auth.races.logins import LIFETIME, Login
from tests.support import Places

ID = "main"


class Served(NamedTuple):
    generation: int
    expires_at_ms: int | None
    token: bytes


class _Issuer:
    def __init__(self, http):
        self.http = http

    def refresh(self, grant, deadline):
        form = {
            "grant_type": "refresh_token",
            "refresh_token": grant.refresh_token,
            "client_id": grant.profile.client_id,
        }
        try:
            with self.http.send(
                HttpRequest("POST", grant.metadata.token_endpoint, form=form), deadline=deadline
            ) as a:
                body = a.json()
                if a.status != 200:
                    return OAuthFailure(code=body["error"], status=a.status)
                return TokenReply(
                    access_token=SensitiveBytes(body["access_token"].encode()),
                    refresh_token=SensitiveBytes(body["refresh_token"].encode()),
                    expires_in=body["expires_in"],
                )
        except PalyraError as e:
            return OAuthFailure(code="network", sent=e.code not in NOTHING_SENT)

    def probe(self, grant, deadline):
        try:
            with self.http.send(
                HttpRequest(
                    "GET",
                    grant.metadata.userinfo_endpoint,
                    headers={"authorization": "Bearer " + grant.access_token.reveal().decode()},
                ),
                deadline=deadline,
            ) as a:
                return "active" if a.status == 200 else "inactive"
        except PalyraError:
            return "unknown"


class Engine:
    def __init__(self, places: Places, clock: Clock, host: str) -> None:
        self.kernel = places.open()
        k = self.kernel
        self.clock = clock
        self.registry = Registry(k._records)
        self.families = Families(k._records)
        self.tokens = Tokens(k._records, Vault(k._records, k._index, k._objects, versions_kept=1))
        self.accounts = Accounts(k._records, self.registry, self.families, self.tokens, clock)
        self.http = HttpClient([], loopback=[host])
        self.refresher = Refresher(
            self.families,
            self.tokens,
            lambda p: _Issuer(self.http),
            lambda p, n: 15000,
            clock,
            str(os.getpid()),
        )
        self.flights = Flights()

    def save(self, login: Login) -> None:
        profile = Profile(
            id=ID,
            provider=Provider("custom", "acme"),
            name="Main",
            scope=GLOBAL,
            credential=OAuthLogin(metadata=login.metadata, client_id=login.client_id),
        )
        reply = TokenReply(
            access_token=SensitiveBytes(login.access_token.encode()),
            refresh_token=SensitiveBytes(login.refresh_token.encode()),
            expires_in=LIFETIME,
        )
        self.accounts.save(profile, NewCredential(reply=reply))

    def get_token(self) -> Served:
        profile = self.registry.find(ID)
        while True:
            family = self.families.read(ID)[1]
            if family.terminal:
                raise UnavailableError("reauth_required", family.terminal_code)
            if family.expires_at_ms > self.clock.now_ms():
                with self.tokens.read(ID) as held:
                    if held.of(family):
                        return Served(held.generation, family.expires_at_ms, held.access_token.reveal())
                continue
            done = self.flights.join(
                ID, lambda: self.refresher.refresh(profile, after=family.generation), Deadline.after(60)
            )
            if done.outcome == "failed" and not done.family.terminal:
                raise UnavailableError("refresh_failed", done.family.last_error)

    def generation(self):
        return self.families.read(ID)[1].generation

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.http.close()
        self.kernel.close()
