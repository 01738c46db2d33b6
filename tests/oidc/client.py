"""A client that is registered at the issuer, and the shortest way to a login with it: without anything of ours."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.oidc.browser import Browser

if TYPE_CHECKING:
    from tests.oidc.server import Answer, Issuer

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
REDIRECT = "http://127.0.0.1/callback"
"""Of a native client, which may come back to any port there (RFC 8252, section 7.3)."""
CAME_BACK = "http://127.0.0.1:4711/callback"
"""Where it comes back to when nobody listens."""
VERIFIER = "one-verifier-for-all-of-them-who-would-steal-a-test"


class Client(NamedTuple):
    """What the issuer knows of it is told by :meth:`events` and :meth:`counts`."""

    issuer: Issuer
    id: str
    secret: str
    auth: str

    def sign_in(self, *, accept: bool = True, scope: str = "openid offline_access read") -> dict[str, str]:
        """What a person's browser brings back."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
        asked = {
            "client_id": self.id,
            "response_type": "code",
            "redirect_uri": CAME_BACK,
            "scope": scope,
            "prompt": "consent",
            "state": "of this test",
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        came = Browser().sign_in(f"{self.issuer.url}/auth?{urlencode(asked)}", accept=accept)
        assert came.startswith(CAME_BACK)
        return {name: value for name, (value,) in parse_qs(urlsplit(came).query).items()}

    def exchange(self, code: str, verifier: str = VERIFIER) -> Answer:
        """Ask for the tokens of *code*."""
        return self.token("authorization_code", code=code, redirect_uri=CAME_BACK, code_verifier=verifier)

    def log_in(self) -> dict[str, Any]:
        """Tokens, as the issuer sends them."""
        answer = self.exchange(self.sign_in()["code"])
        assert answer.status == 200, answer
        return dict(answer.body)

    def token(self, grant: str, **form: str) -> Answer:
        """Ask the token endpoint, as this client authenticates."""
        return self.ask("/token", grant_type=grant, **form)

    def ask(self, path: str, **form: str) -> Answer:
        """Send a form, as this client authenticates."""
        if self.auth == "client_secret_basic":
            said = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
            return self.issuer.ask(path, form=form, auth=f"Basic {said}")
        if self.auth == "client_secret_post":
            form["client_secret"] = self.secret
        return self.issuer.ask(path, form={**form, "client_id": self.id})

    def events(self, event: str = "") -> list[dict[str, Any]]:
        """What happened to it, oldest first: ``grant.success`` and ``grant.error``, each with the ``type`` of grant,
        ``refresh_token.consumed``, ``grant.revoked``, ``access_token.issued``… and in ``detail`` what no client
        is told."""
        told = self.issuer.ask(f"/side/events?client={self.id}").body
        return [each for each in told if event in ("", each["event"])]

    def counts(self) -> Counter[str]:
        """How often: ``grant.success refresh_token``, ``grant.error invalid_grant``, ``grant.revoked``…"""
        return Counter(self.issuer.ask(f"/side/counts?client={self.id}").body)

    def spoil(self, *faults: str | int) -> None:
        """What becomes of its next replies from the token endpoint, after the issuer has acted: ``"lose"``, or so
        many milliseconds late."""
        assert self.issuer.ask("/side/faults", data={"client": self.id, "faults": faults}).status == 200
