"""Broken about what it shows."""

import logging
import warnings

import msgspec

from tests.testing.oauth_mutants import Healthy


class QuotesTheQuestion(Healthy):
    breaks = "test_failures_show_no_secret"

    def refresh(self, grant, http, deadline):
        outcome = super().refresh(grant, http, deadline)
        if getattr(outcome, "status", 0) == 599:
            raise ValueError(f"status 599 for {grant.refresh_token.reveal()!r}")
        return outcome


class QuotesTheAnswer(Healthy):
    breaks = "test_failures_show_no_secret"

    def code(self, answer, said):
        return str(said) if answer.status == 599 else super().code(answer, said)


class LogsTheForm(Healthy):
    breaks = "test_logs_show_no_secret"

    def refreshing(self, grant):
        logging.getLogger("toy").debug("refreshing with %s", grant.refresh_token.reveal())
        return super().refreshing(grant)


class WarnsWithTheToken(Healthy):
    breaks = "test_warnings_show_no_secret"

    def refused(self, answer):
        if answer.status == 599:
            warnings.warn(f"odd: {answer.body.reveal()!r}", stacklevel=2)
        return super().refused(answer)


class RemembersTheToken(Healthy):
    breaks = "test_an_adapter_keeps_nothing"

    def refreshing(self, grant):
        self.last = grant.refresh_token
        return super().refreshing(grant)


class PutsATokenAmongTheScopes(Healthy):
    breaks = "test_a_reply_shows_no_token"

    def made(self, grant, answer, body, access, refresh):
        reply = super().made(grant, answer, body, access, refresh)
        return msgspec.structs.replace(reply, scopes=tuple(filter(None, [body.get("id_token")])))
