"""Broken about opening and closing."""

import socket

from palyra_kernel.contracts.sources import SourcePlace
from palyra_kernel.errors import InvalidInputError, UnavailableError
from tests.testing.source_mutants import Healthy

_closed: set[str] = set()


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
        known = {name: value for name, value in place.settings.items() if name in ("shelf", "token")}
        return super().open(SourcePlace(settings=known))


class ConnectsWhenOpened(Healthy):
    breaks = "test_opening_reaches_nobody"

    @classmethod
    def open(cls, place):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.connect(("127.0.0.1", 9))
        return super().open(place)


class HasOneConnection(Healthy):
    breaks = "test_closing_one_spares_another"

    def resolve(self, refs, deadline):
        if self.name in _closed:
            raise UnavailableError("closed", "the connection is closed")
        return super().resolve(refs, deadline)

    def close(self):
        _closed.add(self.name)
