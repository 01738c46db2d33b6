"""Logins, what they are good for, and logging out, at an issuer that we did not write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.login.loopback import Loopback
from palyra_kernel.auth.login.service import Logins
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.tokens import SCOPE
from palyra_kernel.errors import ConflictError, DeniedError, NotFoundError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.vault import Vault
from tests.auth.world import Time, auth_of
from tests.oidc.browser import Browser
from tests.oidc.client import CAME_BACK

pytestmark = pytest.mark.real

OWNER = "user:alice"
SCOPES = ("openid", "offline_access", "read")


class Office:
    """A vault with profiles, and a client that is registered at the issuer."""

    def __init__(self, kernel, client):
        self.kernel = kernel
        self.client = client
        self.time = Time()
        self.auth = auth_of(kernel, self.time.clock)
        self.vault = Vault(kernel._records, kernel._index, kernel._objects, versions_kept=1)
        self.logins = Logins(self.auth.parts, self.auth.accounts, self.vault)

    def wanted(self):
        profile = Profile(
            id="main",
            provider=Provider("custom", "acme"),
            name="Main",
            scope=GLOBAL,
            credential=self._login(self.metadata()),
        )
        return Wanted(profile=profile)

    def _login(self, metadata):
        client = self.client
        return OAuthLogin(metadata=metadata, client_id=client.id, client_auth=client.auth, scopes=SCOPES)

    def metadata(self):
        """As the built-in adapter finds it by the issuer's address."""
        from palyra_kernel.auth.discovery import discovered
        from palyra_kernel.net import HttpClient

        with HttpClient([], loopback=[urlsplit(self.client.issuer.url).netloc]) as http:
            return discovered(self.client.issuer.url, http, Deadline.after(30))

    @property
    def secret(self):
        return SensitiveBytes(self.client.secret.encode()) if self.client.secret else None

    def begin(self, redirect_uri=CAME_BACK):
        return self.logins.code.begin(
            self.wanted(), owner=OWNER, redirect_uri=redirect_uri, client_secret=self.secret
        )

    def complete(self, redirect):
        return self.logins.code.complete(redirect, owner=OWNER)

    def log_in(self):
        return self.complete(Browser().sign_in(self.begin().url))

    def works(self):
        """Whether the token that is handed out is one that the issuer takes."""
        lease = self.auth.get_token("main")
        bearer = f"Bearer {lease.reveal().decode()}"
        return self.client.issuer.ask("/me", auth=bearer).status == 200

    def secrets(self):
        return len(self.vault.list(SCOPE, deleted=True))


@pytest.fixture
def office(kernel, issuer, request):
    office = Office(kernel, issuer.client(getattr(request, "param", "none")))
    yield office
    office.auth.close()


def _fields(redirect):
    return {name: value for name, (value,) in parse_qs(urlsplit(redirect).query).items()}


WAYS = pytest.mark.parametrize("office", ["none", "client_secret_basic", "client_secret_post"], indirect=True)


@WAYS
def test_a_login_by_code_comes_back_to_this_machine_and_is_refreshed_from_then_on(office):
    """Hazard H52 of auth profiles: issuer, nonce and signature went unchecked; here a real issuer's hold."""
    with Loopback() as listener, ThreadPoolExecutor(1) as person:
        opened = office.begin(listener.redirect_uri)

        def browse():
            browser = Browser()
            return browser.open(browser.sign_in(opened.url))

        page = person.submit(browse)
        visit = listener.wait(
            lambda url: office.logins.code.is_ours(url, opened.attempt.id), Deadline.after(30)
        )
        profile = office.complete(visit.url)
        visit.answer(done=True)
        assert page.result().status == 200
    assert profile.id == "main"
    assert office.works()
    for number in (1, 2):
        office.time.pass_by(3601)
        assert office.works()
        assert office.client.counts()["grant.success refresh_token"] == number
    assert office.auth.parts.families.read("main")[1].generation == 3
    assert not office.client.events("grant.revoked")


def test_who_declines_is_heard(office):
    opened = office.begin()
    with pytest.raises(DeniedError) as caught:
        office.complete(Browser().sign_in(opened.url, accept=False))
    assert caught.value.code == "login_refused"
    assert office.logins.find(opened.attempt.id).state == "failed"
    assert set(office.client.counts()) == {"authorization.error access_denied"}  # nobody asked for a token
    assert office.secrets() == 0


def test_a_redirect_of_another_issuer_costs_no_code(office):
    """Hazard H52 of auth profiles: a wrong ``iss`` makes no token call."""
    fields = _fields(Browser().sign_in(office.begin().url))
    with pytest.raises(DeniedError) as caught:
        office.complete(f"{CAME_BACK}?{urlencode(fields | {'iss': 'https://issuer.example'})}")
    assert caught.value.code == "wrong_issuer"
    assert not office.client.events()


