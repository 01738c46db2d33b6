"""API keys: how they are shown to a provider, and how one is tried."""

from __future__ import annotations

from palyra_kernel.contracts.oauth import OAuthRefreshAdapter
from palyra_kernel.net import HttpRequest
from palyra_kernel.net.hosts import Target
from palyra_kernel.testing.oauth.base import AdapterRules, canary, tried
from palyra_kernel.testing.oauth.wire import MAYBE_ACTED, NOT_SENT, Answer, HttpReply, ScriptedClient
from palyra_kernel.values import Deadline, SensitiveBytes

_API = Target("https", "api.example", 443, "/")


class KeyRules(AdapterRules):
    """What is said of a key is what a human does about it."""

    def test_a_credential_is_presented_once(self, adapter: OAuthRefreshAdapter) -> None:
        """Hazard H8: a token was sent in the field for keys. The field and what stands before the credential are the
        provider's, for each kind."""
        for kind, (name, prefix) in self.presents.items():
            credential = canary()
            fields, _ = HttpRequest(
                "GET", "https://api.example/", headers=adapter.headers(credential, kind)
            ).wire(_API)
            found = [field for field in fields if credential.reveal() in field[1]]
            assert found == [(name.encode(), prefix.encode() + credential.reveal())]

    def test_a_credential_stays_wrapped(self, adapter: OAuthRefreshAdapter) -> None:
        """A plain text in a table of header fields is in the next traceback."""
        for kind in self.presents:
            credential = canary()
            text = credential.reveal().decode()
            values = adapter.headers(credential, kind).values()
            assert not any(isinstance(value, str) and text in value for value in values)

    def test_a_good_key_is_ok(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """One call, and the key is not used up by it."""
        assert tried(adapter, key, wire, HttpReply(json=self.listing)).outcome == "ok"
        assert len(wire.sent) == 1

    def test_a_try_is_a_reading_call(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """A try that makes something costs something."""
        tried(adapter, key, wire, HttpReply(json=self.listing))
        assert {sent.method for sent in wire.sent} <= {"GET", "HEAD"}

    def test_a_key_is_tried_as_it_is_presented(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """In an address it would stand in every log on the way; in another field than later, the try proves nothing."""
        name, prefix = self.presents["api_key"]
        tried(adapter, key, wire, HttpReply(json=self.listing))
        for sent in wire.sent:
            assert sent.places(key.reveal()) == [f"header {name}"]
            assert sent.headers[name] == prefix.encode() + key.reveal()

    def test_a_key_that_is_refused_is_invalid(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """And is not tried again: providers count."""
        for status in (401, 403):
            found = tried(adapter, key, wire, HttpReply(status=status, json={}))
            assert (found.outcome, found.status, len(wire.sent)) == ("invalid_credential", status, 1)

    def test_too_many_calls_say_nothing_of_the_key(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """It may be good: nothing is stored, and it can be tried later."""
        found = tried(adapter, key, wire, HttpReply(status=429, json={}, headers={"Retry-After": "7"}))
        assert (found.outcome, found.status, found.retry_after_seconds) == ("rate_limited", 429, 7)
        assert len(wire.sent) == 1

    def test_a_provider_that_is_down_says_nothing_of_the_key(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """'Invalid key' on a day when the provider is down makes people replace keys that work."""
        answers: tuple[Answer, ...] = (
            *(HttpReply(status=status, json={}) for status in (500, 502, 503, 504)),
        )
        for answer in (*answers, "timeout", "connection_lost", *NOT_SENT):
            assert tried(adapter, key, wire, answer).outcome == "unavailable", answer
            assert len(wire.sent) <= self.most_tries

    def test_what_nobody_expects_is_unexpected(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """A redirect, a 404 and an answer without end are no verdict on a key."""
        elsewhere = HttpReply(status=302, headers={"Location": "https://elsewhere.example/"}, body=b"")
        odd = [HttpReply(status=status, json={}) for status in (204, 400, 404, 418)]
        broken = [code for code in MAYBE_ACTED if code.startswith("response_")]
        answers: list[Answer] = [elsewhere, *odd, *broken, HttpReply(body=b"x" * 100_000)]
        for answer in answers:
            assert tried(adapter, key, wire, answer).outcome == "unexpected", answer

    def test_a_key_that_no_field_can_carry_is_no_key(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """A line break within a key would begin another header field: it is never sent, and is not good."""
        broken = SensitiveBytes(key.reveal() + b"\r\nx-admin: 1")
        assert tried(adapter, broken, wire, HttpReply(json=self.listing)).outcome in (
            "invalid_credential",
            "unexpected",
        )
        assert wire.sent == []

    def test_a_try_ends_at_its_deadline(
        self, adapter: OAuthRefreshAdapter, key: SensitiveBytes, wire: ScriptedClient
    ) -> None:
        """Tries and the pauses between them have one time limit together."""
        deadline = Deadline.after(5.0)
        wire.script("timeout")
        adapter.preflight(key, wire.client, deadline)
        assert all(sent.deadline is not None and sent.deadline.at <= deadline.at for sent in wire.sent)
        adapter.preflight(key, wire.client, Deadline.after(-1.0))
