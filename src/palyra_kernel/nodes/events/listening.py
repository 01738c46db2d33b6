"""Who wants to know that a device said something: they are woken, and read for themselves.

Nothing is queued for a reader, so a slow one costs nothing and holds nobody up; what the ring no longer has when it
comes, it is told that it missed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from palyra_kernel.errors import UnavailableError

MOST_LISTENERS = 64
"""Of one device, in one process."""

_log = logging.getLogger(__name__)


class Listeners:
    """The listeners of one process. Any number of threads may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._wakes: dict[str, dict[object, Callable[[], None]]] = {}

    def add(self, device: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call *wake* after each append of *device*; it must not block. Return what ends that, as often as called.

        Raises :class:`UnavailableError` ``too_many_listeners``.
        """
        mark = object()
        with self._lock:
            wakes = self._wakes.setdefault(device, {})
            if len(wakes) >= MOST_LISTENERS:
                raise UnavailableError(
                    "too_many_listeners", f"{MOST_LISTENERS} others follow this device already"
                )
            wakes[mark] = wake
        return lambda: self._drop(device, mark)

    def wake(self, device: str) -> None:
        """Wake all of *device*. One that fails is dropped, and the others are woken."""
        with self._lock:
            wakes = list(self._wakes.get(device, {}).items())
        for mark, wake in wakes:
            try:
                wake()
            except Exception as error:  # noqa: BLE001  # of a loop that is gone, say
                _log.warning("a listener failed, and is dropped: %s", type(error).__name__)
                self._drop(device, mark)

    def count(self) -> int:
        """How many there are."""
        with self._lock:
            return sum(map(len, self._wakes.values()))

    def _drop(self, device: str, mark: object) -> None:
        with self._lock:
            wakes = self._wakes.get(device, {})
            wakes.pop(mark, None)
            if not wakes:
                self._wakes.pop(device, None)
