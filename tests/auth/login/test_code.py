"""A login by code from its beginning to its profile, and what ends it on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest

from palyra_kernel.auth.login.attempt import KEPT_MS, TTL_MS, Wanted
from palyra_kernel.auth.names import ProfileScope, Provider
from palyra_kernel.auth.profile import ApiKey
from palyra_kernel.errors import (
    ConflictError,
    DeniedError,
    InvalidInputError,
    NotFoundError,
    PalyraError,
    UnavailableError,
)
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.login.stand import OWNER, REDIRECT
from tests.auth.script import Step, error, never, status


def test_a_login_gives_a_profile_with_its_tokens(stand):
    """And keeps nothing else: one secret is in the vault, the token set."""
    made = stand.login(stand.wanted(default=True))
    assert made.id == "work"
    assert made.created_at_ms == stand.clock.now
    assert stand.vendor.works(stand.tokens()[0])
    assert stand.secrets() == 1
    assert stand.auth.parts.chosen.read().defaults == {(made.scope, made.provider): "work"}


def test_a_restart_between_redirect_and_callback_loses_nothing(stand):
    """Hazard H39 of auth profiles: attempts lived in memory."""
    opened = stand.open()
    redirect = stand.consent(opened.url)
    stand.restart()
    assert stand.logins.code.url(opened.attempt.id, owner=OWNER) == opened.url
    assert stand.complete(redirect).id == "work"
    assert stand.logins.find(opened.attempt.id).state == "succeeded"


def test_of_fifty_callbacks_one_exchanges(stand):
    """Hazard H40 of auth profiles: two callbacks with one state both exchanged, and the second killed what the first
    got. The first is held at the issuer until all others were told."""
    redirect = stand.consent(stand.open().url)
    stand.vendor.script(Step(gate="gate"))

    def once(_):
        try:
            return stand.complete(redirect).id
        except ConflictError as refused:
            return refused.code

    with ThreadPoolExecutor(50) as pool:
        first = pool.submit(once, 0)
        stand.vendor.reached()
        others = list(pool.map(once, range(49)))
        stand.vendor.open()
        assert first.result() == "work"
    assert others == ["login_over"] * 49
    assert stand.posts("/token") == 1
    assert stand.living() == {"family-1"}


@pytest.mark.parametrize(
    ("say", "raised", "code"),
    [
        ({"error": "access_denied", "code": ""}, DeniedError, "login_refused"),
        ({"error": "access_denied"}, DeniedError, "login_refused"),
        ({"error": "<script>", "code": ""}, DeniedError, "login_refused"),
        ({"code": ""}, InvalidInputError, "code_missing"),
        ({"iss": "https://elsewhere.example"}, DeniedError, "wrong_issuer"),
        ({"iss": "https://elsewhere.example", "error": "access_denied"}, DeniedError, "wrong_issuer"),
    ],
)
def test_a_redirect_that_says_no_makes_no_call(stand, say, raised, code):
    """Hazard H52 of auth profiles: no ``iss`` was checked, and a callback with an error went on to the token
    endpoint; hazard H41: and left the verifier behind."""
    opened = stand.open()
    with pytest.raises(raised) as refused:
        stand.complete(stand.consent(opened.url, **say))
    assert refused.value.code == code
    assert "<script>" not in str(refused.value)
    assert stand.posts("/token") == 0
    ended = stand.logins.find(opened.attempt.id)
    assert (ended.state, ended.code) == ("failed", code)
    assert stand.secrets() == 0


def test_an_issuer_that_names_itself_must(stand):
    """Hazard H52 of auth profiles: where ``authorization_response_iss_parameter_supported``, a redirect without
    ``iss`` is another's."""
    opened = stand.open(stand.wanted(iss_in_callback=True))
    with pytest.raises(DeniedError, match="does not come from"):
        stand.complete(stand.consent(opened.url, iss=""))
    assert stand.posts("/token") == 0


def test_an_issuer_that_names_nobody_need_not(stand):
    """RFC 9207 binds those that say so."""
    assert stand.complete(stand.consent(stand.open().url, iss="")).id == "work"


@pytest.mark.parametrize("state", ["", "x", "A" * 69, "é" * 69, "01HZY2V3J5Q8R9S0T1V2W3X4Y5" + "A" * 43])
def test_an_unknown_state_belongs_to_nobody(stand, state):
    """Hazard H51 of auth profiles: whatever stands in its place, nothing of it comes back."""
    stand.open()
    with pytest.raises((NotFoundError, InvalidInputError)) as refused:
        stand.complete(f"{REDIRECT}?" + urlencode({"state": state, "code": "c"}))
    assert refused.value.code in ("login_unknown", "bad_redirect")
    assert stand.posts("/token") == 0