def test_a_code_of_another_login_is_good_for_nothing(office):
    """RFC 9700, 4.5: a code that was stolen is put into a login of the thief's; PKCE binds it to its own."""
    stolen = parse_qs(
        urlsplit(office.client.sign_in()["code"] and Browser().sign_in(office.begin().url)).query
    )
    came = Browser().sign_in(office.begin().url)
    fields = {name: value for name, (value,) in parse_qs(urlsplit(came).query).items()}
    with pytest.raises(DeniedError) as caught:
        office.complete(f"{CAME_BACK}?{urlencode(fields | {'code': stolen['code'][0]})}")
    assert caught.value.code == "login_refused"
    assert office.client.events("grant.error")[0]["error"] == "invalid_grant"
    assert not office.client.events("access_token.issued")
    with pytest.raises(NotFoundError):
        office.auth.get_token("main")


def test_a_redirect_that_comes_again_does_not_cost_the_login(office):
    """Hazard H40 of auth profiles: a code that is exchanged twice revokes what it gave."""
    came = Browser().sign_in(office.begin().url)
    office.complete(came)
    with pytest.raises(ConflictError):
        office.complete(came)
    assert office.client.counts()["grant.success authorization_code"] == 1
    assert not office.client.events("grant.error")
    assert office.works()


def test_a_refresh_token_that_a_thief_used_ends_the_login_and_is_told(office):
    """Hazards H6 and H7 of auth profiles: a login that was over was asked for again and again."""
    office.log_in()
    with office.auth.parts.tokens.read("main") as held:
        stolen = held.refresh_token.reveal().decode()
    assert office.client.token("refresh_token", refresh_token=stolen).status == 200
    office.time.pass_by(3601)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            office.auth.get_token("main")
        office.time.pass_by(24 * 3600)
    family = office.auth.parts.families.read("main")[1]
    assert (family.terminal, family.terminal_code) == ("reauth_required", "invalid_grant")
    counts = office.client.counts()
    assert (counts["grant.error invalid_grant"], counts["grant.revoked"]) == (1, 1)
    profile = office.auth.parts.registry.find("main")
    again = office.logins.code.begin(
        Wanted(profile=profile), owner=OWNER, redirect_uri=CAME_BACK, client_secret=office.secret
    )
    office.complete(Browser().sign_in(again.url))
    assert office.works(), "a login ends it"


class Patience:
    """A clock by which a person approves while a device waits for the second time."""

    def __init__(self, time, approve):
        self.time, self.approve = time, approve
        self.waited = []

    def __call__(self, seconds):
        self.waited.append(seconds)
        self.time.pass_by(seconds)
        if len(self.waited) == 2:
            self.approve()


def _by_device(office, *, accept):
    """A login on another device: what was waited, and what came of it."""
    shown = office.logins.device.begin(office.wanted(), owner=OWNER, client_secret=office.secret)
    patience = Patience(
        office.time, lambda: Browser().approve(shown.verification_uri, shown.user_code, accept=accept)
    )
    office.time.wait = patience
    auth = auth_of(office.kernel, office.time.clock)
    logins = Logins(auth.parts, auth.accounts, office.vault)
    try:
        return patience, logins.device.wait(shown.attempt.id, owner=OWNER, deadline=Deadline.after(60))
    finally:
        auth.close()


@WAYS
def test_a_login_on_another_device(office):
    """RFC 8628: an issuer that names no interval is asked every five seconds; what it says meanwhile ends nothing."""
    patience, profile = _by_device(office, accept=True)
    assert patience.waited == [5, 5]
    assert profile.id == "main"
    assert office.works()
    assert office.client.counts()["grant.error authorization_pending"] == 1
    office.time.pass_by(3601)
    assert office.works()


def test_a_login_on_another_device_that_is_declined(office):
    with pytest.raises(DeniedError) as caught:
        _by_device(office, accept=False)
    assert caught.value.code == "login_refused"
    assert office.secrets() == 0


@WAYS
def test_logging_out_ends_both_tokens_at_the_issuer(office):
    """Hazards H41 and H42 of auth profiles: the access token stayed good, and the secrets stayed in the vault."""
    office.log_in()
    office.time.pass_by(3601)
    with office.auth.parts.tokens.read("main") as first:
        spent = first.refresh_token.reveal().decode()
    access = office.auth.get_token("main").reveal().decode()
    assert office.logins.logout("main").remote == "revoked"
    assert office.client.issuer.ask("/me", auth=f"Bearer {access}").status == 401
    assert office.client.token("refresh_token", refresh_token=spent).status == 400
    assert office.secrets() == 0
    with pytest.raises(NotFoundError):
        office.auth.get_token("main")
