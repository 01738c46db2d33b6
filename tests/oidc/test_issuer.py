"""The issuer is the one that the other tests take it for: it rotates, it detects reuse, and it tells us what it did."""

from __future__ import annotations

import json

import pytest

from tests.oidc.browser import Browser
from tests.oidc.client import DEVICE_GRANT, VERIFIER
from tests.oidc.fetch import HERE

pytestmark = pytest.mark.real


@pytest.mark.parametrize("auth", ["none", "client_secret_basic", "client_secret_post"])
def test_a_login_by_code_gives_tokens_and_each_refresh_another_pair(issuer, auth):
    client = issuer.client(auth)
    first = client.log_in()
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 3600)
    assert first["id_token"]
    second = client.token("refresh_token", refresh_token=first["refresh_token"]).body
    third = client.token("refresh_token", refresh_token=second["refresh_token"]).body
    assert (
        len({each[name] for each in (first, second, third) for name in ("access_token", "refresh_token")})
        == 6
    )
    counts = client.counts()
    assert counts["grant.success refresh_token"] == counts["refresh_token.consumed"] == 2
    assert counts["grant.revoked"] == 0


def test_a_callback_names_its_issuer_and_state(issuer):
    came = issuer.client().sign_in()
    assert came["iss"] == issuer.url
    assert came["state"] == "of this test"


def test_who_declines_sends_back_an_error(issuer):
    came = issuer.client().sign_in(accept=False)
    assert came["error"] == "access_denied"
    assert "code" not in came


def test_a_refresh_token_that_is_used_again_ends_all_of_its_family(issuer):
    """Hazard H32 of auth profiles: two processes spent one refresh token, and both were left with nothing."""
    client = issuer.client()
    old = client.log_in()
    new = client.token("refresh_token", refresh_token=old["refresh_token"]).body
    again = client.token("refresh_token", refresh_token=old["refresh_token"])
    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    assert client.token("refresh_token", refresh_token=new["refresh_token"]).status == 400
    assert issuer.ask("/me", auth=f"Bearer {new['access_token']}").status == 401
    assert [each["detail"] for each in client.events("grant.error")] == [
        "refresh token already used",
        "refresh token not found",
    ]
    assert len(client.events("grant.revoked")) == 1


def test_a_client_may_keep_its_refresh_token(issuer):
    client = issuer.client(rotates=False)
    first = client.log_in()
    for _ in range(2):
        answer = client.token("refresh_token", refresh_token=first["refresh_token"])
        assert answer.status == 200
        assert answer.body["refresh_token"] == first["refresh_token"]
    assert not client.events("refresh_token.consumed")


def test_tokens_live_as_long_as_their_client_asked(issuer):
    assert issuer.client(seconds=7).log_in()["expires_in"] == 7


def test_a_wrong_verifier_gets_nothing(issuer):
    client = issuer.client()
    answer = client.exchange(client.sign_in()["code"], VERIFIER[::-1])
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")
    assert not client.events("access_token.issued")


def test_a_device_waits_until_somebody_approves(issuer):
    client = issuer.client()
    started = issuer.ask("/device/auth", form={"client_id": client.id, "scope": "openid offline_access"}).body
    assert (
        client.token(DEVICE_GRANT, device_code=started["device_code"]).body["error"]
        == "authorization_pending"
    )
    last = Browser().approve(started["verification_uri"], started["user_code"])
    assert last.status == 200
    answer = client.token(DEVICE_GRANT, device_code=started["device_code"])
    assert answer.status == 200
    assert answer.body["refresh_token"]


def test_a_device_that_is_declined_is_told(issuer):
    client = issuer.client()
    started = issuer.ask("/device/auth", form={"client_id": client.id, "scope": "openid"}).body
    Browser().approve(started["verification_uri"], started["user_code"], accept=False)
    answer = client.token(DEVICE_GRANT, device_code=started["device_code"])
    assert (answer.status, answer.body["error"]) == (400, "access_denied")


def test_revoked_tokens_are_inactive(issuer):
    client = issuer.client("client_secret_basic")
    tokens = client.log_in()
    asked = {"token": tokens["access_token"]}
    assert client.ask("/token/introspection", **asked).body["active"] is True
    revoked = {"token": tokens["refresh_token"], "token_type_hint": "refresh_token"}
    assert client.ask("/token/revocation", **revoked).status == 200
    assert client.ask("/token/introspection", **asked).body == {"active": False}


def test_a_reply_can_be_lost_after_the_token_is_spent(issuer):
    client = issuer.client()
    tokens = client.log_in()
    client.spoil("lose", 20)
    with pytest.raises(ConnectionError):
        client.token("refresh_token", refresh_token=tokens["refresh_token"])
    assert client.counts()["grant.success refresh_token"] == 1
    assert client.token("refresh_token", refresh_token=tokens["refresh_token"]).status == 400
    assert len(client.events("grant.revoked")) == 1


def test_no_registry_is_named_where_packages_are_locked():
    """A host in a lock file is where everybody's machine fetches from, whatever its owner has told npm."""
    locked = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]
    packages = [package for name, package in locked.items() if name]
    assert packages
    for package in packages:
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
