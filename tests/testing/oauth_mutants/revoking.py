"""Broken about the end of a login."""

from dataclasses import replace
from typing import ClassVar

import msgspec

from palyra_kernel.contracts.oauth import OAuthFailure
from tests.testing.oauth_mutants import Healthy


class GivesNoHint(Healthy):
    breaks = "test_both_tokens_are_revoked"

    def revoking(self, grant, token, hint):
        return self.authenticated(grant, "revoke", {"token": token})


class PresentsWhatItRevokes(Healthy):
    breaks = "test_a_token_stands_in_one_field"

    def revoking(self, grant, token, hint):
        return replace(super().revoking(grant, token, hint), headers=self.headers(token, "oauth"))


class TakesNotFoundForGone(Healthy):
    breaks = "test_what_failed_is_not_called_done"

    def is_gone(self, answer):
        return answer.status in (200, 404)


class LooksAtTheLast(Healthy):
    breaks = "test_half_done_is_not_done"

    def summed(self, outcomes):
        return outcomes[-1]


class CallsItDone(Healthy):
    breaks = "test_without_a_way_nothing_is_sent"
    knobs: ClassVar = {"revokes": False}

    def metadata(self, profile, http, deadline):
        return msgspec.structs.replace(super().metadata(profile, http, deadline), revocation_endpoint="")

    def revoke(self, grant, http, deadline):
        return None


class ProbesTheRefreshToken(Healthy):
    breaks = "test_a_probe_spends_nothing"

    def probe(self, grant, http, deadline):
        self.ask(http, self.authenticated(grant, "introspect", {"token": grant.refresh_token}), deadline)
        return super().probe(grant, http, deadline)


class TakesSilenceForNo(Healthy):
    breaks = "test_a_probe_says_what_it_knows"

    def silent(self, answer):
        return "unknown" if isinstance(answer, OAuthFailure) else "inactive"
