"""The contract of :class:`palyra_kernel.AsgiApp`."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import pytest

from palyra_kernel.contracts.apps import AppPlace, AsgiApp
from palyra_kernel.errors import InvalidInputError


class AppRequest(NamedTuple):
    """A request that your app answers. ``path``: below ``/apps/NAME``, with its slash."""

    method: str
    path: str = ""
    body: bytes = b""


class AppAnswer(NamedTuple):
    """What it was answered."""

    status: int
    body: bytes


class AsgiAppContract:
    """Every rule for an app.

    Override the fixtures ``app`` (your app, opened at the fixture ``place``), ``requests`` (that it answers) and
    ``settings`` if it has any; and ``session``, a function that gives what your app does with a session. The kit closes
    the app.
    """

    at_once: ClassVar[int] = 8

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        """What your app is opened with, as in ``[apps.NAME]``. None unless you override this."""
        return {}

    @pytest.fixture
    def session(self) -> Any:
        """What stands for a session; an object that does nothing unless you override this."""
        return object()

    @pytest.fixture
    def begun(self) -> list[int]:
        """The threads in which sessions were begun."""
        return []

    @pytest.fixture
    def place(self, settings: Mapping[str, Any], session: Any, begun: list[int]) -> AppPlace:
        """Where to open the app."""

        @contextmanager
        def begin(_purpose: str) -> Iterator[Any]:
            begun.append(threading.get_ident())
            yield session

        return AppPlace(session=begin, settings=settings)

    @pytest.fixture
    def app(self, place: AppPlace) -> AsgiApp:
        """Your app. Override this."""
        raise NotImplementedError("override the fixture `app`: return YourApp.open(place)")

    @pytest.fixture
    def requests(self) -> Sequence[AppRequest]:
        """Requests that your app answers. Override this."""
        raise NotImplementedError("override the fixture `requests`: return [AppRequest('GET', '/…')]")

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self, app: AsgiApp) -> Iterator[None]:
        yield
        app.close()

    def test_it_answers(self, app: AsgiApp, requests: Sequence[AppRequest]) -> None:
        """A status, then a body to its end: whoever sends less leaves the peer waiting."""
        assert requests, "name a request that your app answers"
        for request in requests:
            assert 200 <= _ask(app, request).status < 400

    def test_what_it_does_not_know_is_no_success(self, app: AsgiApp) -> None:
        """A path that was mistyped and answered with 200 is believed."""
        unknown = AppRequest("GET", f"/{secrets.token_hex(8)}")
        assert 400 <= _ask(app, unknown).status < 500

    def test_requests_at_once_are_apart(self, app: AsgiApp, requests: Sequence[AppRequest]) -> None:
        """What is kept on the app between two awaits is the next peer's answer."""
        alone = [_ask(app, request) for request in requests]

        async def together() -> Sequence[AppAnswer]:
            return await asyncio.gather(*(_asked(app, each) for each in [*requests] * self.at_once))

        assert asyncio.run(together()) == alone * self.at_once

    def test_no_session_begins_in_the_event_loop(
        self, app: AsgiApp, requests: Sequence[AppRequest], begun: list[int]
    ) -> None:
        """A session waits for locks and disks, and with it everybody whose requests go through the same loop."""
        for request in requests:
            _ask(app, request)
        assert threading.get_ident() not in begun

    def test_opening_begins_no_session(self, app: AsgiApp, begun: list[int]) -> None:
        """Before a request there is nobody to act for."""
        assert app.name
        assert begun == []

    def test_an_unknown_setting_is_refused(self, app: AsgiApp, place: AppPlace) -> None:
        """A misspelt setting is one that somebody believes to be in force."""
        settings = {**place.settings, f"no_such_setting_{secrets.token_hex(4)}": 1}
        with pytest.raises(InvalidInputError) as caught:
            type(app).open(AppPlace(session=place.session, settings=settings))
        assert caught.value.code == "invalid_config"


def _ask(app: AsgiApp, request: AppRequest) -> AppAnswer:
    return asyncio.run(_asked(app, request))


async def _asked(app: AsgiApp, request: AppRequest) -> AppAnswer:
    sent: list[MutableMapping[str, Any]] = []
    messages = iter([{"type": "http.request", "body": request.body, "more_body": False}])

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(0)  # others are asked meanwhile
        return dict(next(messages, {"type": "http.disconnect"}))

    async def send(message: MutableMapping[str, Any]) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    path = f"/apps/{app.name}{request.path}"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "2",
        "method": request.method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": f"/apps/{app.name}",
        "headers": [],
        "principal": "device:01JD8Z6N6V4J1G5E1Q0QK5Z9XW",
        "extensions": {},
        "state": {},
    }
    await app(scope, receive, send)
    assert sent, "nothing was sent"
    assert sent[0]["type"] == "http.response.start"
    assert not sent[-1].get("more_body", False), "the body has no end"
    return AppAnswer(sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:]))
