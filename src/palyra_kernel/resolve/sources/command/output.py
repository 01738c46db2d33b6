"""What a command prints, up to a limit, in a buffer that can be wiped."""

from __future__ import annotations

from io import FileIO

from palyra_kernel.values.sensitive import SensitiveBytes

_FIRST = 64 * 1024


class Output:
    """At most *limit* bytes, read as they come; the buffer grows as they do, and leaves no old one behind."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = SensitiveBytes.zeros(min(limit + 1, _FIRST))  # one more, to notice that there is more
        self._used = 0

    @property
    def begun(self) -> bool:
        """Whether there is a byte."""
        return self._used > 0

    @property
    def too_large(self) -> bool:
        """Whether there was more than the limit."""
        return self._used > self._limit

    def read_from(self, pipe: FileIO) -> int | None:
        """Read what is there; return how much, 0 at the end, None if there is nothing now."""
        if self.too_large:
            return 0
        if self._used == len(self._buffer):
            self._grow()
        got = pipe.readinto(self._buffer.view()[self._used :])
        self._used += got or 0
        return got

    def take(self) -> SensitiveBytes:
        """What was read."""
        with self._buffer as buffer:
            return SensitiveBytes(buffer.view()[: self._used])

    def wipe(self) -> None:
        """Forget it."""
        self._buffer.wipe()

    def _grow(self) -> None:
        larger = SensitiveBytes.zeros(min(self._limit + 1, 2 * len(self._buffer)))
        with self._buffer as old:
            larger.view()[: self._used] = old.view()[: self._used]
        self._buffer = larger
