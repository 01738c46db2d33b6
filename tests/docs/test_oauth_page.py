"""``docs/oauth.md``: codes, fields, lifetimes and functions are those of the code."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import palyra_kernel
from palyra_kernel import SensitiveBytes, TokenReply
from palyra_kernel.auth import discovery
from palyra_kernel.auth.expiry import MOST_SECONDS, USUAL_SECONDS, expires_at_ms
from palyra_kernel.auth.grammar import codes
from palyra_kernel.contracts import endpoints
from palyra_kernel.contracts.oauth import OAuthFailure, OAuthMetadata
from palyra_kernel.net import hosts
from palyra_kernel.plugins import guard_oauth
from tests.auth.test_client_auth import REQUESTS, sent
from tests.docs.pages import page, section, table_rows

PAGE = page("oauth.md")
NOW = 1_800_000_000_000
OURS = (
    *(codes.NETWORK, codes.HTTP_STATUS, codes.INVALID_RESPONSE, codes.REDIRECT_REFUSED),
    *(codes.NOT_ALLOWED, codes.NOT_CONFIGURED, codes.UNSUPPORTED),
)


def raised(module):
    """The codes of the errors that *module* makes."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error") and node.args:
            assert isinstance(node.args[0], ast.Constant)
            yield node.args[0].value


def test_every_refusal_of_an_endpoint_is_there():
    text = section(PAGE, "## Where a credential may go")
    for code in {*raised(endpoints), *raised(hosts)}:
        assert f"`{code}`" in text, code


def test_every_refusal_of_a_document_is_there():
    text = section(PAGE, "## What an issuer says of itself")
    for code in set(raised(discovery)) - {"bad_issuer"}:
        assert f"`{code}`" in text, code
    assert f"`{discovery.OAUTH}`" in text
    assert f"`{discovery.OPENID}`" in text


def test_the_fields_of_each_request_are_there():
    rows = {row[0]: row[1] for row in table_rows(section(PAGE, "## What is asked"))}
    shown = {
        "device": "device, poll",
        "poll": "device, poll",
        "revoke": "revocation",
        "introspect": "introspection",
    }
    for name, (request, _, _) in REQUESTS.items():
        if name == "narrower":
            continue
        for field in sent(request)[1].keys() - {"client_id", "client_secret"}:
            assert f"`{field}`" in rows[shown.get(name, name)], (name, field)


def test_every_code_of_ours_is_there():
    text = section(PAGE, "## What an answer means")
    for code in (*codes.ENDED, *OURS):
        assert f"`{code}`" in text, code
    told = (OAuthFailure.__doc__ or "") + str(codes.ENDED)
    for code in (*OURS, guard_oauth.FAILED):
        assert f"``{code}``" in told, code


def test_the_lifetimes_are_right():
    text = section(PAGE, "## When a token ends")

    def end(said):
        reply = TokenReply(access_token=SensitiveBytes(b"opaque"), expires_in=said)
        return expires_at_ms(reply, now_ms=NOW, default_lifetime=OAuthMetadata().default_lifetime) - NOW

    assert end(10**9 - 1) == MOST_SECONDS * 1000
    assert end(1_800_000_060) == end(1_800_000_060_000) == 60_000
    for said in (0, -1, 12.5, "1h", 10**30, 10**9, None):
        assert end(said) == USUAL_SECONDS * 1000
    assert f"{USUAL_SECONDS:,} seconds" in text
    assert f"{MOST_SECONDS // 86_400} days" in text


def test_every_function_for_adapters_is_there_with_its_arguments():
    rows = [row[0].strip("`") for row in table_rows(section(PAGE, "## Functions for adapters"))]
    names = [name for name in palyra_kernel.__all__ if name.startswith("standard_")]
    assert sorted(row.partition("(")[0] for row in rows) == sorted(names)
    for row in rows:
        parameters = inspect.signature(getattr(palyra_kernel, row.partition("(")[0])).parameters.values()
        shown = (
            each.name if each.default is each.empty else f"{each.name}={each.default!r}"
            for each in parameters
        )
        assert row.partition("(")[2] == ", ".join(shown) + ")"


def test_the_guard_is_as_patient_as_the_page_says():
    assert guard_oauth.LATE_SECONDS == 1.0
    assert "more than a second behind the deadline" in section(PAGE, "## What the guard does with an adapter")
