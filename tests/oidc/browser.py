"""A person with a browser, as far as a login needs one: follows redirects, keeps cookies, fills in forms."""

from __future__ import annotations

import re
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

_FIELD = re.compile(r'<input[^>]*?type="hidden"[^>]*?name="(?P<name>[^"]+)"[^>]*?value="(?P<value>[^"]*)"')
_ACTION = re.compile(r'<form[^>]*?action="([^"]+)"')
_ABORT = re.compile(r'href="([^"]+/abort)"')
_PAGES = 20
PATIENCE = 30.0


class Page(NamedTuple):
    """What came of a request: an answer, or the address to go on to."""

    url: str
    status: int
    html: str
    onward: str = ""


class Browser:
    """One window, one person, one issuer after another."""

    def __init__(self, user: str = "alice") -> None:
        self.user = user
        self._cookies: dict[tuple[str, str], str] = {}

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        """Ask for *url* once; with *form* it is sent. No redirect is followed."""
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=PATIENCE)
        mine = [f"{name}={value}" for (host, name), value in self._cookies.items() if host == parts.netloc]
        headers = {"Cookie": "; ".join(mine)} if mine else {}
        body = None if form is None else urlencode(form)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("GET" if body is None else "POST", target, body, headers)
            response = connection.getresponse()
            html = response.read().decode()
        finally:
            connection.close()
        self._keep_cookies(parts.netloc, response)
        onward = response.headers.get("Location", "")
        return Page(url, response.status, html, urljoin(url, onward) if onward else "")

    def _keep_cookies(self, host: str, response: HTTPResponse) -> None:
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self._cookies[host, name] = morsel.value

    def sign_in(self, url: str, *, accept: bool = True) -> str:
        """Do what the issuer at *url* asks until it sends us elsewhere; return where to, unopened. Without *accept*
        the person declines."""
        page = self.open(url)
        home = urlsplit(url).netloc
        for _ in range(_PAGES):
            if page.onward:
                if urlsplit(page.onward).netloc != home:
                    return page.onward
                page = self.open(page.onward)
            else:
                page = self._answer(page, accept)
        raise AssertionError(f"the issuer asks and asks: {page}")

    def approve(self, url: str, code: str, *, accept: bool = True) -> Page:
        """Enter the *code* of a device at *url*, sign in there, and say yes; return the last page."""
        page = self._submit(self.open(url), {"user_code": code})
        for _ in range(_PAGES):
            if page.onward:
                page = self.open(page.onward)
            elif 'name="confirm"' in page.html:
                page = self._submit(page, {} if accept else {"abort": "yes"})
            elif 'name="prompt"' in page.html:
                page = self._answer(page, accept)
            else:
                return page
        raise AssertionError(f"the issuer asks and asks: {page}")

    def _answer(self, page: Page, accept: bool) -> Page:
        if not accept and 'value="consent"' in page.html:
            found = _ABORT.search(page.html)
            assert found, page.html
            return self.open(urljoin(page.url, found[1]))
        return self._submit(page, {"login": self.user, "password": "any"})

    def _submit(self, page: Page, more: dict[str, str]) -> Page:
        action = _ACTION.search(page.html)
        assert action, f"no form: {page}"
        hidden = {found["name"]: found["value"] for found in _FIELD.finditer(page.html)}
        return self.open(urljoin(page.url, action[1]), hidden | more)
