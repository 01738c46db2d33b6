"""Login on another device: how often the issuer is asked, and what counts as an answer."""

from __future__ import annotations

import pytest

from palyra_kernel.auth.login.attempt import LONGEST_MS
from palyra_kernel.auth.login.device import _next
from palyra_kernel.contracts.oauth import OAuthFailure
from palyra_kernel.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    InvalidInputError,
    PalyraError,
    UnavailableError,
)
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.login.stand import OWNER
from tests.auth.script import Step, error, status


@pytest.fixture
def shown(stand):
    return begin(stand)


def begin(stand, wanted=None, **more):
    return stand.logins.device.begin(wanted or stand.wanted(), owner=OWNER, **more)


def wait(stand, shown, **more):
    return stand.logins.device.wait(shown.attempt.id, owner=OWNER, **more)


def confirm_after(stand, times):
    """The human says yes after so many questions."""
    real = stand.clock.wait

    def waiting(seconds):
        real(seconds)
        stand.vendor.confirmed = len(stand.clock.waits) > times

    stand.clock.wait = waiting
    stand.restart()


def test_a_login_on_another_device(stand, shown):
    """RFC 8628: the code is shown, the issuer asked each five seconds, and the tokens are stored."""
    assert (shown.user_code, shown.complete) == ("WDJB-MJHT", "")
    assert shown.verification_uri == f"{stand.vendor.url}/activate"
    confirm_after(stand, 3)
    made = wait(stand, shown)
    assert made.id == "work"
    assert stand.clock.waits == [5, 5, 5, 5]
    assert stand.vendor.works(stand.tokens()[0])
    assert stand.logins.find(shown.attempt.id).state == "succeeded"
    assert stand.secrets() == 1


def test_slow_down_means_five_seconds_more_each_time(stand, shown):
    """Hazard H28 of auth profiles: slow_down kept the interval."""
    stand.vendor.script(error("slow_down"), error("slow_down"))
    stand.vendor.confirmed = True
    wait(stand, shown)
    assert stand.clock.waits == [5, 10, 15]


@pytest.mark.parametrize(("said", "waited"), [(None, 5), (1, 1), (0, 1), (-3, 1), (17, 17), (86_400, 60)])
def test_the_issuer_says_how_often(stand, said, waited):
    """RFC 8628, 3.2: five seconds if it does not say; a silly number does not hammer or stop."""
    if said is None:
        del stand.vendor.device["interval"]
    else:
        stand.vendor.device["interval"] = said
    stand.vendor.confirmed = True
    wait(stand, begin(stand))
    assert stand.clock.waits == [waited]


@pytest.mark.parametrize(
    "step",
    [
        status(500, b'{"error":"authorization_pending"}'),
        status(503, b"pending"),
        status(502),
        Step(way="cut", acts=False),
        status(429),
        error("authorization_pending", 500),
    ],
)
def test_a_server_that_fails_says_nothing_of_the_login(stand, shown, step):
    """Hazard H28 of auth profiles: any body with "pending" in it was pending. It is asked again, less often."""
    stand.vendor.script(step, step)
    stand.vendor.confirmed = True
    assert wait(stand, shown).id == "work"
    assert stand.clock.waits == [5, 10, 20]


def test_only_an_error_of_the_client_is_believed():
    """Hazard H28 of auth profiles: whoever reads the answer, a status of the server's own fault says nothing."""
    for code in ("authorization_pending", "slow_down", "expired_token", "access_denied"):
        assert _next(OAuthFailure(code=code, status=500), 5) == 10
    assert _next(OAuthFailure(code="authorization_pending", status=400), 5) == 5


def test_a_server_that_asks_for_rest_gets_it(stand, shown):
    """Hazard H5 of auth profiles: Retry-After, up to a minute between two questions."""
    stand.vendor.script(status(503, retry_after="33"), status(503, retry_after="900"))
    stand.vendor.confirmed = True
    wait(stand, shown)
    assert stand.clock.waits == [5, 33, 60]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (error("access_denied"), "login_refused"),
        (error("expired_token"), "login_expired"),
        (error("invalid_grant"), "login_refused"),
        (error("invalid_client", 401), "login_refused"),
        (error("unsupported_grant_type"), "login_refused"),
        (error("pending"), "login_refused"),
        (status(200, b'{"error":"authorization_pending"}'), "login_refused"),
        (status(400, b"authorization_pending"), "login_refused"),
    ],
)
def test_an_answer_ends_the_login(stand, shown, step, code):
    """Hazard H28 of auth profiles: only the structured code of an error of the client keeps it waiting."""
    stand.vendor.script(step)
    with pytest.raises((DeniedError, UnavailableError)) as refused:
        wait(stand, shown)
    assert refused.value.code == code
    assert stand.logins.find(shown.attempt.id).code == code
    assert stand.clock.waits == [5]
    assert stand.secrets() == 0


