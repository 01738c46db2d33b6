"""The refresh engine against an issuer that rotates and notices reuse."""

import contextlib
import threading
from time import sleep

import pytest
from msgspec.structs import replace

from palyra_kernel import ProviderResponse, UnavailableError
from palyra_kernel.auth.family import Intent
from tests.auth.script import changed, cut, error, gate, never, status
from tests.auth.vendor import Vendor
from tests.auth.world import Time, auth_of, keyed, login, refresh_token
from tests.support import Places


@pytest.fixture
def vendor():
    with Vendor() as made:
        yield made


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def kernel(tmp_path):
    with Places(tmp_path).create() as made:
        yield made


@pytest.fixture
def auth(kernel, time):
    made = auth_of(kernel, time.clock)
    yield made
    made.close()


def token(auth, selector="main", **more):
    return auth.get_token(selector, **more).reveal().decode()


def test_a_fresh_token_is_handed_out_as_it_is(auth, vendor):
    login(auth, vendor)
    assert vendor.works(token(auth))
    assert vendor.counts["POST /token"] == 0


def test_a_token_that_is_too_old_is_refreshed_first(auth, vendor, time):
    login(auth, vendor)
    old, spent = token(auth), refresh_token(auth)
    time.pass_by(3600)
    new = token(auth)
    assert new != old
    assert vendor.works(new)
    assert refresh_token(auth) != spent
    assert vendor.counts["refreshed"] == 1
    assert token(auth) == new
    assert not vendor.revoked_families


def test_invalid_grant_is_asked_once_in_thirty_days(auth, vendor, time):
    """Hazard H7 of auth profiles: invalid_grant became "status 400" and was retried for ever."""
    login(auth, vendor)
    vendor.end(token(auth))
    for _ in range(30 * 24):
        time.pass_by(3600)
        with pytest.raises(UnavailableError) as caught:
            token(auth)
        auth.scheduler.sweep()
        assert caught.value.code == "reauth_required"
    assert vendor.counts["POST /token"] == 1


