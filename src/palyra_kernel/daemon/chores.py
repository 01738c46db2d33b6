"""What a daemon does by itself: looks for news, looks after the authority, says that it lives."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.said import said
from palyra_kernel.errors import PalyraError

TEND_SECONDS = 3_600.0
NEWS_SECONDS = 1.0
_AGAIN_SECONDS = 60.0

_log = logging.getLogger(__name__)
Chore = Callable[[], Awaitable[object]]


class Chores:
    """Tasks of the running loop. One that fails is said once for each reason, counted, and tried again."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._tasks: list[asyncio.Task[None]] = []
        self.troubles: dict[str, str] = {}
        """The codes of what does not work now, by chore."""

    def every(self, seconds: float, name: str, chore: Chore) -> None:
        """Do *chore* each *seconds*; after a failure within a minute."""
        self._tasks.append(asyncio.create_task(self._repeat(seconds, name, chore)))

    async def stop(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _repeat(self, seconds: float, name: str, chore: Chore) -> None:
        while True:
            await asyncio.sleep(min(seconds, _AGAIN_SECONDS) if name in self.troubles else seconds)
            try:
                await chore()
            except Exception as error:  # noqa: BLE001  # a daemon that stops looking after itself goes on unnoticed
                self._note(name, error)
            else:
                if self.troubles.pop(name, None):
                    _log.info("%s: works again", name)

    def _note(self, name: str, error: Exception) -> None:
        code = error.code if isinstance(error, PalyraError) else "internal"
        self._counts.troubles.add(name)
        if self.troubles.get(name) != code:
            self.troubles[name] = code
            _log.error("%s: %s", name, said(error))
