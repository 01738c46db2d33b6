"""An adapter for tests, in small steps that a mutant can replace one at a time."""

import base64
import math
from typing import Any, ClassVar

from palyra_kernel.contracts.oauth import (
    OAuthFailure,
    OAuthMetadata,
    OAuthRefreshAdapter,
    Preflight,
    TokenReply,
)
from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.net import NOTHING_SENT, HttpRequest
from palyra_kernel.values import SensitiveBytes

_AUTH = "https://auth.toy.example"
_NAMES = ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope")
_USUAL = {401: "auth_invalid", 402: "quota", 403: "auth_invalid", 408: "transient", 429: "rate_limit"}
_CODES = {(401, "token_expired"): "refresh_due", (429, "insufficient_quota"): "quota"}


class ToyAdapter(OAuthRefreshAdapter):
    provider = "toy"
    hosts: ClassVar[tuple[str, ...]] = ("auth.toy.example", "api.toy.example")

    def metadata(self, profile, http, deadline):
        return OAuthMetadata(
            authorization_endpoint=f"{_AUTH}/authorize",
            token_endpoint=f"{_AUTH}/token",
            revocation_endpoint=f"{_AUTH}/revoke",
            introspection_endpoint=f"{_AUTH}/introspect",
        )

    def refresh(self, grant, http, deadline):
        if grant.refresh_token is None:
            return OAuthFailure(code="no_login", kind="config_missing", sent=False)
        answer = self.ask(http, self.refreshing(grant), deadline)
        if isinstance(answer, OAuthFailure):
            return answer
        return self.tokens(grant, answer) if self.has_tokens(answer) else self.refused(answer)

    def refreshing(self, grant):
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
        return self.authenticated(grant, "token", form)

    def authenticated(self, grant, endpoint, form):
        headers, client_id = {}, grant.profile.client_id
        if grant.profile.client_auth == "client_secret_basic":
            pair = f"{client_id}:".encode() + grant.client_secret.reveal()
            headers["authorization"] = SensitiveBytes(b"Basic " + base64.b64encode(pair))
        elif grant.profile.client_auth == "client_secret_post":
            form["client_secret"] = grant.client_secret
        return HttpRequest(
            "POST", f"{_AUTH}/{endpoint}", headers=headers, form={**form, "client_id": client_id}
        )

    def ask(self, http, request, deadline):
        try:
            return http.send(request, deadline=deadline)
        except PalyraError as error:
            return self.unanswered(error)

    def unanswered(self, error):
        code = {UnavailableError: "network", DeniedError: "redirected"}.get(type(error), "invalid_response")
        return OAuthFailure(code=code, sent=error.code not in NOTHING_SENT)

    def has_tokens(self, answer):
        return answer.status == 200

    def tokens(self, grant, answer):
        body = self.parsed(answer)
        access = self.token(body.get("access_token"))
        if access is None:
            return OAuthFailure(code="invalid_response", status=answer.status)
        refresh = self.token(body.get("refresh_token"))
        return self.made(grant, answer, body, access, refresh)

    def made(self, grant, answer, body, access, refresh):
        return TokenReply(
            access_token=access,
            refresh_token=refresh,
            expires_in=body.get("expires_in"),
            clock_skew=answer.clock_skew,
        )

    def parsed(self, answer):
        try:
            body = answer.json()
        except IntegrityError:
            return {}
        return body if isinstance(body, dict) else {}

    def token(self, found):
        return SensitiveBytes(found.encode()) if isinstance(found, str) and found.strip() else None

    def refused(self, answer):
        return OAuthFailure(
            code=self.code(answer, self.parsed(answer).get("error")),
            status=answer.status,
            retry_after_seconds=self.retry_after(answer),
        )

    def code(self, answer, said):
        return said if answer.status in (400, 401) and said in _NAMES else "http_status"

    def retry_after(self, answer):
        return self.seconds(answer.header("retry-after") or "")

    def seconds(self, said):
        return float(said) if said.isascii() and said.isdigit() and math.isfinite(float(said[:9])) else None

    def revoke(self, grant, http, deadline):
        held = {"access_token": grant.access_token, "refresh_token": grant.refresh_token}
        return self.summed([self.revoked(grant, held[hint], hint, http, deadline) for hint in held])

    def revoked(self, grant, token, hint, http, deadline):
        answer = self.ask(http, self.revoking(grant, token, hint), deadline)
        if isinstance(answer, OAuthFailure):
            return answer
        return None if self.is_gone(answer) else self.refused(answer)

    def revoking(self, grant, token, hint):
        return self.authenticated(grant, "revoke", {"token": token, "token_type_hint": hint})

    def is_gone(self, answer):
        return answer.status == 200

    def summed(self, outcomes):
        return outcomes[0] or outcomes[1]

    def probe(self, grant, http, deadline):
        request = self.authenticated(grant, "introspect", {"token": grant.access_token})
        answer = self.ask(http, request, deadline)
        if isinstance(answer, OAuthFailure) or answer.status != 200:
            return self.silent(answer)
        return "active" if self.parsed(answer).get("active") is True else "inactive"

    def silent(self, answer):
        return "unknown"

    def classify(self, response):
        usual = "transient" if response.status >= 500 else _USUAL.get(response.status)
        return _CODES.get((response.status, response.code), usual)

    def preflight(self, key, http, deadline):
        answer = self.ask(http, self.trying(key), deadline)
        if isinstance(answer, OAuthFailure):
            return Preflight(outcome="unavailable" if answer.code == "network" else "unexpected")
        return self.verdict(answer)

    def trying(self, key):
        return HttpRequest("GET", "https://api.toy.example/v1/models", headers=self.headers(key, "api_key"))

    def verdict(self, answer):
        outcome = "unavailable" if answer.status >= 500 else "unexpected"
        known: dict[int, Any] = {
            200: "ok",
            401: "invalid_credential",
            403: "invalid_credential",
            429: "rate_limited",
        }
        return Preflight(
            outcome=known.get(answer.status, outcome),
            status=answer.status,
            retry_after_seconds=self.retry_after(answer),
        )


class ToyKeys(ToyAdapter):
    """A provider that has keys alone."""

    def metadata(self, profile, http, deadline):
        return OAuthMetadata()

    def refresh(self, grant, http, deadline):
        return OAuthFailure(code="unsupported", kind="config_missing", sent=False)

    def revoke(self, grant, http, deadline):
        return OAuthFailure(code="unsupported", kind="config_missing", sent=False)

    def probe(self, grant, http, deadline):
        return "unknown"
