"""Who logs in again, who waits, and who may try once more follows from a failure alone."""

from __future__ import annotations

import re

from palyra_kernel.contracts.oauth import OAuthGrant, OAuthRefreshAdapter
from palyra_kernel.testing.oauth.base import TERMINAL, AdapterRules, failed
from palyra_kernel.testing.oauth.wire import MAYBE_ACTED, NOT_SENT, Answer, HttpReply, ScriptedClient

_is_code = re.compile(r"[a-z0-9_]{1,64}").fullmatch
_STATUSES = (401, 402, 403, 404, 405, 408, 418, 429, 500, 501, 502, 503, 504, 529)
_REFUSING = (401, 402, 403, 429, 500, 503)
_ENDLESS = b'{"access_token":"' + b"x" * 100_000 + b'"}'
_OTHER_BODIES = (
    b"",
    b"invalid_grant",
    b'"invalid_grant"',
    b'{"message":"invalid_grant: the token was revoked"}',
    b'{"error":{"code":"server_error","message":"invalid_grant"}}',
    b'{"error":["invalid_grant"]}',
    b'{"error":"temporarily_unavailable","error_description":"invalid_grant"}',
    b'{"error":"something_new"}',
    b"<html>invalid_grant</html>",
)


class FailureRules(AdapterRules):
    """A login that is given up too early costs a human's morning; one that is given up too late is tried for ever."""

    def test_an_error_of_the_standard_keeps_its_name(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H7: invalid_grant became 'status 400', and was tried again until the end of days."""
        for code in sorted(TERMINAL):
            answer = HttpReply(status=401 if code == "invalid_client" else 400, json={"error": code})
            failure = failed(adapter, grant, wire, answer)
            assert (failure.code, failure.status, failure.sent) == (code, answer.status, True)

    def test_nothing_else_ends_a_login(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A gateway that is down says 401 and 403 too, and a text may say anything."""
        answers = [HttpReply(status=status, body=body) for status in _REFUSING for body in _OTHER_BODIES]
        for answer in answers:
            assert failed(adapter, grant, wire, answer).code not in TERMINAL, answer

    def test_a_failure_says_its_status(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """It is all that the doctor has to go by."""
        for status in _STATUSES:
            failure = failed(adapter, grant, wire, HttpReply(status=status, json={}))
            assert _is_code(failure.code)
            assert failure.status == status

    def test_what_was_asked_for_is_waited_for(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H5: Retry-After was never read; whoever is asked to wait and does not is locked out for longer."""
        for status in (429, 503):
            answer = HttpReply(status=status, json={}, headers={"Retry-After": "7"})
            assert failed(adapter, grant, wire, answer).retry_after_seconds == 7

    def test_nonsense_is_not_waited_for(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A number that is none, or that ends with the universe."""
        for said in ("soon", "-7", "7;8", "1e400", "nan", "inf", "Wed, 99 Foo 2026 00:00:00 GMT"):
            answer = HttpReply(status=429, json={}, headers={"Retry-After": said})
            found = failed(adapter, grant, wire, answer).retry_after_seconds
            assert found is None or 0 <= found < 10**7, said

    def test_what_never_left_was_not_sent(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A login under suspicion because a cable was out."""
        for code in NOT_SENT:
            failure = failed(adapter, grant, wire, code)
            assert not failure.sent, code
            assert failure.code not in TERMINAL

    def test_what_may_have_arrived_was_sent(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H37: the token may be spent, and the new one lost with the answer."""
        answers: tuple[Answer, ...] = (*MAYBE_ACTED, HttpReply(body=_ENDLESS))
        for answer in answers:
            failure = failed(adapter, grant, wire, answer)
            assert failure.sent, answer
            assert failure.code not in TERMINAL

    def test_a_redirect_leads_nowhere(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Hazard H47: a token was carried to whatever host an answer named."""
        for status in (301, 302, 303, 307, 308):
            answer = HttpReply(
                status=status, headers={"Location": "https://elsewhere.example/token"}, body=b""
            )
            assert failed(adapter, grant, wire, answer).code not in TERMINAL
            assert len(wire.sent) == 1
