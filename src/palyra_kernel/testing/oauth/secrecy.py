"""Tokens and keys go to the provider, and nowhere else."""

from __future__ import annotations

import logging
import secrets
import warnings
from collections.abc import Iterator

import pytest

from palyra_kernel.contracts.oauth import OAuthFailure, OAuthGrant, OAuthRefreshAdapter
from palyra_kernel.testing.leaks import collecting, shows, text_of
from palyra_kernel.testing.oauth.base import AdapterRules, new_grant, secrets_of, soon, tokens
from palyra_kernel.testing.oauth.wire import Answer, HttpReply, ScriptedClient


class SecrecyRules(AdapterRules):
    """Error texts of token endpoints quote what they were sent, and logs of clients show it."""

    @pytest.fixture
    def everyone(self, login: OAuthGrant, wire: ScriptedClient) -> OAuthGrant:
        """A login with every kind of secret."""
        return new_grant(login.profile, login.metadata, "client_secret_post" if self.oauth else "none")

    def answers(self, held: list[bytes]) -> Iterator[Answer]:
        """Replies that quote what was sent."""
        text = b" ".join(held).decode()
        for status in (200, 400, 429, 599):
            yield HttpReply(status=status, json={"error": text, "error_description": text, "message": text})
            yield HttpReply(status=status, json={"error": {"code": text, "message": text}})
            yield HttpReply(
                status=status, body=text.encode(), headers={"X-Request": text[:90], "Retry-After": text[:9]}
            )
        yield from ("timeout", "response_malformed", tokens("access_token"))

    def provoke(self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient) -> list[str]:
        """Everything that failures and errors say."""
        said: list[str] = []
        raised: list[Exception] = []
        assert grant.access_token is not None
        for answer in self.answers(secrets_of(grant)):
            for call in (adapter.refresh, adapter.revoke, adapter.probe):
                wire.script(answer)
                with collecting(raised):
                    outcome = call(grant, wire.client, soon())
                    said += [repr(outcome)] if isinstance(outcome, OAuthFailure) else []
            wire.script(answer)
            with collecting(raised):
                said.append(repr(adapter.preflight(grant.access_token, wire.client, soon())))
        return [*said, *map(text_of, raised)]

    def test_failures_show_no_secret(
        self, adapter: OAuthRefreshAdapter, everyone: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A failure is stored, listed and logged; nothing that the server wrote is in it, and nothing it was sent."""
        held = secrets_of(everyone)
        text = "\n".join(self.provoke(adapter, everyone, wire))
        assert not any(shows(text, secret) for secret in held)

    def test_logs_show_no_secret(
        self,
        adapter: OAuthRefreshAdapter,
        everyone: OAuthGrant,
        wire: ScriptedClient,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Somebody will switch them on."""
        held = secrets_of(everyone)
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            self.provoke(adapter, everyone, wire)
        assert not any(shows(caplog.text, secret) for secret in held)

    def test_warnings_show_no_secret(
        self, adapter: OAuthRefreshAdapter, everyone: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """A warning is printed with the line that caused it, and often with its data."""
        held = secrets_of(everyone)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.provoke(adapter, everyone, wire)
        text = "\n".join(str(warning.message) for warning in caught)
        assert not any(shows(text, secret) for secret in held)

    def test_an_adapter_keeps_nothing(
        self, adapter: OAuthRefreshAdapter, everyone: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """What it keeps outlives the wipe, and is in the first traceback with locals."""
        held = secrets_of(everyone)
        wire.script(tokens())
        adapter.refresh(everyone, wire.client, soon())
        self.provoke(adapter, everyone, wire)
        fields = {**vars(type(adapter)), **getattr(adapter, "__dict__", {})}
        text = f"{adapter!r} {adapter!s} {fields!r}"
        assert not any(shows(text, secret) for secret in held)
        assert not any(value is held for value in fields.values() for held in _values(everyone))

    def test_a_reply_shows_no_token(
        self, adapter: OAuthRefreshAdapter, grant: OAuthGrant, wire: ScriptedClient
    ) -> None:
        """Whatever is in it besides tokens can be printed."""
        fresh = [secrets.token_hex(24) for _ in range(3)]
        access, refresh, identity = fresh
        wire.script(tokens(access_token=access, refresh_token=refresh, id_token=identity, scope="read"))
        text = repr(adapter.refresh(grant, wire.client, soon()))
        assert not any(shows(text, token.encode()) for token in fresh)


def _values(grant: OAuthGrant) -> list[object]:
    every = (grant, grant.refresh_token, grant.access_token, grant.client_secret)
    return [value for value in every if value is not None]
