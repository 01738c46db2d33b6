"""Apps of plugins behind the doors of the daemon: for whom each door is, and as whoever asks."""

from __future__ import annotations

import pytest

from palyra_kernel.daemon.apps.local import Local
from palyra_kernel.daemon.apps.work import Work
from palyra_kernel.daemon.guests import Guests
from palyra_kernel.errors import UnavailableError
from palyra_kernel.plugins.origin import origin_of
from palyra_kernel.plugins.registry import Offer
from tests.serve.asgi import ask
from tests.serve.world import local, stranger
from tests.testing.toy_guests import ToyApp, ToyListener


class ForUsers(ToyApp):
    name = "users"
    door = "local"  # type: ignore[assignment]


class Fails(ToyListener):
    def serve(self, sessions, stop):
        raise UnavailableError("address_unusable", "it cannot listen there")


def offers(*classes):
    origin = origin_of("toys", "acme-toys", "1.0", "acme_toys")
    return {cls.name: Offer(cls=cls, key=cls.name, origin=origin) for cls in classes}


@pytest.fixture
def guests(kernel, monkeypatch):
    monkeypatch.setitem(vars(kernel.plugins.registry), "asgi_apps", offers(ToyApp, ForUsers))
    return Guests(kernel, remote=False)


@pytest.fixture
def work(world, guests):
    return Work(world.identity, world.streams, world.counts, mounted=guests.mounted("work")).app()


def test_an_app_is_behind_its_own_door_alone(world, guests, work):
    """Hazard H1: what was mounted once was answered everywhere."""
    peer = world.peer(world.paired()[1])
    answer = ask(work, "POST", "/apps/toy/echo", body=b"hello", peer=peer)
    assert (answer.status, answer.body) == (200, b"hello")
    assert ask(work, "POST", "/apps/users/echo", peer=peer).status == 404
    assert ask(work, "POST", "/apps/toys/echo", peer=peer).status == 404
    assert ask(work, "GET", "/v1/self", peer=peer).status == 200

    async def nothing(_principal):
        return {}

    socket = Local(nothing, nothing, mounted=guests.mounted("local")).app()
    assert ask(socket, "POST", "/apps/users/echo", body=b"x", peer=local()).status == 200
    assert ask(socket, "POST", "/apps/toy/echo", body=b"x", peer=local()).status == 404


def test_policies_see_where_a_request_came_in(world, kernel, work, monkeypatch):
    """What goes to a peer is written down before it does, as are the peer and how it was known."""
    seen = []

    def act(self):
        with self.place.session("to look") as session:
            seen.append(session.who)

    monkeypatch.setattr(ToyApp, "act", act)
    peer = world.peer(world.paired()[1])
    assert ask(work, "POST", "/apps/toy/echo", peer=peer).status == 200
    (who,) = seen
    assert str(who.principal) == f"device:{peer.standing.device}"
    assert (who.surface, who.auth_method, who.mtls, who.reveals) == ("app", "mtls", True, True)


@pytest.mark.parametrize("peer", [None, stranger(), local()], ids=["nobody", "stranger", "user"])
def test_nobody_gets_to_an_app_who_was_not_let_in(work, peer):
    """Hazard H1: an app that is asked before the door is."""
    assert ask(work, "POST", "/apps/toy/echo", body=b"x", peer=peer).status == 403


def test_an_app_that_fails_is_one_error_for_its_peer(world, work, monkeypatch):
    def broken(self):
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(ToyApp, "act", broken)
    monkeypatch.setattr(ToyApp, "__call__", _before_it_answers)
    answer = ask(work, "POST", "/apps/toy/echo", peer=world.peer(world.paired()[1]))
    assert (answer.status, answer.json) == (503, {"error": {"kind": "unavailable", "code": "plugin_failed"}})


async def _before_it_answers(self, scope, receive, send):
    self.act()


def test_a_listener_that_ended_is_a_part_that_is_not_ready(kernel, monkeypatch):
    monkeypatch.setitem(vars(kernel.plugins.registry), "listeners", offers(Fails))
    monkeypatch.setattr(kernel, "config", _with_port(kernel.config))
    guests = Guests(kernel, remote=False)
    assert guests.trouble() is None
    guests.start()
    for each in guests._listeners:
        assert each._thread is not None
        each._thread.join(20)
    assert guests.trouble() == "address_unusable"
    guests._close(5)


def _with_port(config):
    from msgspec.structs import replace

    return replace(config, listeners={"toy": {"port": 0}})
