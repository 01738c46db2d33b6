"""A refresh token is sent once, to one place, in one field."""

from __future__ import annotations

from palyra_kernel.contracts.oauth import OAuthFailure, OAuthGrant, OAuthRefreshAdapter
from palyra_kernel.testing.oauth.base import (
    AdapterRules,
    new_grant,
    refresh,
    refreshed,
    secrets_of,
    tokens,
)
from palyra_kernel.testing.oauth.wire import MAYBE_ACTED, NOT_SENT, Answer, HttpReply, ScriptedClient
from palyra_kernel.testing.threads import together
from palyra_kernel.values import Deadline, SensitiveBytes


def _text(value: SensitiveBytes | None) -> bytes:
    assert value is not None
    return value.reveal()


class RefreshRules(AdapterRules):
    """A token that rotates dies of the second time it is seen."""

    def test_a_refresh_is_one_request_of_the_standard(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """RFC 6749, section 6: a POST to the token endpoint, with the name of the grant and of the client."""
        refresh(adapter, grant, wire, tokens())
        (sent,) = wire.sent
        assert (sent.method, sent.url) == ("POST", grant.metadata.token_endpoint)
        assert ("grant_type", "refresh_token") in sent.form
        assert ("client_id", grant.profile.client_id) in sent.form

    def test_the_token_stands_in_one_field(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """What stands in an address stands in the log of every proxy; the access token is nobody's business here."""
        refresh(adapter, grant, wire, tokens())
        places = [place for sent in wire.sent for place in sent.places(_text(grant.refresh_token))]
        assert set(places) == {"form refresh_token"}
        assert not any(sent.places(_text(grant.access_token)) for sent in wire.sent)

    def test_it_is_never_sent_twice(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H32: a token that was spent, and comes again, ends the login for everybody. Only the kernel knows
        whether it may be tried once more."""
        answers: list[Answer] = [*NOT_SENT, *MAYBE_ACTED]
        answers += [HttpReply(status=status, json={}) for status in (400, 401, 408, 429, 500, 503)]
        for answer in answers:
            refresh(adapter, grant, wire, answer, tokens())
            assert len(wire.sent) == 1, answer

    def test_a_client_authenticates_as_it_is_registered(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A secret in a second place is one more log that holds it, and some servers refuse the request for it."""
        for way in self.client_auths:
            if way == "none":
                continue
            confidential = new_grant(grant.profile, grant.metadata, way)
            refresh(adapter, confidential, wire, tokens())
            (sent,) = wire.sent
            place = "header authorization" if way == "client_secret_basic" else "form client_secret"
            assert sent.places(_text(confidential.client_secret)) == [place]

    def test_the_deadline_goes_along(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A refresh that outlives its deadline outlives the lease under which nobody else refreshes."""
        deadline = Deadline.after(5.0)
        wire.script(tokens())
        adapter.refresh(grant, wire.client, deadline)
        assert all(sent.deadline is not None and sent.deadline.at <= deadline.at for sent in wire.sent)

    def test_what_it_was_given_is_left_whole(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """The kernel wipes the values itself; until then it may need them, to ask whether the old token still works."""
        before = secrets_of(grant)
        refresh(adapter, grant, wire, tokens())
        refresh(adapter, grant, wire, "timeout")
        assert secrets_of(grant) == before

    def test_threads_get_their_own_tokens(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """An adapter that keeps the grant it works on answers one login with the tokens of another."""
        grants = [new_grant(grant.profile, grant.metadata) for _ in range(self.threads)]
        wire.script(tokens())
        together(self.threads, lambda number: adapter.refresh(grants[number], wire.client, soon_enough()))
        presented = sorted(
            value for sent in wire.sent for name, value in sent.form if name == "refresh_token"
        )
        assert presented == sorted(_text(one.refresh_token).decode() for one in grants)

    def test_no_login_is_no_request(
        self, adapter: OAuthRefreshAdapter, login: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Nobody refreshes a key: who is asked to, says that clearly, before anything was sent."""
        if self.oauth:
            login = OAuthGrant(profile=login.profile, metadata=login.metadata)  # one without a refresh token
        outcome = refresh(adapter, login, wire, tokens())
        assert isinstance(outcome, OAuthFailure)
        assert (wire.sent, outcome.sent) == ([], False)

    def test_the_tokens_arrive(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """The new ones, and not those that were sent."""
        answer = tokens()
        reply = refreshed(adapter, grant, wire, answer)
        assert reply.access_token.reveal().decode() == answer.json["access_token"]
        assert _text(reply.refresh_token).decode() == answer.json["refresh_token"]


def soon_enough() -> Deadline:
    """For threads that wait for each other."""
    return Deadline.after(60.0)
