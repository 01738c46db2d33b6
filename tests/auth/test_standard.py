"""Refreshing, revoking and probing at a real server, which means well or does not."""

from __future__ import annotations

import logging
import threading
from urllib.parse import parse_qs

import pytest

from palyra_kernel import (
    Deadline,
    HttpRequest,
    OAuthFailure,
    ProviderResponse,
    SensitiveBytes,
    TokenReply,
    standard_classify,
    standard_preflight,
    standard_probe,
    standard_refresh,
    standard_revoke,
)
from tests.auth.conftest import ACCESS, REFRESH, grant_at, soon
from tests.net.server import answering

JSON = b"Content-Type: application/json"
TOKENS = b'{"access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 60, "token_type": "bearer"}'


def replying(body=TOKENS, status=b"200 OK", *headers):
    return answering(body, JSON, *headers, status=status)


def by_path(**scripts):
    """Answer each path its own way: (body, status)."""

    def script(visit):
        while request := visit.ask():
            path = request.split(b" ")[1].decode().strip("/")
            body, status = scripts[path]
            visit.answer(body, JSON, status=status)

    return script


def form_of(request: bytes) -> dict[str, list[str]]:
    return parse_qs(request.partition(b"\r\n\r\n")[2].decode())


def test_a_refresh_presents_the_token_once(issuer_of):
    server = issuer_of(replying())
    found = standard_refresh(server.grant(auth="client_secret_basic"), server.http, soon())
    assert isinstance(found, TokenReply)
    assert found.refresh_token == b"new-refresh"
    (request,) = server.requests
    assert request.startswith(b"POST /token HTTP/1.1\r\n")
    assert form_of(request) == {"grant_type": ["refresh_token"], "refresh_token": [REFRESH.decode()]}
    assert request.count(REFRESH) == 1


