"""Apps and listeners behind their guards: what goes wrong in one ends one request, or one thread, and shows nothing."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.plugins.guard_apps import open_apps
from palyra_kernel.plugins.guard_listeners import GuardedListener, open_listeners
from palyra_kernel.values.principals import Principal
from tests.plugins.test_plugin_guard import PAYLOAD, everything_in
from tests.serve.asgi import asking

APP = """
from palyra_kernel import AsgiApp, hookimpl

class App(AsgiApp):
    name = "acme"
    door = "work"
    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-who", scope["principal"].encode())]})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

@hookimpl
def palyra_asgi_apps():
    return [App]
"""
LISTENER = """
from palyra_kernel import Listener, hookimpl

class Ours(Listener):
    name = "acme"
    def serve(self, sessions, stop):
        stop.wait()

@hookimpl
def palyra_listeners():
    return [Ours]
"""
WHO = Principal("device", "01JD8Z6N6V4J1G5E1Q0QK5Z9XW")


class Begun(list[tuple[str, str]]):
    def __call__(self, principal, purpose):
        self.append((str(principal), purpose))
        return threading.Lock()


@pytest.fixture
def begun():
    return Begun()


@pytest.fixture
def app(offer_of, begun):
    """Open the app with some methods replaced."""
    offer = offer_of(APP, "asgi_apps")
    author = sys.modules["acme_zed"].App

    def make(settings=None, **changed):
        for name, value in changed.items():
            setattr(author, name, value)
        tables = {} if settings is None else {"acme": settings}
        (opened,) = open_apps({offer.key: offer}, tables, begun, lambda _: WHO)
        return opened

    return make


def get(app, path="/apps/acme/x"):
    return asyncio.run(asking(app, "GET", path, peer=None))


def test_an_app_answers_and_knows_who_asks(app):
    answer = get(app())
    assert (answer.status, answer.body) == (200, b"/apps/acme/x")
    assert answer.headers == {"x-who": str(WHO)}


def test_a_session_is_of_whoever_asks(app, begun):
    """An app that could name anybody would have to be asked whom it means."""

    async def call(self, scope, receive, send):
        await asyncio.to_thread(self.place.session, "to look")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    made = app(__call__=call)
    assert get(made).status == 204
    assert begun == [(str(WHO), "to look")]
    with pytest.raises(DeniedError) as caught:
        made._inner.place.session("between requests")
    assert caught.value.code == "no_request"


def test_no_session_outlives_its_request(app, begun):
    kept = []

    async def call(self, scope, receive, send):
        kept.append(self.place.session)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    get(app(__call__=call))
    with pytest.raises(DeniedError):
        kept[0]("later")


def test_an_app_gets_nothing_of_the_connection(app):
    """The certificate, the standing and the other requests of a peer are the kernel's."""
    seen = {}

    async def call(self, scope, receive, send):
        seen.update(scope)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    get(app(__call__=call))
    assert (seen["extensions"], seen["state"], seen["root_path"]) == ({}, {}, "/apps/acme")


def _raising(error):
    async def call(self, scope, receive, send):
        raise error

    return call


@pytest.mark.parametrize("error", [ValueError(PAYLOAD), SystemExit(PAYLOAD), BaseException(PAYLOAD)])
def test_what_it_raises_is_shown_by_its_type_alone(app, error):
    with pytest.raises(PalyraError) as caught:
        get(app(__call__=_raising(error)))
    assert caught.value.code == "plugin_failed"
    assert PAYLOAD not in everything_in(caught.value)


def _sending(*messages):
    async def call(self, scope, receive, send):
        for message in messages:
            await send(message)

    return call


