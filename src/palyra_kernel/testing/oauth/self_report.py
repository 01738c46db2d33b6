"""What an adapter says about itself is true."""

from __future__ import annotations

import re

from palyra_kernel.contracts.oauth import OAuthMetadata, OAuthRefreshAdapter, ProviderProfile
from palyra_kernel.testing.oauth.base import AdapterRules, soon
from palyra_kernel.testing.oauth.wire import ScriptedClient


class SelfReportRules(AdapterRules):
    """Profiles name it, and the kernel believes it."""

    def test_the_provider_can_be_written(self, adapter: OAuthRefreshAdapter) -> None:
        """It stands in every profile; one with a capital is never found."""
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", adapter.provider)

    def test_metadata_is_the_same_each_time(
        self,
        adapter: OAuthRefreshAdapter,
        profile: ProviderProfile,
        metadata: OAuthMetadata,
        wire: ScriptedClient,
    ) -> None:
        """The kernel remembers the answer; an endpoint that differs later is a change that a human approves."""
        assert adapter.metadata(profile, wire.client, soon()) == metadata

    def test_a_provider_with_logins_has_its_endpoints(self, metadata: OAuthMetadata) -> None:
        """What is empty is what it does not have; a key has no endpoint that somebody could be sent to."""
        assert bool(metadata.token_endpoint) is self.oauth
        assert bool(metadata.revocation_endpoint) is (self.oauth and self.revokes)