@pytest.mark.parametrize(
    ("script", "code", "kind", "status"),
    [
        (replying(b'{"error": "invalid_grant"}', b"400 Bad Request"), "invalid_grant", "auth_invalid", 400),
        (
            replying(b'{"error": "invalid_client"}', b"401 Unauthorized"),
            "invalid_client",
            "auth_invalid",
            401,
        ),
        (replying(b"{}", b"402 Payment Required"), "http_status", "quota", 402),
        (replying(b"{}", b"403 Forbidden"), "http_status", "refresh_failed", 403),
        (replying(b"{}", b"429 Too Many"), "http_status", "rate_limit", 429),
        (replying(TOKENS, b"500 Oh"), "http_status", "transient", 500),
        (replying(b"pending", b"503 Later"), "http_status", "transient", 503),
        (replying(b"<html>"), "invalid_response", "refresh_failed", 200),
        (replying(b"x" * 10_000_000), "invalid_response", "refresh_failed", 0),
        (replying(TOKENS, b"200 OK", b"Content-Encoding: gzip"), "invalid_response", "refresh_failed", 0),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_refusal_has_a_code_and_a_kind(issuer_of, script, code, kind, status):
    """Hazards H7 and H55 of auth profiles: a refusal for good looked like any other, and bodies were read to their
    end."""
    server = issuer_of(script)
    found = standard_refresh(server.grant(), server.http, soon())
    assert found == OAuthFailure(code=code, kind=kind, status=status, sent=True)


@pytest.mark.parametrize(
    "status", [b"301 Moved", b"302 Found", b"303 See", b"307 Temporary", b"308 Permanent"]
)
@pytest.mark.parametrize("what", ["refresh", "revoke", "probe", "preflight"])
def test_no_path_follows_a_redirect(net, issuer_of, status, what):
    """Hazard H47 of auth profiles: validators, probes and clients followed redirects, and took the key along."""
    second = net.server(answering(TOKENS, JSON))
    where = f"Location: https://issuer.test:{second.port}/token".encode()
    server = issuer_of(answering(b"", where, status=status))
    grant = server.grant(**endpoints(server.base, "revoke", "userinfo", "introspection"))
    match what:
        case "refresh":
            found = standard_refresh(grant, server.http, soon())
            assert found == OAuthFailure(code="redirect_refused", sent=True)
        case "revoke":
            assert standard_revoke(grant, server.http, soon()) == OAuthFailure(code="redirect_refused")
        case "probe":
            assert standard_probe(grant, server.http, soon()) == "unknown"
        case _:
            request = HttpRequest(
                "GET", f"{server.base}/models", headers={"x-api-key": SensitiveBytes(ACCESS)}
            )
            assert standard_preflight(request, server.http, soon()).outcome == "unexpected"
    assert server.requests
    assert (second.requests, second.connections) == ([], 0)


def endpoints(base, *names):
    long = {"revoke": "revocation_endpoint"}
    return {long.get(name, f"{name}_endpoint"): f"{base}/{name}" for name in names}


def silent(visit):
    visit.ask()
    visit.until_gone()


def half(visit):
    visit.ask()
    visit.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n", TOKENS)


def dripping(visit):
    visit.ask()
    visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while not visit.server.over.wait(0.02):
        visit.say(b" ")


@pytest.mark.parametrize("script", [silent, half, dripping])
def test_no_whole_answer_may_have_spent_the_token(issuer_of, script):
    """Hazard H37 of auth profiles: after a request that left, nobody knows what the server did."""
    server = issuer_of(script, limits={"total_seconds": 1})
    found = standard_refresh(server.grant(), server.http, soon())
    assert found == OAuthFailure(code="network", kind="transient", sent=True)
    assert len(server.requests) == 1


def test_who_was_not_reached_spent_nothing(issuer_of):
    server = issuer_of(replying())
    server.server.__exit__()
    found = standard_refresh(server.grant(), server.http, soon())
    assert found == OAuthFailure(code="network", kind="transient", sent=False)


def test_no_time_left_sends_nothing(issuer_of):
    server = issuer_of(replying())
    found = standard_refresh(server.grant(), server.http, Deadline.after(-1))
    assert found == OAuthFailure(code="network", kind="transient", sent=False)
    assert server.requests == []


@pytest.mark.parametrize(
    ("base", "code"),
    [
        ("https://elsewhere.example", "not_allowed"),
        ("http://issuer.example", "not_allowed"),
        ("https://10.0.0.1", "not_allowed"),
        ("https://user@issuer.test", "not_configured"),
    ],
)
def test_an_endpoint_elsewhere_gets_nothing(issuer_of, base, code):
    """Hazard H48 of auth profiles: a profile could name any endpoint, and the refresh token was posted there."""
    server = issuer_of(replying())
    found = standard_refresh(grant_at(base), server.http, soon())
    assert found == OAuthFailure(code=code, kind="config_missing", sent=False)


def test_without_a_token_nothing_is_sent(issuer_of):
    server = issuer_of(replying())
    for grant in (server.grant(refresh=False), server.grant(auth="client_secret_post", secret=False)):
        found = standard_refresh(grant, server.http, soon())
        assert found == OAuthFailure(code="not_configured", kind="config_missing", sent=False)
    assert server.requests == []


def test_both_tokens_are_revoked_with_their_hints(issuer_of):
    """Hazard H42 of auth profiles: the access token was not revoked, and no hint was sent."""
    server = issuer_of(replying(b"", b"200 OK"))
    assert standard_revoke(server.grant(**endpoints(server.base, "revoke")), server.http, soon()) is None
    said = [form_of(request) for request in server.requests]
    assert [(each["token"][0], each["token_type_hint"][0]) for each in said] == [
        (REFRESH.decode(), "refresh_token"),
        (ACCESS.decode(), "access_token"),
    ]


def test_an_issuer_without_revocation_says_so(issuer_of):
    server = issuer_of(replying())
    found = standard_revoke(server.grant(), server.http, soon())
    assert found == OAuthFailure(code="unsupported", kind="config_missing", sent=False)


def test_both_are_tried_and_the_first_failure_counts(issuer_of):
    """Hazard H42 of auth profiles: a server that was down once left the other token as it was."""

    def script(visit):
        while request := visit.ask():
            refresh = b"hint=refresh" in request
            visit.answer(b"{}", JSON, b"Retry-After: 7", status=b"503 Later" if refresh else b"400 No")

    server = issuer_of(script)
    found = standard_revoke(server.grant(**endpoints(server.base, "revoke")), server.http, soon())
    assert found == OAuthFailure(code="http_status", kind="transient", status=503, retry_after_seconds=7.0)
    assert len(server.requests) == 2


def test_an_issuer_that_revokes_refresh_tokens_only_has_done_its_part(issuer_of):
    """RFC 7009, 2.2.1: else what waits for revocation waits for ever."""

    def script(visit):
        while request := visit.ask():
            if b"hint=refresh" in request:
                visit.answer()
            else:
                visit.answer(b'{"error": "unsupported_token_type"}', JSON, status=b"400 No")

    server = issuer_of(script)
    options = endpoints(server.base, "revoke")
    assert standard_revoke(server.grant(**options), server.http, soon()) is None
    alone = standard_revoke(server.grant(refresh=False, **options), server.http, soon())
    assert isinstance(alone, OAuthFailure)
    assert alone.code == "unsupported_token_type"


@pytest.mark.parametrize(
    ("introspection", "userinfo", "found"),
    [
        ((b'{"active": true}', b"200 OK"), None, "active"),
        ((b'{"active": false}', b"200 OK"), (b"{}", b"200 OK"), "inactive"),
        ((b'{"active": "true"}', b"200 OK"), None, "unknown"),
        ((b"{}", b"200 OK"), (b"{}", b"200 OK"), "active"),
        ((b"{}", b"401 No"), (b"{}", b"200 OK"), "active"),
        ((b"{}", b"500 Oh"), (b"{}", b"401 No"), "inactive"),
        ((b"active", b"200 OK"), (b"{}", b"403 No"), "unknown"),
        (None, (b"{}", b"200 OK"), "active"),
        (None, (b"{}", b"401 No"), "inactive"),
        (None, (b"{}", b"503 Later"), "unknown"),
        (None, None, "unknown"),
    ],
)
def test_a_probe_spends_nothing(issuer_of, introspection, userinfo, found):
    """Hazard H37 of auth profiles: whether a token still works is asked without presenting what can be spent."""
    there = {"introspection": introspection, "userinfo": userinfo}
    server = issuer_of(by_path(**{name: what for name, what in there.items() if what}))
    options = endpoints(server.base, *(name for name, what in there.items() if what))
    assert standard_probe(server.grant(**options), server.http, soon()) == found
    assert not any(REFRESH in request for request in server.requests)


def test_no_access_token_is_an_inactive_one(issuer_of):
    server = issuer_of(replying())
    assert standard_probe(server.grant(access=False), server.http, soon()) == "inactive"


def test_an_issuer_that_cannot_be_asked_knows_nothing(issuer_of):
    server = issuer_of(silent, limits={"total_seconds": 0.5})
    options = endpoints(server.base, "introspection", "userinfo")
    assert standard_probe(server.grant(**options), server.http, soon()) == "unknown"


CLASSES = [
    (200, "", None), (204, "insufficient_quota", None), (304, "", None),
    (400, "", None), (400, "invalid_api_key", None), (404, "", None), (409, "", None),
    (422, "rate_limit_exceeded", None),
    (401, "", "auth_invalid"), (401, "invalid_api_key", "auth_invalid"), (401, "insufficient_quota", "auth_invalid"),
    (401, "invalid_token", "refresh_due"), (401, "token_expired", "refresh_due"), (401, "expired_token", "refresh_due"),
    (403, "", "auth_invalid"), (403, "invalid_token", "auth_invalid"), (403, "policy", "auth_invalid"),
    (403, "insufficient_quota", "quota"), (403, "rate_limit_exceeded", "rate_limit"),
    (402, "", "quota"), (402, "invalid_token", "quota"),
    (429, "", "rate_limit"), (429, "insufficient_quota", "quota"), (429, "invalid_token", "rate_limit"),
    (408, "", "transient"), (425, "", "transient"), (500, "invalid_api_key", "transient"), (503, "", "transient"),
    (529, "insufficient_quota", "transient"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "kind"), CLASSES)
def test_status_first_then_code(status, code, kind):
    """Hazard H30 of auth profiles: text of the body outranked the status, and a 403 that mentioned a policy was not
    recorded."""
    assert standard_classify(ProviderResponse(status=status, code=code)) == kind


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(b"200 OK", "ok"), (b"401 No", "invalid_credential"), (b"403 No", "invalid_credential"),
     (b"429 Slow", "rate_limited"), (b"500 Oh", "unavailable"), (b"503 Later", "unavailable"),
     (b"529 Later", "unavailable"),
     (b"204 Nothing", "unexpected"), (b"400 No", "unexpected"), (b"404 No", "unexpected"), (b"418 Tea", "unexpected")],
)  # fmt: skip
def test_what_becomes_of_a_key(issuer_of, status, outcome):
    server = issuer_of(replying(b"{}", status, b"Retry-After: 9"))
    request = HttpRequest("GET", f"{server.base}/models", headers={"x-api-key": SensitiveBytes(ACCESS)})
    found = standard_preflight(request, server.http, soon())
    assert (found.outcome, found.status, found.retry_after_seconds) == (outcome, int(status[:3]), 9.0)


