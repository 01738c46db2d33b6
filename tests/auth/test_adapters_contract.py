"""The built-in adapter keeps the contract, bare and behind its guard; so does the guard around one of an author."""

import pytest

from palyra_kernel.auth.oidc import OidcAdapter
from palyra_kernel.contracts.oauth import ProviderProfile
from palyra_kernel.plugins.guard_oauth import adapter_guard
from palyra_kernel.plugins.origin import builtin_origin, origin_of
from palyra_kernel.testing import OAuthRefreshAdapterContract
from tests.testing.toy_adapter import ToyAdapter

ISSUER = "https://issuer.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "revocation_endpoint": f"{ISSUER}/revoke",
    "introspection_endpoint": f"{ISSUER}/introspect",
    "jwks_uri": f"{ISSUER}/jwks",
    "code_challenge_methods_supported": ["S256"],
}


class AnyIssuer(OAuthRefreshAdapterContract):
    keys = False

    @pytest.fixture
    def profile(self):
        return ProviderProfile(provider="custom:acme", issuer=ISSUER, client_id="palyra-kit")

    @pytest.fixture
    def documents(self):
        places = ("openid-configuration", "oauth-authorization-server")
        return {f"{ISSUER}/.well-known/{place}": DOCUMENT for place in places}


class TestOidc(AnyIssuer):
    @pytest.fixture
    def adapter(self):
        return OidcAdapter()


class TestGuardedOidc(AnyIssuer):
    @pytest.fixture
    def adapter(self):
        return adapter_guard(OidcAdapter, builtin_origin(OidcAdapter.__module__))()


class TestGuardedToy(OAuthRefreshAdapterContract):
    @pytest.fixture
    def adapter(self):
        return adapter_guard(ToyAdapter, origin_of("toy", "acme-toy", "1.0", "acme_toy"))()
