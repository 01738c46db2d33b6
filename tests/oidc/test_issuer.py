"""The issuer is the one that the other tests take it for: it rotates, it detects reuse, and it tells us what it did."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.oidc.browser import Browser
from tests.oidc.fetch import HERE
from tests.oidc.server import DEVICE_GRANT

pytestmark = pytest.mark.real

VERIFIER = "a verifier of this test, forty-three or more".replace(" ", "-").replace(",", "")
REDIRECT = "http://127.0.0.1:4711/callback"


def _basic(client):
    return "Basic " + base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()


def _authorize_url(client, **more):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
    asked = {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid offline_access read",
        "prompt": "consent",
        "state": "of this test",
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    return f"{client.issuer.url}/auth?{urlencode(asked | more)}"


def _callback(client, **how):
    came = Browser().sign_in(_authorize_url(client), **how)
    assert came.startswith(REDIRECT)
    return {name: value for name, (value,) in parse_qs(urlsplit(came).query).items()}


def _token(client, grant, **form):
    form = {"grant_type": grant, **form}
    auth = ""
    match client.auth:
        case "none":
            form["client_id"] = client.id
        case "client_secret_post":
            form |= {"client_id": client.id, "client_secret": client.secret}
        case _:
            auth = _basic(client)
    return client.issuer.ask("/token", form=form, auth=auth)


def _login(client):
    code = _callback(client)["code"]
    answer = _token(client, "authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER)
    assert answer.status == 200, answer
    return answer.body


@pytest.mark.parametrize("auth", ["none", "client_secret_basic", "client_secret_post"])
def test_a_login_by_code_gives_tokens_and_each_refresh_another_pair(issuer, auth):
    client = issuer.client(auth)
    first = _login(client)
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 3600)
    assert first["id_token"]
    second = _token(client, "refresh_token", refresh_token=first["refresh_token"]).body
    third = _token(client, "refresh_token", refresh_token=second["refresh_token"]).body
    assert (
        len({each[name] for each in (first, second, third) for name in ("access_token", "refresh_token")})
        == 6
    )
    counts = client.counts()
    assert counts["grant.success refresh_token"] == counts["refresh_token.consumed"] == 2
    assert counts["grant.revoked"] == 0


def test_a_callback_names_its_issuer_and_state(issuer):
    came = _callback(issuer.client())
    assert came["iss"] == issuer.url
    assert came["state"] == "of this test"


def test_who_declines_sends_back_an_error(issuer):
    came = _callback(issuer.client(), accept=False)
    assert came["error"] == "access_denied"
    assert "code" not in came


def test_a_refresh_token_that_is_used_again_ends_all_of_its_family(issuer):
    """Hazard H32 of auth profiles: two processes spent one refresh token, and both were left with nothing."""
    client = issuer.client()
    old = _login(client)
    new = _token(client, "refresh_token", refresh_token=old["refresh_token"]).body
    again = _token(client, "refresh_token", refresh_token=old["refresh_token"])
    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    assert _token(client, "refresh_token", refresh_token=new["refresh_token"]).status == 400
    assert issuer.ask("/me", auth=f"Bearer {new['access_token']}").status == 401
    assert [each["detail"] for each in client.events("grant.error")] == [
        "refresh token already used",
        "refresh token not found",
    ]
    assert len(client.events("grant.revoked")) == 1


def test_a_client_may_keep_its_refresh_token(issuer):
    client = issuer.client(rotates=False)
    first = _login(client)
    for _ in range(2):
        answer = _token(client, "refresh_token", refresh_token=first["refresh_token"])
        assert answer.status == 200
        assert answer.body["refresh_token"] == first["refresh_token"]
    assert not client.events("refresh_token.consumed")


def test_tokens_live_as_long_as_their_client_asked(issuer):
    assert _login(issuer.client(seconds=7))["expires_in"] == 7


def test_a_wrong_verifier_gets_nothing(issuer):
    client = issuer.client()
    code = _callback(client)["code"]
    asked = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER[::-1]}
    answer = _token(client, "authorization_code", **asked)
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")
    assert not client.events("access_token.issued")


def test_a_device_waits_until_somebody_approves(issuer):
    client = issuer.client()
    started = issuer.ask("/device/auth", form={"client_id": client.id, "scope": "openid offline_access"}).body
    assert (
        _token(client, DEVICE_GRANT, device_code=started["device_code"]).body["error"]
        == "authorization_pending"
    )
    last = Browser().approve(started["verification_uri"], started["user_code"])
    assert last.status == 200
    answer = _token(client, DEVICE_GRANT, device_code=started["device_code"])
    assert answer.status == 200
    assert answer.body["refresh_token"]


def test_a_device_that_is_declined_is_told(issuer):
    client = issuer.client()
    started = issuer.ask("/device/auth", form={"client_id": client.id, "scope": "openid"}).body
    Browser().approve(started["verification_uri"], started["user_code"], accept=False)
    answer = _token(client, DEVICE_GRANT, device_code=started["device_code"])
    assert (answer.status, answer.body["error"]) == (400, "access_denied")


def test_revoked_tokens_are_inactive(issuer):
    client = issuer.client("client_secret_basic")
    tokens = _login(client)
    asked = {"token": tokens["access_token"]}
    assert issuer.ask("/token/introspection", form=asked, auth=_basic(client)).body["active"] is True
    revoked = {"token": tokens["refresh_token"], "token_type_hint": "refresh_token"}
    assert issuer.ask("/token/revocation", form=revoked, auth=_basic(client)).status == 200
    assert issuer.ask("/token/introspection", form=asked, auth=_basic(client)).body == {"active": False}


def test_a_reply_can_be_lost_after_the_token_is_spent(issuer):
    client = issuer.client()
    tokens = _login(client)
    client.spoil("lose", 20)
    with pytest.raises(ConnectionError):
        _token(client, "refresh_token", refresh_token=tokens["refresh_token"])
    assert client.counts()["grant.success refresh_token"] == 1
    assert _token(client, "refresh_token", refresh_token=tokens["refresh_token"]).status == 400
    assert len(client.events("grant.revoked")) == 1


def test_no_registry_is_named_where_packages_are_locked():
    """A host in a lock file is where everybody's machine fetches from, whatever its owner has told npm."""
    locked = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]
    packages = [package for name, package in locked.items() if name]
    assert packages
    for package in packages:
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
