"""The issuer of the tests, running: npm's oidc-provider in a process of its own, on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryFile
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest

from tests.oidc.client import DEVICE_GRANT, REDIRECT, Client
from tests.oidc.fetch import COMMAND, HERE, fetched, node

PATIENCE = 30.0


def require_issuer() -> None:
    """Skip the test where the issuer was not fetched."""
    if not fetched().exists():
        pytest.skip(f"needs Node and oidc-provider: {COMMAND}")


class Answer(NamedTuple):
    status: int
    body: Any


class Issuer:
    """``url`` is its issuer identifier."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(
        self, path: str, *, form: dict[str, str] | None = None, data: object = None, auth: str = ""
    ) -> Answer:
        """Ask the issuer as any program can: GET, or POST of a *form* or of JSON *data*."""
        headers = {"Authorization": auth} if auth else {}
        body = None
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form)
        elif data is not None:
            headers["Content-Type"], body = "application/json", json.dumps(data)
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        return Answer(response.status, json.loads(text) if text else None)

    def client(
        self,
        auth: str = "none",
        *,
        redirects: tuple[str, ...] = (REDIRECT,),
        seconds: int | None = None,
        rotates: bool = True,
    ) -> Client:
        """Register a client: ``none`` for a public one, ``client_secret_basic`` or ``client_secret_post``. Its access
        tokens live *seconds* (an hour); its refresh tokens are replaced by each use unless it *rotates* not."""
        asked: dict[str, object] = {
            "application_type": "native",
            "token_endpoint_auth_method": auth,
            "redirect_uris": redirects,
            "response_types": ["code"],
            "grant_types": ["authorization_code", "refresh_token", DEVICE_GRANT],
        }
        if seconds is not None:
            asked["access_token_seconds"] = seconds
        if not rotates:
            asked["keeps_refresh_token"] = True
        status, told = self.ask("/reg", data=asked)
        assert status == 201, told
        return Client(self, told["client_id"], told.get("client_secret", ""), auth)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer until the block ends. It ends with this process at the latest, however that ends."""
    folder = fetched()
    with TemporaryFile() as log:
        command: list[str | Path] = [node(folder), HERE / "issuer.mjs", folder]
        with Popen(command, stdin=PIPE, stdout=PIPE, stderr=log, text=True) as process:
            try:
                assert process.stdout is not None
                word, _, url = process.stdout.readline().strip().partition(" ")
                log.seek(0)
                assert word == "ready", log.read().decode(errors="replace")
                issuer = Issuer(url)
                assert issuer.ask("/.well-known/openid-configuration").body["issuer"] == url
                yield issuer
            finally:
                process.terminate()
