"""The vendor that the tests of this room talk to does what they rely on."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import PalyraError
from palyra_kernel.net import HttpClient, HttpRequest, Limits
from tests.auth.grants import CLIENT
from tests.auth.script import big, changed, cut, drip, error, gate, half, html, never, redirect, status
from tests.auth.vendor import Vendor
from tests.auth.vendor_process import VendorProcess


class Caller:
    """Asks a vendor as an adapter would."""

    def __init__(self, vendor):
        self.vendor = vendor
        self.http = HttpClient([], loopback=[vendor.host], limits=Limits(total_seconds=1))

    def post(self, path, form, **headers):
        with self.http.send(
            HttpRequest("POST", self.vendor.url + path, form=form, headers=headers)
        ) as answer:
            return answer.status, answer.json()

    def refresh(self, token, client_id=CLIENT, **form):
        form = {"grant_type": "refresh_token", "refresh_token": SensitiveBytes(token.encode()), **form}
        return self.post("/token", {**form, "client_id": client_id})

    def get(self, path, **headers):
        with self.http.send(HttpRequest("GET", self.vendor.url + path, headers=headers)) as answer:
            return answer.status

    def code(self, path="/token"):
        with pytest.raises(PalyraError) as caught:
            self.refresh("unknown")
        return caught.value.code


@pytest.fixture(params=[Vendor, VendorProcess], ids=["threads", "process"])
def vendor(request):
    with request.param() as vendor:
        yield vendor


@pytest.fixture
def caller(vendor):
    caller = Caller(vendor)
    with caller.http:
        yield caller


def test_a_refresh_token_that_comes_twice_ends_its_family(vendor, caller):
    access, refresh = vendor.issue(["read", "write"])
    other, _ = vendor.issue()
    code, reply = caller.refresh(refresh)
    assert (code, reply["scope"], reply["expires_in"]) == (200, "read write", 3600)
    assert vendor.works(access)
    assert vendor.works(reply["access_token"])
    assert caller.refresh(refresh) == (400, {"error": "invalid_grant"})
    assert caller.refresh(reply["refresh_token"]) == (400, {"error": "invalid_grant"})
    assert not vendor.works(reply["access_token"])
    assert vendor.works(other)
    assert vendor.revoked_families == vendor.reused_families == {vendor.family(access).name}
    assert vendor.counts["refreshed"] == vendor.counts["reused"] == vendor.counts["refused"] == 1
    assert vendor.counts["POST /token"] == len(vendor.requests) == 3


def test_of_many_who_present_one_token_one_gets_an_answer(vendor):
    _, refresh = vendor.issue()
    callers = [Caller(vendor) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda caller: caller.refresh(refresh)[0], callers))
    for caller in callers:
        caller.http.close()
    assert sorted(answers) == [200, *[400] * 7]
    assert vendor.counts["reused"] == 1


def test_the_knobs_of_the_issuer(vendor, caller):
    vendor.adjust("rotates", False)
    vendor.adjust("newest_only", True)
    vendor.adjust("lifetime", 60)
    vendor.adjust("jwt", True)
    access, refresh = vendor.issue()
    _, reply = caller.refresh(refresh)
    assert (reply["refresh_token"], reply["expires_in"]) == (refresh, 60)
    assert reply["access_token"].count(".") == 2
    assert not vendor.works(access)
    assert vendor.works(reply["access_token"])
    vendor.expire(refresh)
    assert not vendor.works(reply["access_token"])
    vendor.end(refresh)
    assert caller.refresh(refresh)[0] == 400
    assert vendor.reused_families == set()


def test_clocks_that_differ(vendor, caller):
    vendor.adjust("skew", 600)
    with caller.http.send(HttpRequest("GET", f"{vendor.url}/userinfo")) as answer:
        assert 590 < answer.clock_skew < 610


def test_scopes_clients_and_grants_that_are_refused(vendor, caller):
    _, refresh = vendor.issue()
    assert caller.refresh(refresh, scope="read write")[1] == {"error": "invalid_scope"}
    assert caller.refresh(refresh, client_id="nobody") == (401, {"error": "invalid_client"})
    assert caller.post("/token", {"client_id": CLIENT})[1] == {"error": "unsupported_grant_type"}
    assert caller.refresh(refresh)[0] == 200


def test_a_client_with_a_secret():
    with Vendor(clients={"acme": "s3:cret"}) as vendor:
        caller = Caller(vendor)
        basic = {"authorization": "Basic " + base64.b64encode(b"acme:s3%3Acret").decode()}
        _, refresh = vendor.issue(client_id="acme")
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        assert caller.post("/token", {**form, "client_id": "acme"})[0] == 401
        assert caller.post("/token", form | {"client_secret": "s3:cret"}, **basic)[0] == 400
        _, reply = caller.post("/token", form, **basic)
        form["refresh_token"] = reply["refresh_token"]
        assert caller.post("/token", {**form, "client_id": "acme", "client_secret": "s3:cret"})[0] == 200
        caller.http.close()


def test_revocation_introspection_and_the_api(vendor, caller):
    access, refresh = vendor.issue()
    bearer = {"authorization": f"Bearer {access}"}
    assert caller.get("/v1/models", **bearer) == caller.get("/userinfo", **bearer) == 200
    introspected = caller.post("/introspect", {"client_id": CLIENT, "token": access})[1]
    assert introspected == {"active": True, "scope": "read", "client_id": CLIENT}
    assert caller.post("/revoke", {"client_id": CLIENT, "token": access})[0] == 200
    assert caller.post("/introspect", {"client_id": CLIENT, "token": access})[1] == {"active": False}
    assert caller.get("/v1/models", **bearer) == 401
    assert caller.post("/introspect", {"client_id": CLIENT, "token": refresh})[1]["active"]
    assert caller.post("/revoke", {"client_id": CLIENT, "token": refresh})[0] == 200
    assert vendor.revoked_families == {vendor.family(access).name}
    assert vendor.counts["introspected"] == 3


def test_a_code_is_exchanged_once(vendor, caller):
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "redirect_uri": "http://127.0.0.1/cb",
        "code": vendor.code(challenge, "http://127.0.0.1/cb", ["read"]),
        "code_verifier": verifier,
    }
    assert caller.post("/token", {**form, "code_verifier": "w" * 43})[0] == 400
    _, reply = caller.post("/token", form)
    assert vendor.works(reply["access_token"])
    assert caller.post("/token", form)[0] == 400
    assert not vendor.works(reply["access_token"])


def test_answers_by_script(vendor, caller):
    _, refresh = vendor.issue()
    vendor.script(
        error("temporarily_unavailable", 503, retry_after="7"),
        status(402, b"{}"),
        changed("access_token", expires_in="1h"),
    )
    assert caller.refresh(refresh)[0] == 503
    assert caller.refresh(refresh)[0] == 402
    assert vendor.counts["refreshed"] == 0
    _, reply = caller.refresh(refresh)
    assert "access_token" not in reply
    assert reply["expires_in"] == "1h"
    assert caller.refresh(reply["refresh_token"])[1]["expires_in"] == 3600


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (half(), "connection_lost"),
        (cut(), "connection_lost"),
        (never(), "timeout"),
        (drip(), "timeout"),
        (big(), "response_too_large"),
        (redirect("https://elsewhere.example/token"), "redirect_refused"),
        (html(), "response_type"),
    ],
)
def test_what_goes_wrong_by_script(step, code):
    with Vendor() as vendor, (caller := Caller(vendor)).http:
        vendor.always(step)
        assert caller.code() == code


def test_who_acted_before_it_went_wrong():
    """Hazard H37 of auth profiles: the token is spent, and nobody who should know of it does."""
    with Vendor() as vendor, (caller := Caller(vendor)).http:
        _, refresh = vendor.issue()
        vendor.script(cut(acts=False), cut())
        for refreshes in (0, 1):
            with pytest.raises(PalyraError):
                caller.refresh(refresh)
            assert vendor.family(refresh).refreshes == refreshes


def test_a_reply_that_is_held_back(vendor, caller):
    _, refresh = vendor.issue()
    vendor.script(gate("late"))
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(caller.refresh, refresh)
        vendor.reached("late")
        assert vendor.counts["refreshed"] == 1
        assert not late.done()
        vendor.open("late")
        assert late.result()[0] == 200
