"""The contract of :class:`palyra_kernel.Listener`."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from palyra_kernel.contracts.listeners import Listener, ListenerPlace
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.testing.io_calls import io_calls


class ListenerContract:
    """Every rule for a listener.

    Override the fixtures ``listener`` (yours, opened at the fixture ``listener_place``) and ``listener_settings`` if it
    has any. The kit closes it.
    """

    patience: ClassVar[float] = 10.0
    """Seconds after which the kit says that it does not end."""

    @pytest.fixture
    def listener_settings(self) -> Mapping[str, Any]:
        """What your listener is opened with, as in ``[listeners.NAME]``: an address with a port that is free."""
        return {}

    @pytest.fixture
    def listener_place(self, listener_settings: Mapping[str, Any]) -> ListenerPlace:
        """Where to open it: peers of this machine alone."""
        return ListenerPlace(remote=False, settings=listener_settings)

    @pytest.fixture
    def listener(self, listener_place: ListenerPlace) -> Listener:
        """Your listener. Override this."""
        raise NotImplementedError("override the fixture `listener`: return YourListener.open(listener_place)")

    def test_it_serves_until_it_is_stopped(self, listener: Listener) -> None:
        """One that returns early is a door that is shut, and nobody was told."""
        stop = threading.Event()
        serving = _served(listener, stop)
        serving.join(0.2)
        assert serving.is_alive()
        stop.set()
        self._ends(serving, listener)

    def test_one_that_was_stopped_before_ends_at_once(self, listener: Listener) -> None:
        """The daemon may be told to stop while it starts."""
        stop = threading.Event()
        stop.set()
        self._ends(_served(listener, stop), listener)

    def _ends(self, serving: threading.Thread, listener: Listener) -> None:
        serving.join(self.patience)
        assert not serving.is_alive(), f"it goes on for {self.patience} s"
        listener.close()

    def test_opening_listens_on_nothing(self, listener: Listener, listener_place: ListenerPlace) -> None:
        """Another may be refused after it; then nobody was to come in."""
        assert [
            call for call in io_calls(lambda: type(listener).open(listener_place)) if "socket" in call
        ] == []

    def test_an_unknown_listener_setting_is_refused(
        self, listener: Listener, listener_place: ListenerPlace
    ) -> None:
        """A misspelt setting is one that somebody believes to be in force."""
        settings = {**listener_place.settings, f"no_such_setting_{secrets.token_hex(4)}": 1}
        with pytest.raises(InvalidInputError) as caught:
            type(listener).open(ListenerPlace(remote=False, settings=settings))
        assert caught.value.code == "invalid_config"


def _served(listener: Listener, stop: threading.Event) -> threading.Thread:
    @contextmanager
    def sessions(_principal: str, _purpose: str) -> Iterator[Any]:
        yield object()

    thread = threading.Thread(target=listener.serve, args=(sessions, stop), daemon=True)
    thread.start()
    return thread
