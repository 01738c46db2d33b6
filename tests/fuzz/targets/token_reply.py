"""Answers of a token endpoint: whatever they are, tokens that can be presented, or a failure of known words."""

from palyra_kernel.auth.expiry import MOST_SECONDS, expires_at_ms
from palyra_kernel.auth.grammar import codes
from palyra_kernel.auth.grammar.reply import MAX_SCOPES, token_reply
from palyra_kernel.contracts.oauth import TokenReply
from palyra_kernel.net import HttpResponse

JSON = True
_NOW = 1_800_000_000_000
_WORDS = codes.KNOWN | {codes.HTTP_STATUS, codes.INVALID_RESPONSE}


def seeds():
    return {
        "whole": b'{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":60,"scope":"b a"}',
        "jwt": b'{"access_token":"e30.eyJleHAiOjE4MDAwMDAwNzcuNX0.x","id_token":"a.b.c"}',
        "escaped": b'{"access_token":"a\\/b\\u002b","refresh_token":"\\ud800"}',
        "absolute": b'{"access_token":"a","expired_in":"1800000600000","refresh_token":""}',
        "odd": b'{"access_token":"a","expires_in":1e400,"scope":["a",""],"token_type":"mac"}',
        "list": b'{"access_token":["a"],"refresh_token":null,"expires_in":[]}',
        "refused": b'{"error":"invalid_grant","error_description":"x"}',
        "nested": b'{"error":{"code":"slow_down","type":7}}',
        "control": b'{"access_token":"a\\r\\nb"}',
        "huge": b'{"access_token":"a","expires_in":' + b"9" * 400 + b"}",
    }


def check(data: bytes) -> None:
    """The same bytes under each status: tokens come with a 200 alone, and their end lies ahead."""
    for status in (200, 400, 401, 429, 503):
        fields = [(b"content-type", b"application/json"), (b"date", data[:29]), (b"retry-after", data[:40])]
        found = token_reply(HttpResponse(status, fields, bytearray(data), _NOW / 1000))
        if not isinstance(found, TokenReply):
            assert found.code in _WORDS
            assert found.status == status
            assert found.sent
            assert 0 <= (found.retry_after_seconds or 0) <= 86_400
            continue
        assert status == 200
        for token in (found.access_token, found.refresh_token, found.id_token):
            assert token is None or (token.reveal().isascii() and token.reveal().decode().isprintable())
        assert len(found.access_token) > 0
        assert len(found.scopes or ()) <= MAX_SCOPES
        assert _NOW < expires_at_ms(found, now_ms=_NOW, default_lifetime=60) <= _NOW + MOST_SECONDS * 1000