def test_the_time_of_a_code_is_over(stand):
    """Hazard H28 of auth profiles: nobody asks with a code that has expired."""
    stand.vendor.device["expires_in"] = 30
    shown = begin(stand)
    with pytest.raises(UnavailableError) as refused:
        wait(stand, shown)
    assert refused.value.code == "login_expired"
    assert stand.clock.waits == [5] * 5
    assert stand.secrets() == 0


def test_a_deadline_ends_the_wait_and_not_the_login(stand, shown):
    """Hazard H39 of auth profiles: after it, and after a restart, somebody may wait again."""
    with pytest.raises(UnavailableError) as refused:
        wait(stand, shown, deadline=Deadline.after(1))
    assert refused.value.code == "login_timeout"
    stand.restart()
    stand.vendor.confirmed = True
    assert wait(stand, shown).id == "work"


def test_who_waits_sees_that_it_was_cancelled(stand, shown):
    """And asks no more."""
    real = stand.clock.wait

    def cancelling(seconds):
        real(seconds)
        if len(stand.clock.waits) == 2:
            stand.logins.device.cancel(shown.attempt.id, owner=OWNER)

    stand.clock.wait = cancelling
    stand.restart()
    with pytest.raises(ConflictError) as refused:
        wait(stand, shown)
    assert refused.value.code == "login_over"
    assert stand.posts("/token") == 1
    assert stand.secrets() == 0


def test_another_session_cannot_wait_for_it(stand, shown):
    """Hazard H51 of auth profiles: the codes are of whoever began."""
    with pytest.raises(DeniedError):
        stand.logins.device.wait(shown.attempt.id, owner="user:mallory/session-2")
    assert stand.posts("/token") == 0


@pytest.mark.parametrize(
    "device",
    [
        {"expires_in": 0},
        {"expires_in": "soon"},
        {"device_code": ""},
        {"device_code": "a\nb"},
        {"user_code": ""},
        {"user_code": "\x1b[2J"},
        {"user_code": "A" * 65},
        {"verification_uri": ""},
        {"verification_uri": "http://auth.example.com/activate"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri_complete": "https://auth.example.com/\x1b"},
    ],
)
def test_an_answer_that_cannot_be_shown_begins_nothing(stand, device):
    """What is printed on a terminal or opened in a browser is not just anything."""
    stand.vendor.device |= device
    with pytest.raises(PalyraError) as refused:
        begin(stand)
    assert refused.value.code in ("bad_device_reply", "bad_url", "login_refused")
    assert "\x1b" not in str(refused.value)
    assert stand.secrets() == 0


def test_an_issuer_without_it_is_named(stand):
    """And one that refuses the client."""
    with pytest.raises(InvalidInputError) as refused:
        begin(stand, stand.wanted(device_authorization_endpoint=""))
    assert refused.value.code == "no_device_endpoint"
    stand.vendor.script(error("unauthorized_client", 401), path="/device")
    with pytest.raises(DeniedError):
        begin(stand)


def test_a_code_lives_half_an_hour_at_most(stand):
    """Whatever the issuer allows."""
    stand.vendor.device["expires_in"] = 10**9
    assert begin(stand).attempt.until_ms == stand.clock.now + LONGEST_MS


def test_a_failed_check_gives_the_tokens_back(stand):
    """Hazard H40 of auth profiles: as for a login by code. There is no nonce here, so none is compared."""
    shown = begin(stand, stand.wanted(scopes=("openid", "read")))
    stand.vendor.confirmed = True
    with pytest.raises(IntegrityError) as refused:
        wait(stand, shown)
    assert refused.value.code == "id_token_missing"
    assert stand.living() == set()
    assert stand.secrets() == 0


def test_a_client_with_a_secret(stand):
    """It authenticates both requests, and the secret is stored with the tokens."""
    stand.vendor.grants.clients["tv"] = "tv-secret"
    wanted = stand.wanted(client_auth="client_secret_basic", client_id="tv")
    shown = begin(stand, wanted, client_secret=SensitiveBytes(b"tv-secret"))
    stand.vendor.confirmed = True
    wait(stand, shown)
    assert stand.secrets() == 2
