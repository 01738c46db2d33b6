"""Logins over a vault in memory and a vendor on loopback, with a clock that tests move and a browser that obeys."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwk, jwt

from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.grammar.reply import failed, token_reply
from palyra_kernel.auth.grammar.requests import refresh_request, revocation_request
from palyra_kernel.auth.grammar.sending import answer
from palyra_kernel.auth.issuers import Issuers
from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.names import GLOBAL, Provider
from palyra_kernel.auth.profile import ApiKey, OAuthLogin, Profile
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.auth.tokens import SCOPE
from palyra_kernel.contracts.oauth import (
    OAuthFailure,
    OAuthMetadata,
    OAuthRefreshAdapter,
    Preflight,
    ProviderProfile,
)
from palyra_kernel.errors import UnavailableError
from palyra_kernel.net import HttpClient, HttpRequest
from palyra_kernel.net.messages import bearer
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.grants import CLIENT, RefusedError
from tests.auth.vendor import Seen, Vendor
from tests.support import Parts

REDIRECT = "http://127.0.0.1:7777/callback"
OWNER = "user:alice/session-1"
KEY = "sk-test-0123456789abcdef"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_OUTCOMES = {401: "invalid_credential", 403: "invalid_credential", 429: "rate_limited"}


class MovedClock:
    """Milliseconds that pass when a test says so, or when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000
        self.waits: list[float] = []

    def __call__(self) -> int:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += round(seconds * 1000)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.go(seconds)