START = {"type": "http.response.start", "status": 200, "headers": []}


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (None,),
        ({"type": "http.response.body", "body": b"x"},),
        ({**START, "status": 700},),
        ({**START, "status": True},),
        ({**START, "headers": [(b"x", b"a\r\nset-cookie: b")]},),
        ({**START, "headers": [(b"x: y", b"a")]},),
        ({**START, "headers": [("x", "a")]},),
        ({"type": "http.disconnect"},),
    ],
)
def test_what_is_no_answer_is_a_failure(app, messages):
    """A header with a line end in it is another header, or another answer."""
    with pytest.raises(UnavailableError) as caught:
        get(app(__call__=_sending(*messages)))
    assert caught.value.code == "plugin_failed"


def test_who_fails_in_the_middle_sends_no_more(app):
    answer = get(
        app(__call__=_sending(START, {"type": "http.response.body", "body": b"a", "more_body": True}, START))
    )
    assert (answer.status, answer.body) == (200, b"a")


def test_whoever_waits_no_more_ends_it(app):
    """A request that was called off is no failure of the app."""

    async def call(self, scope, receive, send):
        await asyncio.Event().wait()

    async def scene():
        task = asyncio.create_task(asking(made, "GET", "/apps/acme", peer=None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    made = app(__call__=call)
    asyncio.run(scene())


def test_settings_that_nobody_knows_stop_the_start(app):
    with pytest.raises(InvalidInputError) as caught:
        app(settings={"colour": "red"})
    assert caught.value.code == "invalid_config"
    with pytest.raises(InvalidInputError):
        open_apps({}, {"acme": {}}, lambda *_: threading.Lock(), lambda _: WHO)
    with pytest.raises(InvalidInputError):
        open_listeners({}, {"acme": {}}, remote=False)


@pytest.mark.parametrize("door", ['"health"', '"enrolment"', "None", '["work"]'])
def test_no_app_is_behind_a_door_where_strangers_come(offer_of, door):
    """Hazard H1: requests of work were answered where nobody is authenticated."""
    with pytest.raises(UnavailableError) as caught:
        offer_of(APP.replace('door = "work"', f"door = {door}"), "asgi_apps")
    assert caught.value.code == "plugin_refused"


def test_a_name_is_of_one_plugin(offer_of):
    with pytest.raises(ConflictError) as caught:
        offer_of(APP.replace("[App]", "[App, App]"), "asgi_apps")
    assert caught.value.code == "plugin_duplicate"


@pytest.fixture
def listener(offer_of):
    offer = offer_of(LISTENER, "listeners")
    author = sys.modules["acme_zed"].Ours
    opened: list[GuardedListener] = []

    def make(**changed):
        for name, value in changed.items():
            setattr(author, name, value)
        opened.extend(open_listeners({offer.key: offer}, {}, remote=False))
        return opened[-1]

    yield make
    for each in opened:
        each.close(5)


def wait_for(check):
    done = threading.Event()
    for _ in range(1000):
        if check():
            return
        done.wait(0.01)
    raise AssertionError("it never came")


def test_a_listener_serves_until_it_is_stopped(listener, begun):
    made = listener()
    made.start(begun)
    assert made.trouble is None
    made.ask_to_stop()
    made.close(5)
    assert made.trouble is None


@pytest.mark.parametrize("error", [ValueError(PAYLOAD), SystemExit(1), KeyboardInterrupt()])
def test_a_listener_that_fails_is_said_to(listener, begun, error):
    """One that died in its thread would be noticed by those who cannot connect any more."""

    def serve(self, sessions, stop):
        raise error

    made = listener(serve=serve)
    made.start(begun)
    wait_for(lambda: made.trouble)
    assert made.trouble == "plugin_failed"


def test_a_listener_that_returns_early_is_said_to(listener, begun):
    made = listener(serve=lambda self, sessions, stop: None)
    made.start(begun)
    wait_for(lambda: made.trouble)
    assert made.trouble == "ended"


def test_a_listener_that_does_not_end_is_left_behind(listener, begun):
    never = threading.Event()
    made = listener(serve=lambda self, sessions, stop: never.wait(30) and None)
    made.start(begun)
    made.close(0.01)
    assert made.trouble == "does_not_end"
    never.set()
