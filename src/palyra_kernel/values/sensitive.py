"""A buffer for a secret that does not slip into logs, and can be wiped."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import NoReturn, Self
from weakref import ref

from palyra_kernel.errors import InvalidInputError

KNOWN_FROM = 8
"""Bytes: shorter values are not known to redaction, they would be found in every other line."""

_live: dict[
    int, ref[_Buffer]
] = {}  # by id. Each operation on it is one step under the GIL, so there is no lock


class _Buffer(bytearray):
    """Zeroed when the last view of it is gone, and not before: a view must never show zeros in place of a secret."""

    __slots__ = ("__weakref__",)

    def __del__(
        self, forget: Callable[[int, None], object] = _live.pop
    ) -> None:  # bound: globals go first at exit
        forget(id(self), None)
        self[:] = bytes(len(self))


def live_buffers() -> list[bytearray]:
    """The buffers of all secrets of 8 bytes and more that live and were not wiped, for redaction to compare with."""
    return [buffer for known in list(_live.values()) if (buffer := known()) is not None]


class SensitiveBytes:
    """Secret bytes in one mutable buffer that :meth:`wipe`, ``with`` and garbage collection overwrite with zeros.

    It has no text form, cannot be pickled or copied, and compares in constant time
    (:func:`hmac.compare_digest`). What :meth:`reveal` returns is an ordinary ``bytes``: CPython cannot erase
    that copy, so keep it short-lived.

    Raises :class:`InvalidInputError` ``not_bytes`` when constructed from anything but bytes, and ``wiped`` when
    used after it was wiped.
    """

    __slots__ = ("__weakref__", "_buffer", "_wiped")

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise InvalidInputError(
                "not_bytes",
                f"a secret is bytes, not {type(data).__name__}",
                hint="encode text first: text.encode()",
            )
        self._buffer = buffer = _Buffer(data)
        self._wiped = False
        if len(buffer) >= KNOWN_FROM:
            _live[id(buffer)] = ref(buffer)

    @classmethod
    def zeros(cls, size: int) -> Self:
        """A buffer of *size* zeros, to be filled through :meth:`view` without a copy on the way."""
        self = cls.__new__(cls)
        self._buffer = buffer = _Buffer(size)
        self._wiped = False
        if size >= KNOWN_FROM:
            _live[id(buffer)] = ref(buffer)
        return self

    @classmethod
    def adopt(cls, buffer: bytearray) -> Self:
        """Take the content of *buffer*, which is overwritten with zeros."""
        self = cls(buffer)
        buffer[:] = bytes(len(buffer))
        return self

    def reveal(self) -> bytes:
        """Return a copy of the secret as ``bytes``."""
        return bytes(self.view())

    def view(self) -> memoryview:
        """Return the buffer itself, without a copy; zeros once the secret is wiped."""
        if self._wiped:
            raise InvalidInputError(
                "wiped", "this secret was wiped", hint="read it again inside its `with` block"
            )
        return memoryview(self._buffer)

    def wipe(self) -> None:
        """Overwrite the buffer with zeros. Safe to call twice."""
        self._buffer[:] = bytes(len(self._buffer))
        self._wiped = True
        _live.pop(id(self._buffer), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def __len__(self) -> int:
        return len(self._buffer)

    def __bool__(self) -> bool:
        """Always true: an empty secret is still a secret that was found."""
        return True

    def __eq__(self, other: object) -> bool:
        import hmac  # comes with OpenSSL, which few runs need to compare anything

        if isinstance(other, SensitiveBytes):
            return hmac.compare_digest(self.view(), other.view())
        if isinstance(other, memoryview):
            other = other.tobytes()  # compare_digest takes contiguous buffers only
        if isinstance(other, bytes | bytearray):
            return hmac.compare_digest(self.view(), other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a mutable secret must not become a dictionary key

    def __repr__(self) -> str:
        return "<SensitiveBytes: redacted>"

    def __str__(self) -> NoReturn:
        raise TypeError("a secret has no text form: call reveal()")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a secret has no text form: call reveal()")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")