class SigningVendor(Vendor):
    """A vendor that also signs id_tokens and knows devices. ``claims`` go over those of a good id_token, None takes one
    away; ``key`` and ``algorithm`` sign it; ``unsigned`` gives it whatever signature."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.own = jwk.generate_key("EC", "P-256", parameters={"kid": "one"}, private=True)
        self.key: Any = self.own
        self.algorithm = "ES256"
        self.shown: dict[str, Any] = {"keys": [self.own.as_dict(private=False)]}
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        self.clock: MovedClock | None = None
        self.id_token: str | None = ""
        self.device: dict[str, Any] = {"expires_in": 900, "interval": 5}
        self.device_code = f"device-{secrets.token_urlsafe(16)}"
        self.confirmed = False

    def _acted(self, seen: Seen) -> dict[str, Any]:
        if seen.path == "/jwks":
            return self.shown
        if seen.path == "/device":
            self._client(seen)
            return {
                "device_code": self.device_code,
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.url}/activate",
                **self.device,
            }
        return super()._acted(seen)

    def _token(self, seen: Seen) -> dict[str, Any]:
        if seen.form.get("grant_type") == DEVICE:
            client = self._client(seen)
            if seen.form.get("device_code") != self.device_code:
                raise RefusedError("invalid_grant")
            if not self.confirmed:
                raise RefusedError("authorization_pending")
            access, refresh = self.issue(("read",), client)
            return {"access_token": access, "refresh_token": refresh, "token_type": "bearer"}
        reply = super()._token(seen)
        if "openid" in reply["scope"].split() and self.id_token is not None:
            reply["id_token"] = self.id_token or self.signed()
        return reply

    def signed(self) -> str:
        """An id_token of now."""
        assert self.clock is not None
        now = self.clock.now // 1000
        good = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "alice",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 300,
        }
        claims = {name: value for name, value in (good | self.claims).items() if value is not None}
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])


class VendorAdapter(OAuthRefreshAdapter):
    """What an adapter knows of the vendor of the tests."""

    provider = "vendor"

    def metadata(self, profile: ProviderProfile, http: HttpClient, deadline: Deadline) -> OAuthMetadata:
        raise NotImplementedError

    def refresh(self, grant: Any, http: HttpClient, deadline: Deadline) -> Any:
        response = answer(http, refresh_request(grant), deadline)
        return response if isinstance(response, OAuthFailure) else token_reply(response)

    def classify(self, response: Any) -> Any:
        return None

    def preflight(self, key: SensitiveBytes, http: HttpClient, deadline: Deadline) -> Preflight:
        request = HttpRequest("GET", f"{self.base}/models", headers={"authorization": bearer(key)})
        try:
            with http.send(request, deadline=deadline) as response:
                status = response.status
        except UnavailableError:
            return Preflight(outcome="unavailable")
        if status == 200:
            return Preflight(outcome="ok", status=200)
        outcome: Any = _OUTCOMES.get(
            status, "unavailable" if status in (500, 502, 503, 504) else "unexpected"
        )
        return Preflight(outcome=outcome, status=status)

    base = ""

    def revoke(self, grant: Any, http: HttpClient, deadline: Deadline) -> OAuthFailure | None:
        for name in ("refresh_token", "access_token"):
            token = getattr(grant, name)
            if token is None:
                continue
            response = answer(http, revocation_request(grant, token, name), deadline)
            if isinstance(response, OAuthFailure):
                return response
            with response:
                if response.status != 200:
                    return failed(response)
        return None


class Stand:
    """One vault and one vendor."""

    def __init__(self, folder: Path, vendor: SigningVendor, *, parts: Parts | None = None) -> None:
        self.parts = parts or Parts(folder, keep=1)
        self.vendor = vendor
        self.clock = MovedClock()
        vendor.clock = self.clock
        self.http = HttpClient([], loopback=[vendor.host])
        self.adapter: Any = type("Adapter", (VendorAdapter,), {"base": vendor.url})()
        self.auth = self._opened()
        self.logins = self.auth.logins

    def _opened(self) -> AuthProfiles:
        kept = nullcontext(self.http)
        issuers = Issuers(lambda name: self.adapter if name == "vendor" else None, lambda _a, _p: kept)
        clock = Clock(self.clock, lambda: 0.5, self.clock.wait)
        return AuthProfiles(self.parts.records, self.parts.vault, issuers, _no_source, clock=clock)

    def restart(self) -> None:
        """What a new process sees: the records and the vault, and nothing that was in memory."""
        self.auth = self._opened()
        self.logins = self.auth.logins

    def close(self) -> None:
        self.http.close()

    # What is asked for.

    def metadata(self, **more: Any) -> OAuthMetadata:
        given: dict[str, Any] = {
            "authorization_endpoint": f"{self.vendor.url}/authorize",
            "token_endpoint": f"{self.vendor.url}/token",
            "revocation_endpoint": f"{self.vendor.url}/revoke",
            "device_authorization_endpoint": f"{self.vendor.url}/device",
            "jwks_uri": f"{self.vendor.url}/jwks",
            "issuer": self.vendor.url,
            **more,
        }
        return OAuthMetadata(**given)

    def wanted(
        self, id: str = "work", *, scopes: tuple[str, ...] = ("read",), default: bool = False, **more: Any
    ) -> Wanted:
        login: dict[str, Any] = {"client_id": CLIENT}
        login |= {name: more.pop(name) for name in ("client_auth", "client_id") if name in more}
        credential = OAuthLogin(metadata=self.metadata(**more), scopes=scopes, **login)
        return Wanted(profile=profile(id, credential), default=default)

    # What a human does.

    def open(self, wanted: Wanted | None = None, *, owner: str = OWNER, **more: Any) -> Any:
        return self.logins.code.begin(wanted or self.wanted(), owner=owner, redirect_uri=REDIRECT, **more)

    def consent(self, url: str, **more: str) -> str:
        """The redirect that follows when the human says yes at *url*."""
        asked = dict(parse_qsl(urlsplit(url).query))
        self.vendor.nonce = asked.get("nonce", "")
        code = self.vendor.code(
            asked["code_challenge"], asked["redirect_uri"], asked.get("scope", "").split()
        )
        fields = {"code": code, "state": asked["state"], "iss": self.vendor.url, **more}
        return f"{asked['redirect_uri']}?{urlencode({k: v for k, v in fields.items() if v})}"

    def login(self, wanted: Wanted | None = None) -> Profile:
        """A whole login."""
        return self.complete(self.consent(self.open(wanted).url))

    def complete(self, redirect: str, *, owner: str = OWNER, **more: Any) -> Profile:
        return self.logins.code.complete(redirect, owner=owner, **more)

    # What is left.

    def secrets(self) -> int:
        """How many secrets the vault keeps for profiles, deleted ones too."""
        return len(self.parts.vault.list(SCOPE, deleted=True))

    def tokens(self, id: str = "work") -> tuple[str, str]:
        with self.auth.parts.tokens.read(id) as held:
            assert held.refresh_token is not None
            return held.access_token.reveal().decode(), held.refresh_token.reveal().decode()

    def living(self) -> set[str]:
        """The logins that the vendor still honours."""
        return set(self.vendor.grants.families) - self.vendor.revoked_families

    def posts(self, path: str) -> int:
        return self.vendor.counts[f"POST {path}"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def profile(id: str, credential: Any, **more: Any) -> Profile:
    return Profile(
        id=id,
        provider=Provider.parse("custom:vendor"),
        name=more.pop("name", id),
        scope=GLOBAL,
        credential=credential,
        adapter="vendor",
        **more,
    )


def key_wanted(id: str = "work", **more: Any) -> Wanted:
    return Wanted(profile=profile(id, ApiKey()), **more)


def _no_source(_ref: Any, _deadline: Any) -> SensitiveBytes:
    raise AssertionError("no profile here has a source")
