"""What an adapter may answer, field by field."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from palyra_kernel import OAuthFailure, OAuthMetadata, Preflight, ProviderResponse, SensitiveBytes, TokenReply
from palyra_kernel.errors import UnavailableError
from palyra_kernel.plugins.answers_oauth import MAX_TOKEN_BYTES
from tests.plugins.acme_adapter import KEY, METADATA, PROFILE, grant, returning, soon, wire
from tests.plugins.test_plugin_guard import PAYLOAD, everything_in


def untyped(**fields) -> Any:
    return TokenReply(**{"access_token": SensitiveBytes(b"new-access"), **fields})


def wiped():
    token = SensitiveBytes(b"wiped-token")
    token.wipe()
    return token


@pytest.mark.parametrize(
    "reply",
    [
        None, True, "token", b"token", {"access_token": "a"}, object(), Preflight(outcome="ok"),
        *(untyped(access_token=token) for token in (
            None, "text", b"bytes", SensitiveBytes(b""), SensitiveBytes(b" "), SensitiveBytes(b"a\r\nX: 1"),
            SensitiveBytes(b"a b"), SensitiveBytes("ä".encode()), SensitiveBytes(b"x" * (MAX_TOKEN_BYTES + 1)), wiped(),
        )),
        *(untyped(refresh_token=token) for token in ("text", SensitiveBytes(b""), SensitiveBytes(b"a\n"))),
        untyped(id_token="a.b.c"),
    ],
    ids=lambda each: str(type(each).__name__),
)  # fmt: skip
def test_what_is_no_token_is_not_stored(made_adapter, reply):
    found = made_adapter(refresh=returning(reply)).refresh(grant(), wire(), soon())
    assert found == OAuthFailure(code="plugin_failed", sent=False)


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({"expires_in": "1h"}, "1h"),
        ({"expires_in": 12.5}, 12.5),
        ({"expires_in": [1]}, None),
        ({"expires_in": "x" * 300}, None),
        ({"scopes": ["a"]}, ("a",)),
        ({"scopes": "a b"}, None),
        ({"scopes": ("a", 7)}, None),
        ({"scopes": ("a\nb",)}, None),
        ({"scopes": ("a",) * 300}, None),
        ({"clock_skew": 2}, 2.0),
        ({"clock_skew": float("nan")}, None),
        ({"clock_skew": float("inf")}, None),
        ({"clock_skew": 10**400}, None),
        ({"clock_skew": "2"}, None),
        ({"clock_skew": True}, None),
    ],
    ids=str,
)
def test_what_is_wrong_beside_a_token_costs_no_token(made_adapter, fields, seen):
    """The old token was spent for it: a list of scopes that is none is no reason to throw it away."""
    (name,) = fields
    found = made_adapter(refresh=returning(untyped(**fields))).refresh(grant(), wire(), soon())
    assert isinstance(found, TokenReply)
    assert getattr(found, name) == seen


def failing(**fields) -> Any:
    return OAuthFailure(**{"code": "network", **fields})


@pytest.mark.parametrize(
    "failure",
    [failing(code=code) for code in ("", "Network", "two words", "x" * 65, 7, None, PAYLOAD, "a\n", "5xx")]
    + [failing(kind=kind) for kind in ("", "other", None, 7)]
    + [failing(status=status) for status in (-1, 1000, "200", None, True)],
    ids=repr,
)
def test_a_failure_is_words_of_the_contract(made_adapter, failure):
    """What is recorded of a failure is shown to people: no author can put a secret there."""
    adapter = made_adapter(refresh=returning(failure), revoke=returning(failure))
    assert adapter.refresh(grant(), wire(), soon()).code == "plugin_failed"
    assert adapter.revoke(grant(), wire(), soon()).code == "plugin_failed"


@pytest.mark.parametrize(
    ("after", "seen"),
    [(7, 7.0), (0, 0.0), (10**9, 86_400.0), (float("inf"), 86_400.0), (float("nan"), None), (-1, None), ("7", None),
     (True, None), (None, None)],
)  # fmt: skip
def test_a_wait_is_bounded(made_adapter, after, seen):
    """Hazard H5 of auth profiles: 10^9 seconds would be for ever."""
    failure = failing(retry_after_seconds=after)
    adapter = made_adapter(
        refresh=returning(failure),
        preflight=returning(msgspec.structs.replace(TRIED, retry_after_seconds=after)),
    )
    assert adapter.refresh(grant(), wire(), soon()).retry_after_seconds == seen
    assert adapter.preflight(KEY, wire(), soon()).retry_after_seconds == seen


TRIED = Preflight(outcome="rate_limited", status=429)


@pytest.mark.parametrize(
    "tried", [None, True, "ok", {"outcome": "ok"}, *(msgspec.structs.replace(TRIED, **f) for f in (
        {"outcome": "fine"}, {"outcome": None}, {"status": "200"}, {"status": -1}))], ids=repr,
)  # fmt: skip
def test_a_key_is_not_good_because_of_a_wrong_answer(made_adapter, tried):
    assert made_adapter(preflight=returning(tried)).preflight(KEY, wire(), soon()) == Preflight(
        outcome="unexpected"
    )


@pytest.mark.parametrize("said", [None, True, "yes", "Active", 1, ["active"]])
def test_who_does_not_say_active_does_not_know(made_adapter, said):
    assert made_adapter(probe=returning(said)).probe(grant(), wire(), soon()) == "unknown"


@pytest.mark.parametrize("kind", ["", "broken", True, 7, b"quota", ["quota"]])
def test_a_class_is_a_word_of_the_contract(made_adapter, kind):
    with pytest.raises(UnavailableError) as caught:
        made_adapter(classify=returning(kind)).classify(ProviderResponse(status=500))
    assert caught.value.code == "plugin_failed"


HEADERS: list[Any] = [
    None, "authorization", [("a", "b")], {"Authorization": "x"}, {"a b": "x"}, {"": "x"}, {7: "x"}, {"a": 7},
    {"a": b"x"},
    {"a": ""}, {"a": "x\r\nb: c"}, {"a": " x"}, {"a": "ä"}, {"a": SensitiveBytes(b"x\n")}, {"a": SensitiveBytes(b"")},
    {f"x-{n}": "v" for n in range(17)}, {"x-api-key": PAYLOAD}, {"authorization": f"Bearer {PAYLOAD}"},
]  # fmt: skip


@pytest.mark.parametrize("fields", HEADERS, ids=lambda each: repr(each)[:40])
def test_headers_are_headers_and_show_no_credential(made_adapter, fields):
    """Hazards H8 and H56 of auth profiles: the exact fields of a provider, and none of them an ordinary text with the
    key in it."""
    with pytest.raises(UnavailableError) as caught:
        made_adapter(headers=returning(fields)).headers(KEY, "api_key")
    assert caught.value.code == "plugin_failed"
    assert PAYLOAD not in everything_in(caught.value)


def test_good_headers_pass(made_adapter):
    fields = {"x-api-key": SensitiveBytes(PAYLOAD.encode()), "acme-version": "2026-01-01"}
    assert made_adapter(headers=returning(fields)).headers(KEY, "api_key") == fields


@pytest.mark.parametrize(
    "found",
    [None, {}, "https://a.example", *(msgspec.structs.replace(METADATA, **fields) for fields in (
        {"token_endpoint": None}, {"token_endpoint": b"https://auth.acme.example"}, {"issuer": 7},
        {"token_endpoint": "https://auth.acme.example/" + "a" * 2048}, {"authorize_parameters": None},
        {"authorize_parameters": {"a": 7}}, {"authorize_parameters": {7: "a"}}, {"authorize_parameters": {"a": "b\n"}},
        {"default_scopes": "openid"}, {"default_scopes": ("a", 7)}, {"default_lifetime": 0}, {"default_lifetime": "1h"},
        {"default_lifetime": True},
    ))],
    ids=lambda each: repr(each)[:30],
)  # fmt: skip
def test_metadata_is_what_its_type_says(made_adapter, found):
    with pytest.raises(UnavailableError) as caught:
        made_adapter(metadata=returning(found)).metadata(PROFILE, wire(), soon())
    assert caught.value.code == "plugin_failed"


def test_good_metadata_passes_whole(made_adapter):
    """Whatever the guard left out, a login would be without."""
    base = "https://auth.acme.example"
    found = OAuthMetadata(
        authorization_endpoint="https://login.acme.example/authorize?tenant=7",
        token_endpoint=f"{base}/token",
        revocation_endpoint=f"{base}/revoke",
        introspection_endpoint=f"{base}/introspect",
        device_authorization_endpoint=f"{base}/device",
        userinfo_endpoint=f"{base}/me",
        jwks_uri=f"{base}/keys",
        issuer=base,
        iss_in_callback=True,
        default_scopes=("openid", "Mail.Read"),
        authorize_parameters={"audience": "https://api.acme.example/v1"},
        default_lifetime=1,
    )
    seen = made_adapter(metadata=returning(found)).metadata(PROFILE, wire(), soon())
    assert seen == found
    assert seen is not found
