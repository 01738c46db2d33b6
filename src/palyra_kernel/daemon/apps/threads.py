"""Where the kernel works while the event loop goes on: its calls block, on disks, locks and arithmetic."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from palyra_kernel.errors import UnavailableError

T = TypeVar("T")


class Threads:
    """So many threads, and so many calls that wait for one. Each app has its own: who fills the enrolment door does not
    slow the work of devices."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._most = at_once + waiting
        self._limiter: anyio.CapacityLimiter | None = None  # it belongs to a running event loop
        self._under_way: set[asyncio.Task[Any]] = set()

    async def run(self, call: Callable[[], T]) -> T:
        """What *call* returns. It is finished even if nobody waits any more, and counts until then: a commit is not
        left half-way, and who hangs up has not made room for another.

        Raises :class:`UnavailableError` ``busy`` at once where too many wait already.
        """
        if len(self._under_way) >= self._most:
            raise UnavailableError("busy", "too many requests are under way", hint="try again in a moment")
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._at_once)
        task = asyncio.create_task(anyio.to_thread.run_sync(call, limiter=self._limiter))
        self._under_way.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # somebody may have waited for it, or nobody
