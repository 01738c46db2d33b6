"""Broken about what it says of itself."""

from typing import ClassVar

import msgspec

from tests.testing.oauth_mutants import Healthy


class HasACapitalName(Healthy):
    breaks = "test_the_provider_can_be_written"
    provider = "Toy"


class ChangesItsMind(Healthy):
    breaks = "test_metadata_is_the_same_each_time"
    asked = 0

    def metadata(self, profile, http, deadline):
        self.asked += 1
        return msgspec.structs.replace(super().metadata(profile, http, deadline), default_lifetime=self.asked)


class HasAnEndpointForNothing(Healthy):
    breaks = "test_a_provider_with_logins_has_its_endpoints"
    knobs: ClassVar = {"revokes": False}

    def revoke(self, grant, http, deadline):
        return super(Healthy, self).revoke(grant, http, deadline)