def test_many_threads_make_one_refresh(auth, vendor, time):
    """Hazard H32 of auth profiles, invariant I2: waiters refreshed again behind the winner, and the family died."""
    login(auth, vendor)
    token(auth)
    time.pass_by(3600)
    found = []
    threads = [threading.Thread(target=lambda: found.append(token(auth))) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 24
    assert vendor.counts["refreshed"] == 1
    assert not vendor.revoked_families


def test_two_processes_make_one_refresh(kernel, vendor, time):
    """Invariant I2: two openings of one vault stand for two processes; they share nothing but its records."""
    with contextlib.ExitStack() as stack:
        clock = replace(time.clock, wait=sleep)  # who waits for another waits in earnest
        one, two = (auth_of(kernel, clock) for _ in range(2))
        stack.callback(one.close)
        stack.callback(two.close)
        login(one, vendor)
        assert token(one) == token(two)
        time.pass_by(3600)
        vendor.script(gate())
        found = []
        first = threading.Thread(target=lambda: found.append(token(one)))
        first.start()
        vendor.reached()
        second = threading.Thread(target=lambda: found.append(token(two)))
        second.start()
        vendor.open()
        first.join()
        second.join()
        assert found == [token(one)] * 2
    assert vendor.counts["POST /token"] == 1


def test_a_reply_that_is_lost_is_told_and_the_grant_survives(auth, vendor, time):
    """Hazard H37 of auth profiles, invariant I3: a lost reply was a lost login that nobody heard of."""
    login(auth, vendor)
    token(auth)
    time.pass_by(3600 - 200)  # due, and the access token lives
    vendor.script(cut(acts=False))
    assert auth.refresh("main").outcome == "failed"
    family = auth.parts.families.read("main")[1]
    assert family.suspicion is not None
    assert vendor.works(token(auth))  # callers are served meanwhile
    time.pass_by(3600)
    assert vendor.works(token(auth))  # the one time that the old refresh token is presented again
    family = auth.parts.families.read("main")[1]
    assert (family.suspicion, family.terminal, family.generation) == (None, "", 2)


def test_a_reply_that_is_lost_for_good_is_presented_once_more_and_never_again(auth, vendor, time):
    """Hazard H37 of auth profiles: the issuer rotated, its answer was lost; the old token is spent."""
    login(auth, vendor)
    token(auth)
    time.pass_by(3600)
    vendor.script(cut())
    with pytest.raises(UnavailableError) as caught:
        token(auth)
    assert caught.value.code == "refresh_failed"
    for _ in range(50):
        time.pass_by(3600)
        with pytest.raises(UnavailableError) as caught:
            token(auth)
        assert caught.value.code == "reauth_required"
    assert vendor.counts["POST /token"] == 2


def test_an_intent_without_a_holder_makes_the_family_suspect(auth, vendor, time):
    """Invariant I3: on restart, an intent without a result is suspect: probed once, never blindly retried."""
    login(auth, vendor)
    now = time.now_ms()
    left = Intent(holder="gone", until_ms=now + 30_000, started_at_ms=now)
    auth.parts.families.update("main", lambda family: type(family)(**{**_fields(family), "intent": left}))
    assert auth.refresh("main").outcome == "suspect"  # the clock of the test ran past the lease
    assert vendor.counts["introspected"] == 1
    assert vendor.counts["POST /token"] == 0
    assert vendor.works(token(auth))
    time.pass_by(3600)
    assert vendor.works(token(auth))
    assert auth.parts.families.read("main")[1].suspicion is None


def _fields(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_an_old_reply_does_not_replace_a_newer_login(auth, vendor, time):
    """Hazard H33 of auth profiles: a reply that came late overwrote the tokens of a new login."""
    login(auth, vendor)
    time.pass_by(3600)
    vendor.script(gate())
    refresh = threading.Thread(target=lambda: _ignored(lambda: token(auth)))
    refresh.start()
    vendor.reached()
    login(auth, vendor)
    mine = refresh_token(auth)
    vendor.open()
    refresh.join()
    assert refresh_token(auth) == mine
    assert vendor.works(token(auth))
    assert auth.parts.families.read("main")[1].generation == 2


def _ignored(act):
    with contextlib.suppress(UnavailableError):
        act()


@pytest.mark.parametrize(
    "step",
    [
        status(500),
        status(502),
        status(429, retry_after="7"),
        error("temporarily_unavailable", 503),
        changed("access_token"),
    ],
    ids=["500", "502", "429", "503", "no token"],
)
def test_what_a_server_answers_wrongly_is_tried_again_after_a_while(auth, vendor, time, step):
    """Hazard H38 of auth profiles: a good access token was thrown away because its successor did not come."""
    login(auth, vendor)
    token(auth)
    time.pass_by(3600 - 200)
    vendor.script(step)
    assert auth.refresh("main").outcome == "failed"
    family = auth.parts.families.read("main")[1]
    assert family.gate_ms > time.now_ms()
    assert not family.terminal
    assert vendor.works(token(auth))


def test_a_refused_token_is_refreshed_once_and_not_again(auth, vendor, time):
    """Design 10: one reactive refresh after a 401; a second refusal in a row cools the profile down."""
    login(auth, vendor)
    lease = auth.get_token("main")
    vendor.expire(lease.reveal().decode())
    refused = ProviderResponse(status=401, code="invalid_token")
    assert auth.report(lease, refused).retry == "same"
    again = auth.get_token("main")
    assert vendor.works(again.reveal().decode())
    assert auth.report(again, refused).retry == "other"
    assert vendor.counts["POST /token"] == 1
    with pytest.raises(UnavailableError) as caught:
        auth.get_token("main")
    assert caught.value.code == "no_eligible_profile"


def test_a_key_that_is_refused_twice_is_over(auth, time):
    """Hazard H6 of auth profiles, invariant I6: a rejected key came back every five minutes for ever."""
    keyed(auth, "sk-one-of-the-tests", "key")
    refused = ProviderResponse(status=401)
    assert auth.report(auth.get_token("key"), refused).retry == "other"
    time.pass_by(24 * 3600)
    assert auth.report(auth.get_token("key"), refused).retry == "other"
    for _ in range(30):
        time.pass_by(24 * 3600)
        with pytest.raises(UnavailableError) as caught:
            auth.get_token("key")
        assert caught.value.code == "reauth_required"


def test_a_key_that_may_not_do_something_is_not_over(auth, time):
    """A key that is refused one model (403) was taken for a dead key, and all other models went with it."""
    keyed(auth, "sk-one-of-the-tests", "key")
    for _ in range(5):
        auth.report(auth.get_token("key"), ProviderResponse(status=403))
        time.pass_by(24 * 3600)
    assert auth.get_token("key").reveal() == b"sk-one-of-the-tests"


def test_three_keys_one_request(auth, time):
    """Hazard H2 of auth profiles: there was one profile for each provider and no rotation."""
    for number in range(3):
        keyed(auth, f"sk-number-{number}", f"key-{number}")
    first = auth.get_token("custom:vendor")
    report = auth.report(first, ProviderResponse(status=429, headers={"retry-after": "60"}))
    assert (report.kind, report.retry) == ("rate_limit", "other")
    second = auth.get_token("custom:vendor")
    assert second.profile.id != first.profile.id
    for _ in range(4):
        assert auth.get_token("custom:vendor").profile.id != first.profile.id
    time.pass_by(61)
    assert first.profile.id in {auth.get_token("custom:vendor").profile.id for _ in range(4)}


def test_a_slow_issuer_holds_nobody_up_whose_token_works(auth, vendor, time):
    """A refresh before the end is nobody's to wait for."""
    login(auth, vendor)
    token(auth)
    time.pass_by(3600 - 200)
    vendor.script(never())
    for _ in range(10):
        assert vendor.works(token(auth))


def test_a_day_of_tokens_without_a_caller(auth, vendor, time):
    """Hazard H3 of auth profiles: tokens were renewed only when somebody looked at their health."""
    login(auth, vendor)
    minutes, seen = 0.0, auth.scheduler.sweep()
    while minutes < 24 * 60:
        time.pass_by(seen)
        minutes += seen / 60
        seen = auth.scheduler.sweep()
        family = auth.parts.families.read("main")[1]
        assert family.expires_at_ms > time.now_ms()
    assert 24 <= vendor.counts["refreshed"] <= 36
    assert not vendor.revoked_families


def test_profiles_survive_a_new_root_key(tmp_path, vendor):
    """Their records and envelopes are found again: all of them are called after a keyed hash of the profile."""
    places = Places(tmp_path)
    with places.create() as kernel:
        login(kernel.auth, vendor)
        keyed(kernel.auth, "sk-under-another-root", "key")
        kernel.auth.report(kernel.auth.get_token("key"), "rate_limit")
        kernel.rekey_root()
    with places.open() as kernel:
        assert [profile.id for profile in kernel.auth.parts.registry.snapshot().profiles] == ["key", "main"]
        assert vendor.works(token(kernel.auth))
        assert kernel.auth.refresh("main").outcome == "succeeded"
        assert kernel.auth.explain("key").candidates[0].reason_code == "cooldown_active"
        with kernel.auth.parts.tokens.value("key", "key") as value:
            assert value == b"sk-under-another-root"
        assert not kernel.verify()