def test_a_state_of_the_same_login_but_not_its_own_is_unknown(stand):
    """Hazard H51 of auth profiles: the state was the id of the attempt, which anybody may see."""
    opened = stand.open()
    redirect = stand.consent(opened.url)
    state = parse_qs(urlsplit(redirect).query)["state"][0]
    wrong = state[:-1] + ("A" if state[-1] != "A" else "B")
    with pytest.raises(NotFoundError):
        stand.complete(redirect.replace(state, wrong))
    with pytest.raises((NotFoundError, InvalidInputError)):
        stand.complete(redirect.replace(state, opened.attempt.id))
    assert stand.complete(redirect).id == "work"


def test_another_session_cannot_end_a_login(stand):
    """Hazard H51 of auth profiles: the state was not bound to whoever began; a second use shows that it is over."""
    redirect = stand.consent(stand.open().url)
    with pytest.raises(DeniedError) as refused:
        stand.complete(redirect, owner="user:mallory/session-2")
    assert refused.value.code == "login_not_yours"
    assert stand.posts("/token") == 0
    stand.complete(redirect)
    with pytest.raises(ConflictError) as over:
        stand.complete(redirect)
    assert over.value.code == "login_over"
    assert stand.posts("/token") == 1


def test_the_state_is_in_the_address_and_nowhere_else(stand):
    """Hazard H51 of auth profiles: 256 bits, in no output but the address."""
    opened = stand.open()
    state = parse_qs(urlsplit(opened.url).query)["state"][0]
    assert len(state) == 26 + 43
    assert state != opened.attempt.id
    shown = f"{opened!r} {opened.attempt!r} {stand.logins.find(opened.attempt.id)!r}"
    assert state[26:] not in shown
    assert all(state[26:].encode() not in stored.value for stored in stand.parts.store.scan(b"", None, 1000))


def test_an_old_redirect_comes_too_late(stand):
    """Hazard H40 of auth profiles: a login ends by itself; its outcome can be read for ten minutes and then nothing
    is left."""
    opened = stand.open()
    redirect = stand.consent(opened.url)
    stand.clock.go(TTL_MS / 1000)
    with pytest.raises(ConflictError, match="expired"):
        stand.complete(redirect)
    assert stand.posts("/token") == 0
    assert stand.logins.find(opened.attempt.id).code == "expired"
    stand.logins.tidy()
    assert stand.secrets() == 0
    assert stand.logins.find(opened.attempt.id).code == "expired"
    stand.clock.go(KEPT_MS / 1000)
    stand.logins.tidy()
    with pytest.raises(NotFoundError):
        stand.logins.find(opened.attempt.id)


def test_how_far_a_login_is_can_be_read_without_a_trace(stand):
    """Hazard H53 of auth profiles: reading the state of a login polled and stored."""
    opened = stand.open()
    before = stand.parts.store.scan(b"", None, 1000)
    stand.clock.go(TTL_MS / 1000 + 5)
    for _ in range(3):
        assert stand.logins.find(opened.attempt.id).state == "failed"
        assert not stand.logins.code.is_ours(f"{REDIRECT}?state=x&code=y", opened.attempt.id)
    assert stand.parts.store.scan(b"", None, 1000) == before
    assert not stand.vendor.requests


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (error("invalid_grant"), "login_refused"),
        (error("unheard_of"), "login_refused"),
        (status(500), "login_failed"),
        (status(429), "login_failed"),
        (status(200, b'{"token_type":"bearer"}'), "login_refused"),
        (status(200, b'{"access_token":" "}'), "login_refused"),
    ],
)
def test_an_issuer_that_gives_nothing_ends_the_login(stand, step, code):
    """Hazard H41 of auth profiles: failed logins left secrets behind; hazard H40: and stayed pending."""
    opened = stand.open()
    stand.vendor.script(step)
    with pytest.raises(PalyraError) as refused:
        stand.complete(stand.consent(opened.url))
    assert refused.value.code == code
    assert "own words" not in f"{refused.value}{refused.value.hint}"
    assert stand.logins.find(opened.attempt.id).code == code
    assert stand.secrets() == 0
    with pytest.raises(NotFoundError):
        stand.auth.parts.registry.find("work")


def test_an_issuer_that_hangs_is_given_up(stand):
    """The wait for the human is over at a deadline."""
    from palyra_kernel.values.deadline import Deadline

    opened = stand.open()
    stand.vendor.script(never())
    with pytest.raises(UnavailableError):
        stand.complete(stand.consent(opened.url), deadline=Deadline.after(0.3))
    assert stand.logins.find(opened.attempt.id).state == "failed"


def test_a_wrong_verifier_gets_nothing(stand):
    """PKCE: a code that somebody else's login was given is worth nothing here."""
    mine, theirs = stand.open(), stand.open(stand.wanted("other"))
    stolen = parse_qs(urlsplit(stand.consent(theirs.url)).query)["code"][0]
    with pytest.raises(DeniedError, match="invalid_grant"):
        stand.complete(stand.consent(mine.url, code=stolen))
    assert not stand.vendor.grants.families


