"""A credential goes to the hosts that are declared, and to no other."""

from __future__ import annotations

from urllib.parse import urlsplit

from palyra_kernel.contracts.oauth import (
    OAuthGrant,
    OAuthMetadata,
    OAuthRefreshAdapter,
    ProviderProfile,
)
from palyra_kernel.net.hosts import Hosts
from palyra_kernel.testing.io_calls import reaching_out
from palyra_kernel.testing.oauth.base import AdapterRules, canary, soon, tokens
from palyra_kernel.testing.oauth.wire import HttpReply, ScriptedClient

_ENDPOINTS = (
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
)


class HostRules(AdapterRules):
    """What a human allows when they enable a plugin is this list."""

    def everything(
        self, adapter: OAuthRefreshAdapter, profile: ProviderProfile, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Each call that may reach the network, answered well and badly."""
        for answer in (
            tokens(),
            HttpReply(status=401, json={}),
            HttpReply(status=503, json={}),
            "connection_lost",
        ):
            wire.script(answer)
            adapter.metadata(profile, wire.client, soon())
            adapter.refresh(grant, wire.client, soon())
            adapter.revoke(grant, wire.client, soon())
            adapter.probe(grant, wire.client, soon())
            adapter.preflight(canary(), wire.client, soon())

    def test_hosts_are_names(self, adapter: OAuthRefreshAdapter) -> None:
        """A pattern, an address, or a text that is read letter by letter allows what nobody meant."""
        assert isinstance(adapter.hosts, tuple)
        Hosts(adapter.hosts)
        assert all(urlsplit(f"//{host}").hostname not in (None, "localhost") for host in adapter.hosts)
        assert not any(host.replace(".", "").replace(":", "").isdigit() for host in adapter.hosts)

    def test_no_request_leaves_them(
        self, adapter: OAuthRefreshAdapter, profile: ProviderProfile, login: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H48: a profile could name any host, and a token was sent there."""
        self.everything(adapter, profile, login, wire)
        assert wire.strays == []

    def test_endpoints_are_at_these_hosts(
        self, adapter: OAuthRefreshAdapter, metadata: OAuthMetadata, profile: ProviderProfile
    ) -> None:
        """The kernel sends secrets there by itself, like the code of a login. Where the browser goes gets none."""
        hosts = Hosts(adapter.hosts or [urlsplit(profile.issuer).netloc])
        for name in _ENDPOINTS:
            if endpoint := getattr(metadata, name):
                hosts.admitted(endpoint)

    def test_the_browser_is_sent_to_https(self, metadata: OAuthMetadata) -> None:
        """Whoever reads the redirect of a login reads its code."""
        assert urlsplit(metadata.authorization_endpoint).scheme in ("https", "")
        assert not urlsplit(metadata.authorization_endpoint).fragment

    def test_the_network_is_reached_through_the_client(
        self, adapter: OAuthRefreshAdapter, profile: ProviderProfile, login: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H50: another client has another idea of proxies, redirects and certificates."""
        with reaching_out() as seen:
            self.everything(adapter, profile, login, wire)
        assert seen == []
