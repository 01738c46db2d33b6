"""A login that ends here ends at the provider too, and whether it did is said as it is."""

from __future__ import annotations

import pytest

from palyra_kernel.contracts.oauth import OAuthFailure, OAuthGrant, OAuthRefreshAdapter
from palyra_kernel.testing.oauth.base import AdapterRules, secrets_of, soon
from palyra_kernel.testing.oauth.wire import MAYBE_ACTED, NOT_SENT, Answer, HttpReply, ScriptedClient

_HINTS = ("access_token", "refresh_token")


class RevokeRules(AdapterRules):
    """RFC 7009 and RFC 7662."""

    def revoked(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient, *answers: Answer
    ) -> OAuthFailure | None:
        """What comes of a revocation that is answered so."""
        wire.script(*answers)
        return adapter.revoke(grant, wire.client, soon())

    def test_both_tokens_are_revoked(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H42: the access token was left, and worked for an hour; without a hint some servers do not find it."""
        if not self.revokes:
            pytest.skip("revokes is False")
        assert self.revoked(adapter, grant, wire, HttpReply(json={})) is None
        sent = [(one.url, dict(one.form)["token"], dict(one.form)["token_type_hint"]) for one in wire.sent]
        values = (value.decode() for value in secrets_of(grant))
        endpoint = grant.metadata.revocation_endpoint
        assert sorted(sent) == sorted(
            (endpoint, value, hint) for value, hint in zip(values, _HINTS, strict=True)
        )

    def test_a_token_stands_in_one_field(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """One that is being revoked still works."""
        self.revoked(adapter, grant, wire, HttpReply(json={}))
        places = [
            place for sent in wire.sent for secret in secrets_of(grant) for place in sent.places(secret)
        ]
        assert set(places) <= {"form token"}

    def test_what_failed_is_not_called_done(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """The kernel tries later what failed, and forgets what is done."""
        if not self.revokes:
            pytest.skip("revokes is False")
        down = [HttpReply(status=status, json={}) for status in (400, 401, 403, 404, 429, 500, 503)]
        answers: list[Answer] = [*down, *NOT_SENT, *MAYBE_ACTED]
        for answer in answers:
            assert isinstance(self.revoked(adapter, grant, wire, answer), OAuthFailure), answer

    def test_half_done_is_not_done(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """One of two tokens is revoked; the other one works."""
        if not self.revokes:
            pytest.skip("revokes is False")
        for answers in ((HttpReply(json={}), "timeout"), ("timeout", HttpReply(json={}))):
            assert isinstance(self.revoked(adapter, grant, wire, *answers), OAuthFailure)

    def test_without_a_way_nothing_is_sent(
        self, adapter: OAuthRefreshAdapter, login: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A provider without revocation has none; to say that it is done is a lie that nobody notices."""
        if self.oauth and self.revokes:
            pytest.skip("revokes is True")
        outcome = self.revoked(adapter, login, wire, HttpReply(json={}))
        assert isinstance(outcome, OAuthFailure)
        assert (wire.sent, outcome.sent) == ([], False)

    def test_a_probe_spends_nothing(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A refresh token that is shown to find out whether it was spent is spent by that."""
        wire.script(HttpReply(json={"active": True}))
        adapter.probe(grant, wire.client, soon())
        refresh_token = secrets_of(grant)[1]
        assert not any(sent.places(refresh_token) for sent in wire.sent)
        assert grant.metadata.token_endpoint not in [sent.url for sent in wire.sent]

    def test_a_probe_says_what_it_knows(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Silence is no proof: a login is neither saved nor ended by it."""
        for answer in (
            *NOT_SENT,
            *MAYBE_ACTED,
            HttpReply(status=500, json={}),
            HttpReply(status=429, json={}),
        ):
            wire.script(answer)
            assert adapter.probe(grant, wire.client, soon()) == "unknown", answer
