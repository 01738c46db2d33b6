"""A small adapter of somebody else's, the client below it, and a grant: what tests of the guard are made of."""

from __future__ import annotations

from typing import Any

from palyra_kernel import Deadline, OAuthGrant, OAuthMetadata, ProviderProfile, SensitiveBytes
from tests.auth.answers import answer
from tests.plugins.test_plugin_guard import PAYLOAD

ADAPTER = """
from palyra_kernel import (
    HttpRequest, OAuthMetadata, OAuthRefreshAdapter, Preflight, hookimpl, standard_classify, standard_refresh,
    standard_revoke,
)

class Acme(OAuthRefreshAdapter):
    provider = "acme"
    hosts = ("auth.acme.example", "api.acme.example")
    def metadata(self, profile, http, deadline):
        return OAuthMetadata(token_endpoint="https://auth.acme.example/token")
    def refresh(self, grant, http, deadline):
        return standard_refresh(grant, http, deadline)
    def revoke(self, grant, http, deadline):
        return standard_revoke(grant, http, deadline)
    def classify(self, response):
        return standard_classify(response)
    def preflight(self, key, http, deadline):
        return Preflight(outcome="ok", status=200)

@hookimpl
def palyra_oauth_adapters():
    return [Acme]
"""
PROFILE = ProviderProfile(provider="custom:acme")
METADATA = OAuthMetadata(
    token_endpoint="https://auth.acme.example/token", revocation_endpoint="https://auth.acme.example/revoke"
)
KEY = SensitiveBytes(PAYLOAD.encode())


class Wire:
    """The client below: it answers, or raises, and remembers deadlines."""

    def __init__(self, outcome: Any = None) -> None:
        self.outcome = outcome
        self.deadlines: list[Deadline] = []

    def send(self, request, *, deadline=None):
        self.deadlines.append(deadline)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return answer(self.outcome or {"access_token": "new-access"})


def wire(outcome=None) -> Any:
    return Wire(outcome)


def soon():
    return Deadline.after(20)


def past():
    """A deadline that was missed by more than the guard lets pass."""
    return Deadline.after(-60)


def grant():
    return OAuthGrant(
        profile=PROFILE,
        metadata=METADATA,
        access_token=SensitiveBytes(b"old-access"),
        refresh_token=SensitiveBytes(PAYLOAD.encode()),
        client_secret=SensitiveBytes(b"client-secret"),
    )


def returning(value):
    """A method that answers *value*."""
    return lambda *_: value
