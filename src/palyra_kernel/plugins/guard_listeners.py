"""The guard of listeners: each in a thread of its own, and said to have ended when it has."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event, Thread
from typing import Any

from palyra_kernel.contracts.listeners import Listener, ListenerPlace, Sessions
from palyra_kernel.errors import PalyraError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, shielded
from palyra_kernel.plugins.guard_apps import check_tables
from palyra_kernel.plugins.registry import Offer


class GuardedListener:
    """A listener of an author. What it raises ends its thread and nothing else; ``trouble`` has the code then."""

    def __init__(self, offer: Offer[Listener], place: ListenerPlace) -> None:
        self.name = offer.key
        self.trouble: str | None = None
        """Why it serves no more, although nobody stopped it; None as long as it does."""
        self._who = f"listener {offer.key!r} of {offer.origin}"
        self._inner: Listener = shielded(self._who, "open", _open, offer.cls, place)
        self._stop = Event()
        self._thread: Thread | None = None
        self._closed = False

    def start(self, sessions: Sessions) -> None:
        """Serve from now on."""
        self._thread = Thread(
            target=self._serve, args=(sessions,), name=f"palyra-listener-{self.name}", daemon=True
        )
        self._thread.start()

    def _serve(self, sessions: Sessions) -> None:
        try:
            shielded(self._who, "serve", _serve, self._inner, sessions, self._stop)
        except PalyraError as error:
            self.trouble = error.code
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            self.trouble = "plugin_failed"  # nobody sits at this thread: no end of the daemon
        if not self._stop.is_set():
            self.trouble = self.trouble or "ended"

    def ask_to_stop(self) -> None:
        """Have it end; :meth:`close` waits for that."""
        self._stop.set()

    def close(self, seconds: float) -> None:
        """Wait up to *seconds* until it has ended, and release it. One that does not end is left behind."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(seconds)
            if self._thread.is_alive():
                self.trouble = "does_not_end"
                return
        if not self._closed:
            self._closed = True
            shielded(self._who, "close", _close, self._inner)


def open_listeners(
    offers: Mapping[str, Offer[Listener]], settings: Mapping[str, Mapping[str, Any]], *, remote: bool
) -> tuple[GuardedListener, ...]:
    """Open all listeners, by name, each with its table of *settings*. Raises as :func:`open_apps` does."""
    check_tables("listeners", "listener", offers, settings)
    opened: list[GuardedListener] = []
    try:
        for name in sorted(offers):
            place = ListenerPlace(remote=remote, settings=settings.get(name, {}))
            opened.append(GuardedListener(offers[name], place))
    except BaseException:
        for each in opened:
            each.close(0)
        raise
    return tuple(opened)


def _open(cls: type[Listener], place: ListenerPlace) -> Listener:
    inner: object = cls.open(place)
    if not isinstance(inner, Listener):
        raise WrongAnswer(f"a {type(inner).__name__} instead of a listener")
    return inner


def _serve(inner: Listener, sessions: Sessions, stop: Event) -> None:
    answer: Any = inner.serve(sessions, stop)
    nothing(answer)


def _close(inner: Listener) -> None:
    answer: Any = inner.close()  # type: ignore[func-returns-value]  # what an author overrides it with
    nothing(answer)
