"""Broken about the one request."""

import time
from dataclasses import replace
from typing import ClassVar

from palyra_kernel.contracts.oauth import TokenReply
from palyra_kernel.values import Deadline, SensitiveBytes
from tests.testing.oauth_mutants import Healthy
from tests.testing.toy_adapter import ToyKeys


class IsNobody(Healthy):
    breaks = "test_a_refresh_is_one_request_of_the_standard"

    def refreshing(self, grant):
        request = super().refreshing(grant)
        return replace(
            request, form={name: request.form[name] for name in request.form if name != "client_id"}
        )


class SendsTheAccessTokenToo(Healthy):
    breaks = "test_the_token_stands_in_one_field"

    def refreshing(self, grant):
        request = super().refreshing(grant)
        return replace(request, form={**request.form, "assertion": grant.access_token})


class TriesAgain(Healthy):
    breaks = "test_it_is_never_sent_twice"

    def ask(self, http, request, deadline):
        answer = super().ask(http, request, deadline)
        if request.url.endswith("/token") and getattr(answer, "status", 0) == 503:
            return super().ask(http, request, deadline)
        return answer


class AuthenticatesTwice(Healthy):
    breaks = "test_a_client_authenticates_as_it_is_registered"

    def refreshing(self, grant):
        request = super().refreshing(grant)
        secret = grant.client_secret
        return request if secret is None else replace(request, form={**request.form, "client_secret": secret})


class HasItsOwnDeadline(Healthy):
    breaks = "test_the_deadline_goes_along"

    def refresh(self, grant, http, deadline):
        return super().refresh(grant, http, Deadline.after(10))


class WipesTooEarly(Healthy):
    breaks = "test_what_it_was_given_is_left_whole"

    def refresh(self, grant, http, deadline):
        outcome = super().refresh(grant, http, deadline)
        if not isinstance(outcome, TokenReply) and outcome.code == "network" and outcome.sent:
            grant.access_token.wipe()
        return outcome


class KeepsTheGrant(Healthy):
    breaks = "test_threads_get_their_own_tokens"
    grant = None

    def refresh(self, grant, http, deadline):
        self.grant = grant
        time.sleep(0.001)
        try:
            return super().refresh(self.grant, http, deadline)
        finally:
            self.grant = None


class PresentsNothing(Healthy):
    breaks = "test_no_login_is_no_request"

    def refreshing(self, grant):
        request = super().refreshing(grant)
        return request if grant.refresh_token else replace(request, form={"grant_type": "refresh_token"})

    def refresh(self, grant, http, deadline):
        answer = self.ask(http, self.refreshing(grant), deadline)
        return (
            super().refresh(grant, http, deadline)
            if grant.refresh_token is None
            else self.known(grant, answer)
        )

    def known(self, grant, answer):
        if not hasattr(answer, "json"):
            return answer
        return self.tokens(grant, answer) if self.has_tokens(answer) else self.refused(answer)


class RefreshesAKey(ToyKeys):
    breaks = "test_no_login_is_no_request"
    knobs: ClassVar = {"oauth": False}

    def refresh(self, grant, http, deadline):
        return Healthy.refresh(self, grant, http, deadline)


class KeepsTheSpentToken(Healthy):
    breaks = "test_the_tokens_arrive"

    def made(self, grant, answer, body, access, refresh):
        spent = refresh and SensitiveBytes(grant.refresh_token.reveal())
        return super().made(grant, answer, body, access, spent)
