"""What an answer of a token endpoint means: tokens, or a failure with no word of the body."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel import InvalidInputError, OAuthFailure, TokenReply
from palyra_kernel.auth.grammar.codes import ENDED, KNOWN
from palyra_kernel.auth.grammar.reply import MAX_SCOPES, error_code, failed, token_reply
from palyra_kernel.auth.grammar.retry_after import retry_after_seconds
from tests.auth.answers import NOW, answer

GOOD = {"access_token": "new-access", "token_type": "Bearer"}


def tokens(body, **options) -> TokenReply:
    found = token_reply(answer({**GOOD, **body}), **options)
    assert isinstance(found, TokenReply), found
    return found


def failure(*args, **options) -> OAuthFailure:
    found = token_reply(answer(*args, **options))
    assert isinstance(found, OAuthFailure), found
    return found


def test_a_whole_reply():
    body = {"refresh_token": "new-refresh", "id_token": "a.b.c", "expires_in": 120, "scope": "b a b"}
    response = answer({**GOOD, **body}, ahead=30)
    found = token_reply(response)
    assert isinstance(found, TokenReply)
    assert found.access_token == b"new-access"
    assert found.refresh_token == b"new-refresh"
    assert found.id_token == b"a.b.c"
    assert (found.expires_in, found.scopes, found.clock_skew) == (120, ("a", "b"), 30.0)
    with pytest.raises(InvalidInputError, match="wiped"):
        response.body.reveal()


def test_a_small_reply():
    found = tokens({})
    assert (found.refresh_token, found.id_token, found.expires_in, found.scopes) == (None, None, None, None)
    assert found.clock_skew is None


@pytest.mark.parametrize("raw", [120, "120", "1h", 0, -1, 12.5, 10**30, ""])
def test_a_lifetime_is_left_as_it_came(raw):
    """Invariant I13 of auth profiles: there is one place that makes sense of it, and this is not it."""
    assert tokens({"expires_in": raw}).expires_in == raw
    assert tokens({"expired_in": raw}).expires_in == raw
    assert tokens({"expires_in": 7, "expired_in": raw}).expires_in == 7


@pytest.mark.parametrize("raw", [None, True, [120], {"a": 1}])
def test_what_is_no_lifetime_is_none(raw):
    assert tokens({"expires_in": raw}).expires_in is None


@pytest.mark.parametrize("token", [None, ""])
def test_no_new_refresh_token_leaves_the_old_one(token):
    """RFC 6749, 6: an issuer that does not rotate says nothing, or an empty text."""
    assert tokens({"refresh_token": token}).refresh_token is None


def test_a_token_that_is_written_with_escapes():
    r"""Some libraries write every ``/`` as ``\/``."""
    found = token_reply(answer(rb'{"access_token": "a\/b\u002Bc==", "refresh_token": "r\/s"}'))
    assert isinstance(found, TokenReply)
    assert found.access_token == b"a/b+c=="
    assert found.refresh_token == b"r/s"


NO_TOKENS = [
    b"", b"null", b"[]", b'"text"', b"7", b"{}", b"{", b'{"access_token": "a"', b"\xff", b"[" * 60_000,
    {"access_token": None}, {"access_token": ""}, {"access_token": " "}, {"access_token": "a b"},
    {"access_token": "a\r\nX-Evil: 1"}, {"access_token": "a\u0000"}, {"access_token": "ä"}, {"access_token": 7},
    {"access_token": ["a"]}, {"access_token": {"value": "a"}}, {"access_token": True},
    {**GOOD, "refresh_token": 7}, {**GOOD, "refresh_token": ["a"]}, {**GOOD, "refresh_token": " "},
    {**GOOD, "refresh_token": False}, {**GOOD, "id_token": {"a": 1}},
    {**GOOD, "token_type": "mac"}, {**GOOD, "token_type": "DPoP"}, {**GOOD, "token_type": ""},
    {**GOOD, "token_type": 7},
    {"error": "invalid_grant"}, {"accessToken": "a"}, {"data": {"access_token": "a"}},
]  # fmt: skip


@pytest.mark.parametrize("body", NO_TOKENS, ids=lambda body: repr(body)[:40])
def test_what_is_no_token_for_sure_is_a_failure(body):
    """A body without a token, or with a text that no header can carry, replaced the login that was there."""
    found = failure(body)
    assert (found.code, found.kind, found.status, found.sent) == (
        "invalid_response",
        "refresh_failed",
        200,
        True,
    )


@pytest.mark.parametrize("kind", ["text/html", "application/x-www-form-urlencoded", "text/json", ""])
def test_what_is_not_said_to_be_json_is_not_read(kind):
    assert failure(GOOD, kind=kind).code == "invalid_response"


@pytest.mark.parametrize(
    "status", [201, 202, 204, 206, 304, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599]
)
def test_tokens_come_with_a_200(status):
    """Libraries took a JSON body under 302, 400, 429 or 500 for the new token, if it had no member ``error``."""
    found = failure(GOOD, status)
    assert (found.code, found.status) == ("http_status", status)


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER", None])
def test_bearer_in_any_case(kind):
    tokens({"token_type": kind})


def test_another_type_where_the_provider_has_one():
    assert tokens({"token_type": "N_A"}, token_types=("n_a",)).access_token == b"new-access"
    assert isinstance(token_reply(answer(GOOD), token_types=("n_a",)), OAuthFailure)


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ("openid Mail.Read", ("Mail.Read", "openid")),
        (["b", "a", "b"], ("a", "b")),
        ("", ()),
        (" ", ()),
        (None, None),
        (7, None),
        ({"a": 1}, None),
        (["a", 7], None),
        (["a", ""], None),
        ("a\u202eb", None),
        ("x" * 257, None),
        (" ".join(f"s{n}" for n in range(MAX_SCOPES + 1)), None),
    ],
)
def test_scopes(said, scopes):
    """Hazard H24 of auth profiles: they keep their case. A list of them that is none is not said: it is no reason to
    lose a token."""
    assert tokens({"scope": said}).scopes == scopes


@pytest.mark.parametrize("code", sorted(KNOWN))
def test_a_code_of_a_refusal(code):
    """Hazard H7 of auth profiles: ``invalid_grant`` became "status 400", and was tried again for ever."""
    found = failure({"error": code, "error_description": "canary"}, 400)
    assert (found.code, found.status, found.sent) == (code, 400, True)
    assert (found.kind == "auth_invalid") == (code in ENDED)
    assert "canary" not in repr(found)


@pytest.mark.parametrize("code", sorted(KNOWN))
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_that_is_busy_has_no_opinion_of_a_token(code, status):
    """Hazards H28 and H30 of auth profiles: a 500 that mentioned "pending" counted as pending, and text outranked the
    status. A gateway that says ``invalid_grant`` with its 503 would end a login that is well."""
    found = failure({"error": code}, status)
    assert found.code in ("http_status", "temporarily_unavailable", "server_error", "slow_down")
    assert found.kind == ("rate_limit" if status == 429 or found.code == "slow_down" else "transient")


@pytest.mark.parametrize(
    "body",
    [b"authorization_pending", b'{"message": "authorization_pending"}', b'"authorization_pending"',
     b'{"error_description": "authorization_pending"}', b'{"error": ["authorization_pending"]}',
     b'{"error": {"message": "authorization_pending"}}', b'{"error": "authorization_pending "}',
     b'{"error": "Authorization_Pending"}'],
)  # fmt: skip
def test_pending_is_a_structured_code_alone(body):
    """Hazard H28 of auth profiles: any body of an error with "pending" in it counted as pending."""
    assert failure(body, 400).code == "http_status"


@pytest.mark.parametrize("word", ["new-access", "invalid_grant_canary", "x", "a" * 5000, "ä", "", 7, None])
def test_a_code_that_we_do_not_know_is_not_repeated(word):
    """A server may write the token that it refuses into its error."""
    found = failure({"error": word}, 400)
    assert (found.code, found.kind) == ("http_status", "refresh_failed")


def test_a_providers_own_codes():
    body = {"error": {"code": "refresh_token_reused", "type": "invalid_request_error", "message": "canary"}}
    found = token_reply(answer(body, 401), aliases={"refresh_token_reused": "invalid_grant"})
    assert isinstance(found, OAuthFailure)
    assert (found.code, found.kind, found.status) == ("invalid_grant", "auth_invalid", 401)
    assert failure(body, 401).code == "http_status"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"error": "invalid_token"}, 401, "invalid_token"),
        ({"error": {"code": "insufficient_quota", "type": "x"}}, 429, "insufficient_quota"),
        ({"error": {"code": None, "type": "authentication_error"}}, 401, "authentication_error"),
        ({"error": {"code": 1234, "type": "authentication_error"}}, 401, "authentication_error"),
        ({"error": {"code": "two words", "type": "rate_limit"}}, 429, "rate_limit"),
        ({"error": {}}, 500, ""),
        ({"error": "invalid_token"}, 200, ""),
        ({"error": "invalid_token"}, 304, ""),
        ({"error": "a" * 65}, 400, ""),
        (b"<html>", 500, ""),
    ],
)
def test_where_a_code_stands(body, status, code):
    """Hazard H30 of auth profiles: status, then the structured code."""
    assert error_code(answer(body, status)) == code


def test_what_is_used_up():
    assert failed(answer({}, 402)).kind == "quota"


TIMES = [
    ("120", 120.0),
    (" 120 ", 120.0),
    ("0", 0.0),
    ("000000000000000000120", 120.0),
    ("1000000000", 86_400.0),
    ("9" * 400, 86_400.0),
    ("Fri, 15 Jan 2027 08:02:00 GMT", 120.0),
    ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
    ("Fri, 15 Jan 2038 08:02:00 GMT", 86_400.0),
    ("Fri, 15 Jan 2027 08:02:00", None),
    ("Friday, 15-Jan-27 08:02:00 GMT", None),
    ("Fri, 99 Jan 2027 08:02:00 GMT", None),
    ("-5", None),
    ("+5", None),
    ("1.5", None),
    ("1e3", None),
    ("soon", None),
    ("१२०", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("said", "seconds"), TIMES, ids=lambda each: str(each)[:30])
def test_how_long_a_server_wants_to_be_left_alone(said, seconds):
    """Hazard H5 of auth profiles: Retry-After was never parsed. Garbage is ignored, 10^9 is a day."""
    assert retry_after_seconds(said, NOW) == seconds


@pytest.mark.parametrize("status", [400, 429, 503])
def test_a_failure_says_how_long(status):
    """Hazard H5 of auth profiles: a date is by the server's own clock, which may be an hour ahead of ours."""
    assert failed(answer({}, status, ("Retry-After", "120"))).retry_after_seconds == 120.0
    date = answer({}, status, ("Retry-After", "Fri, 15 Jan 2027 09:02:00 GMT"), ahead=3600)
    assert failed(date).retry_after_seconds == 120.0
    assert failed(answer({}, status)).retry_after_seconds is None
    twice = answer({}, status, ("Retry-After", "1"), ("Retry-After", "2"))
    assert failed(twice).retry_after_seconds is None


texts = st.text(max_size=8) | st.sampled_from(["a", "Bearer", "invalid_grant"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(
    ["access_token", "token_type", "refresh_token", "id_token", "scope", "expires_in", "expired_in", "error"]
)


@given(body=st.dictionaries(names, values), status=st.sampled_from([200, 400, 401, 429, 500]))
def test_any_object_is_tokens_or_a_failure(body, status):
    """Whatever a server thinks of, nobody sees an exception: that would be a refresh without an end."""
    found = token_reply(answer(json.dumps(body).encode(), status))
    if isinstance(found, TokenReply):
        assert status == 200
        assert found.access_token == body["access_token"].encode()
        assert (found.refresh_token is None) == (body.get("refresh_token") in (None, ""))
    else:
        assert found.sent


@given(st.binary(max_size=60), st.sampled_from([200, 400, 500]))
def test_any_bytes_are_a_failure(body, status):
    assert isinstance(token_reply(answer(body, status)), OAuthFailure)