def test_a_profile_that_is_there_gets_new_tokens_only_if_that_was_wanted(stand):
    """Hazard H20 of auth profiles: an upsert replaced what another was called."""
    late = stand.consent(stand.open().url)
    first = stand.login()
    with pytest.raises(ConflictError) as refused:
        stand.open()
    assert refused.value.code == "profile_changed"
    with pytest.raises(ConflictError) as refused:
        stand.complete(late)
    assert refused.value.code == "profile_changed"
    assert stand.vendor.works(stand.tokens()[0])
    assert len(stand.living()) == 1
    stand.clock.go(1)
    second = stand.login(Wanted(profile=first))
    assert second.updated_at_ms > first.updated_at_ms
    assert stand.vendor.works(stand.tokens()[0])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_with_a_secret_shows_it_in_its_own_way(stand, method):
    """The secret goes with the exchange and is kept for the refreshes; it is in no record."""
    stand.vendor.grants.clients["web"] = "client-secret-canary"
    wanted = stand.wanted(client_auth=method, client_id="web")
    opened = stand.open(wanted, client_secret=SensitiveBytes(b"client-secret-canary"))
    assert stand.complete(stand.consent(opened.url)).id == "work"
    assert stand.secrets() == 2
    with stand.auth.parts.tokens.value("client", "work") as kept:
        assert kept == b"client-secret-canary"


def test_a_secret_that_does_not_fit_the_method_is_refused_at_once(stand):
    """A login that could never end is not begun."""
    with pytest.raises(InvalidInputError, match="no secret"):
        stand.open(client_secret=SensitiveBytes(b"secret"))
    with pytest.raises(InvalidInputError, match="a secret"):
        stand.open(stand.wanted(client_auth="client_secret_post"))
    assert stand.secrets() == 0


def test_a_login_can_be_cancelled(stand):
    """And then a redirect comes to nobody."""
    opened = stand.open()
    stand.logins.code.cancel(opened.attempt.id, owner=OWNER)
    assert stand.logins.find(opened.attempt.id).code == "cancelled"
    with pytest.raises(ConflictError):
        stand.complete(stand.consent(opened.url))
    assert stand.secrets() == 0


def test_a_pasted_address_of_another_place_is_refused_and_ends_nothing(stand):
    """Whoever pastes the wrong address may paste the right one."""
    opened = stand.open()
    redirect = stand.consent(opened.url)
    for wrong in (redirect.replace("7777", "7778"), redirect.replace("/callback", "/other")):
        with pytest.raises(InvalidInputError):
            stand.complete(wrong)
    assert stand.complete(f"  {redirect.partition('?')[2]}\n").id == "work"


def test_a_profile_of_another_provider_is_nobody_elses(stand):
    """Hazard H21 of auth profiles: a route of one provider took any provider's profile. Nobody is asked and nothing
    is kept."""
    stand.login()
    asked = len(stand.vendor.requests)
    mine = stand.auth.parts.registry.find("work")
    for changed, code in (
        ({"provider": Provider.parse("openai")}, "other_provider"),
        ({"scope": ProfileScope("agent", "planner")}, "other_scope"),
    ):
        with pytest.raises(ConflictError) as refused:
            stand.open(Wanted(profile=msgspec.structs.replace(mine, **changed)))
        assert refused.value.code == code
    key = Wanted(profile=msgspec.structs.replace(mine, credential=ApiKey()))
    with pytest.raises(ConflictError) as refused:
        stand.logins.add_key(key, SensitiveBytes(b"k" * 20))
    assert refused.value.code == "other_credential"
    assert len(stand.vendor.requests) == asked
    assert stand.secrets() == 1


def test_one_kind_of_login_is_not_ended_as_the_other(stand):
    """The id of a login by code names no device, and the state of a device login ends nothing."""
    opened = stand.open()
    with pytest.raises(NotFoundError):
        stand.logins.device.wait(opened.attempt.id, owner=OWNER)
    shown = stand.logins.device.begin(stand.wanted("other"), owner=OWNER)
    with pytest.raises(NotFoundError):
        stand.logins.code.url(shown.attempt.id, owner=OWNER)
    with stand.logins.attempts.secrets(shown.attempt) as kept:
        state = kept["state"].reveal().decode()
    with pytest.raises(NotFoundError):
        stand.complete(f"{REDIRECT}?state={state}&code=x")
    assert stand.posts("/token") == 0


def test_what_a_redirect_would_end_can_be_known_before(stand):
    """Whoever decides on the end of a login decides on what was begun."""
    opened = stand.open()
    redirect = stand.consent(opened.url)
    assert stand.logins.code.begun(redirect, owner=OWNER).wanted == opened.attempt.wanted
    with pytest.raises(DeniedError):
        stand.logins.code.begun(redirect, owner="user:mallory/session-2")
    assert stand.logins.find(opened.attempt.id).state == "pending"
