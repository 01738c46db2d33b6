"""Apps, listeners and commands that are each broken in one way; ``breaks`` names the one rule that must notice."""

import pytest

from palyra_kernel.testing import AppRequest, AsgiAppContract, CommandContract, ListenerContract
from tests.testing.toy_guests import Toys as Healthy

__all__ = ["KNOBS", "Contract", "Healthy", "fixtures"]

KNOBS: dict[str, object] = {"patience": 1.0}


class Contract(AsgiAppContract, ListenerContract, CommandContract):
    """All three: they have no rule in common."""


def fixtures(subject):
    @pytest.fixture
    def app(self, place):
        return subject.App.open(place)

    @pytest.fixture
    def requests(self):
        return [AppRequest("POST", "/echo", b"one"), AppRequest("POST", "/echo", b"two")]

    @pytest.fixture
    def listener_settings(self):
        return {"port": 0}

    @pytest.fixture
    def listener(self, listener_place):
        return subject.Listener.open(listener_place)

    @pytest.fixture
    def command(self):
        return subject.Command()

    return {each.__name__: each for each in (app, requests, listener_settings, listener, command)}
