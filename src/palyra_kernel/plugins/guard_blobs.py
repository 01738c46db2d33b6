"""The guard of blob backends. ``get`` is on the way of every read of a secret: a few microseconds, no thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self, TypeVar

from palyra_kernel.contracts.blobs import PROBE_SECONDS, BlobBackend, BlobCapabilities, BlobPlace
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, shielded, texts
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.values.deadline import Deadline

T = TypeVar("T")

LIST_LIMIT = 100_000
PATIENCE_SECONDS = 60.0
"""For calls of blocking backends whose contract has no deadline; ``check`` gets ten times that."""

_is_id = re.compile(r"[0-9a-f]{32}").fullmatch


class GuardedBlobBackend(BlobBackend):
    """A backend of an author. Errors besides the contract's: :class:`InvalidInputError` ``invalid_blob_id``,
    ``not_bytes``, ``too_large`` and ``invalid_limit``; :class:`UnavailableError` ``plugin_failed``, ``closed`` and,
    where the backend declares ``may_block``, ``deadline`` and ``circuit_open``."""

    _cls: ClassVar[type[BlobBackend]]
    _origin: ClassVar[Origin]

    def __init__(self, inner: BlobBackend, capabilities: BlobCapabilities, who: str) -> None:
        self._inner = inner
        self._capabilities = capabilities
        self._may_block = capabilities.may_block
        self._who = who
        self._closed = False

    @classmethod
    def open(cls, place: BlobPlace) -> Self:
        who = f"blob backend {cls.kind!r} of {cls._origin}"
        inner = shielded(who, "open", _open, cls._cls, place)
        return cls(inner, shielded(who, "capabilities", _capabilities, inner), who)

    def capabilities(self) -> BlobCapabilities:
        """What the backend answered when it was opened."""
        return self._capabilities

    def put(self, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
        most = self._capabilities.max_blob_bytes
        for blob_id, blob in blobs.items():
            _check_id(blob_id)
            if type(blob) is not bytes:
                raise InvalidInputError("not_bytes", f"a blob is bytes, not {type(blob).__name__}")
            if len(blob) > most:
                raise InvalidInputError(
                    "too_large", f"a blob of {len(blob)} bytes; the backend {self.kind!r} takes {most}"
                )
        if blobs:
            self._run("put", deadline, _put, dict(blobs), deadline)

    def get(self, ids: Sequence[str], deadline: Deadline) -> Mapping[str, bytes]:
        asked = _ids(ids)
        return self._run("get", deadline, _get, asked, deadline) if asked else {}

    def delete(self, ids: Sequence[str], deadline: Deadline) -> None:
        asked = _ids(ids)
        if asked:
            self._run("delete", deadline, _delete, asked, deadline)

    def list(self, after: str | None, limit: int) -> Sequence[str]:
        if after is not None:
            _check_id(after)
        if type(limit) is not int or not 1 <= limit <= LIST_LIMIT:
            raise InvalidInputError("invalid_limit", f"a listing is of 1 to {LIST_LIMIT} ids")
        return self._run("list", None, _list, after, limit)

    def probe(self) -> None:
        self._run("probe", Deadline.after(PROBE_SECONDS), _probe)

    def check(self) -> Sequence[str]:
        return self._run("check", Deadline.after(10 * PATIENCE_SECONDS), _check)

    def close(self) -> None:
        if self._closed:
            return
        try:
            self._run("close", None, _close)
        finally:
            self._closed = True

    def _run(self, method: str, deadline: Deadline | None, call: Callable[..., T], *args: object) -> T:
        if self._closed:
            raise UnavailableError("closed", f"the {self._who} was closed")
        if not self._may_block:
            return shielded(self._who, method, call, self._inner, *args)
        work = partial(shielded, self._who, method, call, self._inner, *args)
        until = deadline or Deadline.after(PATIENCE_SECONDS)
        return self._origin.threads.run(work, until, f"{method} of the {self._who}")


def backend_guard(cls: type[BlobBackend], origin: Origin) -> type[BlobBackend]:
    """Return the guard class for *cls*."""

    class Guarded(GuardedBlobBackend):
        kind = cls.kind
        strength = cls.strength
        _cls = cls
        _origin = origin

    return Guarded


def _check_id(blob_id: object) -> None:
    if not isinstance(blob_id, str) or _is_id(blob_id) is None:
        raise InvalidInputError("invalid_blob_id", "a blob id is 32 lower-case hexadecimal digits")


def _ids(ids: Sequence[str]) -> tuple[str, ...]:
    if isinstance(ids, str):
        raise InvalidInputError("invalid_blob_id", "blob ids are given as a list")
    for blob_id in ids:
        _check_id(blob_id)
    return tuple(ids)


# Each of these runs behind the shield, and in the thread where there is one: reading an answer may run code too.


def _open(cls: type[BlobBackend], place: BlobPlace) -> BlobBackend:
    inner: object = cls.open(place)
    if not isinstance(inner, BlobBackend):
        raise WrongAnswer(f"a {type(inner).__name__} instead of a backend")
    return inner


def _capabilities(inner: BlobBackend) -> BlobCapabilities:
    answer: Any = inner.capabilities()
    if not isinstance(answer, BlobCapabilities):
        raise WrongAnswer(f"a {type(answer).__name__} instead of BlobCapabilities")
    if type(answer.max_blob_bytes) is not int or answer.max_blob_bytes < 1:
        raise WrongAnswer("max_blob_bytes is not a positive number")
    for name in ("listable", "durable", "interactive", "may_block"):
        if type(getattr(answer, name)) is not bool:
            raise WrongAnswer(f"{name} is neither true nor false")
    return answer


def _put(inner: BlobBackend, blobs: Mapping[str, bytes], deadline: Deadline) -> None:
    nothing(inner.put(blobs, deadline))


def _get(inner: BlobBackend, ids: tuple[str, ...], deadline: Deadline) -> Mapping[str, bytes]:
    answer: Any = inner.get(ids, deadline)
    if type(answer) is not dict and not isinstance(answer, Mapping):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a mapping")
    blobs = answer if type(answer) is dict else dict(answer)
    asked = ids if len(ids) < 8 else frozenset(ids)
    for blob_id, blob in blobs.items():
        if blob_id not in asked:
            raise WrongAnswer("a blob that was not asked for")
        if type(blob) is not bytes:
            raise WrongAnswer(f"a blob is {type(blob).__name__} instead of bytes")
    return blobs


def _delete(inner: BlobBackend, ids: tuple[str, ...], deadline: Deadline) -> None:
    nothing(inner.delete(ids, deadline))


def _list(inner: BlobBackend, after: str | None, limit: int) -> Sequence[str]:
    answer: object = inner.list(after, limit)
    if not isinstance(answer, list | tuple):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a list")
    if len(answer) > limit:
        raise WrongAnswer("more ids than asked for")
    last = after or ""
    for blob_id in answer:
        if not isinstance(blob_id, str) or _is_id(blob_id) is None:
            raise WrongAnswer("something in the list is no blob id")
        if blob_id <= last:
            raise WrongAnswer("ids that do not ascend")
        last = blob_id
    return answer


def _probe(inner: BlobBackend) -> None:
    nothing(inner.probe())  # type: ignore[func-returns-value]  # what an author overrides it with


def _check(inner: BlobBackend) -> list[str]:
    return texts(inner.check())


def _close(inner: BlobBackend) -> None:
    nothing(inner.close())
