"""What is no token must not be stored as one: it would take the place of one that works."""

from __future__ import annotations

from palyra_kernel.contracts.oauth import OAuthGrant, OAuthRefreshAdapter
from palyra_kernel.testing.oauth.base import TERMINAL, AdapterRules, failed, refreshed, tokens
from palyra_kernel.testing.oauth.wire import HttpReply, ScriptedClient

_LIFETIMES = (3600, "120", 1_800_000_000, 1_800_000_000_000, 0, -1, 12.5, "1h", 10**30, None)
_NO_TOKENS = (None, "", " ", 7, True, ["x"], {"x": "y"})
_NO_JSON = (
    b"",
    b"null",
    b"[]",
    b'"access_token"',
    b"7",
    b"{",
    b"access_token=x&expires_in=60",
    b"\xff",
    b"{}",
)


class ReplyRules(AdapterRules):
    """Replies of servers that are wrong, odd, or somebody else."""

    def test_a_lifetime_is_passed_on_as_it_came(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazards H10 and H11: seconds, text, absolute times. The kernel makes one sense of them for all adapters, and
        only if it sees what came."""
        for lifetime in _LIFETIMES:
            answer = tokens("expires_in", **{self.lifetime_field: lifetime})
            found = refreshed(adapter, grant, wire, answer).expires_in
            assert (type(found), found) == (type(lifetime), lifetime)
        assert refreshed(adapter, grant, wire, tokens("expires_in")).expires_in is None

    def test_a_refresh_token_that_stays_is_none(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A reply without one means that the old one stays; an empty one in its place is the end of the login."""
        for answer in (tokens("refresh_token"), tokens(refresh_token=None)):
            assert refreshed(adapter, grant, wire, answer).refresh_token is None

    def test_a_reply_without_an_access_token_is_none(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """The server may have rotated the refresh token nevertheless."""
        answers = [tokens("access_token"), *(tokens(access_token=value) for value in _NO_TOKENS)]
        for answer in answers:
            failure = failed(adapter, grant, wire, answer)
            assert failure.sent
            assert failure.code not in TERMINAL

    def test_what_is_no_json_object_is_no_reply(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """The page of a captive portal comes with status 200."""
        page = HttpReply(body=b"<html>Sign in to the network</html>", headers={"Content-Type": "text/html"})
        for answer in (page, *(HttpReply(body=body) for body in _NO_JSON)):
            assert failed(adapter, grant, wire, answer).code not in TERMINAL

    def test_tokens_come_with_status_200(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A client that looked at the body alone stored what came with 400 and 429 in place of tokens that worked."""
        for status in (201, 202, 203, 206, 400, 401, 403, 404, 429, 500, 503):
            answer = HttpReply(status=status, json=tokens().json)
            assert failed(adapter, grant, wire, answer).code not in TERMINAL

    def test_the_servers_clock_is_ours_and_the_skew(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """With the wrong sign a token is thought fresh when it is not."""
        for skew in (-600.0, 600.0):
            answer = HttpReply(json=tokens().json, skew=skew)
            found = refreshed(adapter, grant, wire, answer).clock_skew
            assert found is None or abs(found - skew) < 10