def test_a_key_that_could_not_be_tried(issuer_of):
    server = issuer_of(silent, limits={"total_seconds": 0.5})
    assert (
        standard_preflight(HttpRequest("GET", f"{server.base}/m"), server.http, soon()).outcome
        == "unavailable"
    )
    assert (
        standard_preflight(HttpRequest("GET", "https://no.example/m"), server.http, soon()).outcome
        == "unexpected"
    )


def test_nothing_secret_is_shown_anywhere(issuer_of, caplog):
    """Hazard H56 of auth profiles: whatever a failure holds, and whatever was logged on the way, has no word of the
    body in it."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpcore2", "httpcore2.http11", "httpcore2.connection"):
        caplog.set_level(logging.DEBUG, name)
    echo = b'{"error": "' + REFRESH + b'", "error_description": "' + ACCESS + b'"}'
    shown = []
    for script in (
        replying(echo, b"400 No"),
        replying(echo),
        replying(echo, b"200 OK", b"Location: /" + REFRESH),
        half,
    ):
        server = issuer_of(script, limits={"total_seconds": 1})
        for auth in ("client_secret_basic", "client_secret_post"):
            grant = server.grant(auth=auth, **endpoints(server.base, "revoke", "introspection", "userinfo"))
            for call in (standard_refresh, standard_revoke, standard_probe):
                found = call(grant, server.http, soon())
                shown += [repr(found), str(found), repr(grant), str(grant)]
    assert "canary" not in " ".join(shown)
    assert "canary" not in caplog.text


def test_the_environment_is_not_asked(issuer_of, monkeypatch):
    """Hazard H50 of auth profiles: logins, validations and revocations went through whatever proxy the environment
    named."""
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server = issuer_of(replying())
    grant = server.grant(**endpoints(server.base, "revoke"))
    assert isinstance(standard_refresh(grant, server.http, soon()), TokenReply)
    assert standard_revoke(grant, server.http, soon()) is None


def test_a_name_that_answers_twice_is_asked_once(issuer_of):
    """Hazard H49 of auth profiles: the name was resolved once to be judged and once to be connected to, and the second
    answer was an address of this machine."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"]])
    server = issuer_of(replying(), resolver=lambda host, port: next(answers))
    assert isinstance(standard_refresh(server.grant(), server.http, soon()), TokenReply)
    assert next(answers) == ["127.0.0.2"]


def test_any_number_of_threads(issuer_of):
    server = issuer_of(replying())
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(standard_refresh(server.grant(), server.http, soon())))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [type(each) for each in found] == [TokenReply] * 8
