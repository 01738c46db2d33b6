"""Broken about opening and closing."""

import socket
from typing import ClassVar

from palyra_kernel.contracts.capabilities import CapabilityPlace
from palyra_kernel.errors import InvalidInputError, UnavailableError
from tests.testing.capability_mutants import Healthy


class WantsADict(Healthy):
    breaks = "test_it_opens_with_its_settings"

    @classmethod
    def open(cls, place):
        if not isinstance(place.settings, dict):
            raise InvalidInputError("invalid_config", "the settings are no table")
        return super().open(place)


class IgnoresTheUnknown(Healthy):
    breaks = "test_an_unknown_setting_is_refused"

    @classmethod
    def open(cls, place):
        known = {"rounds": place.settings["rounds"]}
        return super().open(CapabilityPlace(device=place.device, version=place.version, settings=known))


class ConnectsWhenOpened(Healthy):
    breaks = "test_opening_reaches_nobody"

    @classmethod
    def open(cls, place):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.connect(("127.0.0.1", 9))
        return super().open(place)


class HasOneConnection(Healthy):
    breaks = "test_closing_one_spares_another"
    _closed: ClassVar[set[int]] = set()

    @classmethod
    def open(cls, place):
        opened = super().open(place)
        cls._closed.discard(opened.rounds)
        return opened

    def answer(self, word):
        if self.rounds in self._closed:
            raise UnavailableError("closed", "the connection is closed")
        return super().answer(word)

    def close(self):
        self._closed.add(self.rounds)
