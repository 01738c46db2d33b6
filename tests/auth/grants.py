"""What an issuer knows: families of tokens that rotate, and die of a token that comes twice. Without any HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

CLIENT = "palyra-tests"
"""The client that needs no secret."""


class RefusedError(Exception):
    """The issuer says no, with a code of RFC 6749."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass
class Family:
    """The tokens of one login. ``ended`` says why none of them works: ``reuse``, ``client`` or ``operator``."""

    name: str
    client_id: str
    scopes: tuple[str, ...]
    refresh: str
    ended: str = ""
    refreshes: int = 0
    access: dict[str, float] = field(default_factory=dict)
    """Each access token, and until when it works, in seconds since 1970; the newest is the last."""


class Grants:
    """The tables of an issuer. Any number of threads may ask.

    ``lifetime``: seconds that an access token works. ``rotates``: whether each refresh spends the refresh token.
    ``newest_only``: whether a refresh ends the access tokens before it. ``jwt``: whether an access token says itself,
    in ``exp``, when it ends. ``clients``: every client and its secret, empty for a public one.
    """

    def __init__(self, clients: Mapping[str, str] | None = None, lifetime: float = 3600) -> None:
        self.clients = {CLIENT: "", **(clients or {})}
        self.lifetime = lifetime
        self.rotates = True
        self.newest_only = False
        self.jwt = False
        self.skew = 0.0
        """Seconds that this issuer's clock is ahead."""
        self.counts: Counter[str] = Counter()
        self.families: dict[str, Family] = {}
        self._by_refresh: dict[str, Family] = {}
        self._by_access: dict[str, Family] = {}
        self._codes: dict[str, dict[str, Any]] = {}
        self._lock = RLock()

    def now(self) -> float:
        return time.time() + self.skew

    def issue(self, scopes: Iterable[str] = ("read",), client_id: str = CLIENT) -> tuple[str, str]:
        """A login: an access token and a refresh token of a new family."""
        with self._lock:
            name = f"family-{len(self.families) + 1}"
            family = Family(name, client_id, tuple(scopes), "")
            self.families[name] = family
            self.counts["issued"] += 1
            return self._new_access(family), self._new_refresh(family)

    def code(self, challenge: str, redirect_uri: str, scopes: Iterable[str] = ("read",)) -> str:
        """An authorization code for :data:`CLIENT` with PKCE (S256): what a browser would bring back."""
        code = f"code-{secrets.token_urlsafe(12)}"
        self._codes[code] = {"challenge": challenge, "redirect_uri": redirect_uri, "scopes": tuple(scopes)}
        return code

    def exchange(self, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The tokens for a code, once; a code that comes twice ends what it gave."""
        with self._lock:
            known = self._codes.get(form.get("code", ""))
            if known is not None and (spent := known.get("family")):
                self.families[spent].ended = "reuse"
                self.counts["reused"] += 1
            verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if (
                known is None
                or "family" in known
                or known["challenge"] != base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
                or known["redirect_uri"] != form.get("redirect_uri")
            ):
                raise RefusedError("invalid_grant")
            access, refresh = self.issue(known["scopes"], client_id)
            known["family"] = self.family(refresh).name
            return self._reply(self.family(refresh), access)

    def refresh(self, client_id: str, form: Mapping[str, str]) -> dict[str, Any]:
        """The next tokens; a refresh token that was spent ends its family."""
        token = form.get("refresh_token", "")
        with self._lock:
            family = self._by_refresh.get(token)
            if family is None or family.ended or family.client_id != client_id:
                self.counts["refused"] += 1
                raise RefusedError("invalid_grant")
            if token != family.refresh:
                family.ended = "reuse"
                self.counts["reused"] += 1
                raise RefusedError("invalid_grant")
            if not set(form.get("scope", "").split()) <= set(family.scopes):
                raise RefusedError("invalid_scope")
            family.refreshes += 1
            self.counts["refreshed"] += 1
            if self.newest_only:
                family.access = dict.fromkeys(family.access, 0.0)
            access = self._new_access(family)
            if self.rotates:
                self._new_refresh(family)
            return self._reply(family, access)

    def revoke(self, client_id: str, token: str) -> None:
        """RFC 7009: with a refresh token goes the family, with an access token that one; what is unknown is gone."""
        with self._lock:
            self.counts["revoked"] += 1
            if (family := self._by_refresh.get(token)) and family.client_id == client_id:
                family.ended = family.ended or "client"
            elif (family := self._by_access.get(token)) and family.client_id == client_id:
                family.access[token] = 0.0

    def end(self, token: str) -> None:
        """The operator of the issuer ends the family of *token*."""
        self.family(token).ended = "operator"

    def expire(self, token: str) -> None:
        """Every access token of the family of *token* is too old from now on."""
        family = self.family(token)
        with self._lock:
            family.access = dict.fromkeys(family.access, 0.0)

    def family(self, token: str) -> Family:
        """Whose token that is, whether it still works or not."""
        return self._by_refresh.get(token) or self._by_access[token]

    def works(self, access: str) -> bool:
        """Whether a provider takes this access token."""
        family = self._by_access.get(access)
        return family is not None and not family.ended and family.access[access] > self.now()

    def introspect(self, token: str) -> dict[str, Any]:
        """RFC 7662; nothing is spent by it."""
        self.counts["introspected"] += 1
        family = self._by_refresh.get(token) or self._by_access.get(token)
        current = family is not None and not family.ended and token == family.refresh
        if family is None or not (current or self.works(token)):
            return {"active": False}
        return {"active": True, "scope": " ".join(family.scopes), "client_id": family.client_id}

    def ended(self, *reasons: str) -> set[str]:
        """The names of the families that ended for one of *reasons*; without any, for whichever."""
        return {
            each.name
            for each in self.families.values()
            if each.ended and each.ended in (reasons or [each.ended])
        }

    def authenticated(self, client_id: str, secret: str) -> str:
        """*client_id*, if that is its secret."""
        if self.clients.get(client_id) != secret:
            raise RefusedError("invalid_client", 401)
        return client_id

    def _reply(self, family: Family, access: str) -> dict[str, Any]:
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(self.lifetime),
            "refresh_token": family.refresh,
            "scope": " ".join(family.scopes),
        }

    def _new_access(self, family: Family) -> str:
        until = self.now() + self.lifetime
        token = f"access-{len(self._by_access) + 1}-{secrets.token_urlsafe(12)}"
        if self.jwt:
            token = _unsigned_jwt({"jti": token, "exp": int(until), "sub": family.name})
        family.access[token] = until
        self._by_access[token] = family
        return token

    def _new_refresh(self, family: Family) -> str:
        family.refresh = f"refresh-{len(self._by_refresh) + 1}-{secrets.token_urlsafe(12)}"
        self._by_refresh[family.refresh] = family
        return family.refresh


def _unsigned_jwt(claims: Mapping[str, Any]) -> str:
    """A token in the form of RFC 7519 that only we check: its signature is noise."""
    parts = (json.dumps({"alg": "ES256", "typ": "at+jwt"}).encode(), json.dumps(claims).encode(), b"unsigned")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
