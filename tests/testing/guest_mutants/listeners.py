"""Broken listeners."""

import socket
import time

from palyra_kernel.contracts.listeners import ListenerPlace
from tests.testing.guest_mutants import Healthy
from tests.testing.toy_guests import ToyListener


class ReturnsEarly(Healthy):
    breaks = "test_it_serves_until_it_is_stopped"

    class Listener(ToyListener):
        def serve(self, sessions, stop):
            pass


class ServesOneMore(Healthy):
    breaks = "test_one_that_was_stopped_before_ends_at_once"

    class Listener(ToyListener):
        def serve(self, sessions, stop):
            if stop.is_set():
                time.sleep(5)
            super().serve(sessions, stop)


class ListensWhenOpened(Healthy):
    breaks = "test_opening_listens_on_nothing"

    class Listener(ToyListener):
        @classmethod
        def open(cls, place):
            made = super().open(place)
            socket.create_server(("127.0.0.1", made.port)).close()
            return made


class IgnoresItsSettings(Healthy):
    breaks = "test_an_unknown_listener_setting_is_refused"

    class Listener(ToyListener):
        @classmethod
        def open(cls, place):
            return super().open(ListenerPlace(remote=False, settings={"port": place.settings["port"]}))
