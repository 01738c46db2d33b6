"""The guard of a context manager that an author returned."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from palyra_kernel.errors import PalyraError
from palyra_kernel.plugins.foreign import shielded


class GuardedBlock(AbstractContextManager[None]):
    """The author's context manager: it sees that the block ended, not how, and swallows nothing of it."""

    def __init__(self, inner: AbstractContextManager[object], who: str) -> None:
        self._inner = inner
        self._who = who

    def __enter__(self) -> None:
        shielded(self._who, "exclusive", self._inner.__enter__)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            shielded(self._who, "exclusive", self._inner.__exit__, None, None, None)
        except PalyraError:
            if error is None:
                raise
            # The block's own error says more, and is raised when this returns.
