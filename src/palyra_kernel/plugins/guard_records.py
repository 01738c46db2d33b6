"""The guard of record stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Self, TypeVar

from palyra_kernel.contracts.records import RecordStore, StoredRecord
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, shielded, texts
from palyra_kernel.plugins.guard_block import GuardedBlock
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.values.deadline import Deadline

T = TypeVar("T")

KEY_BYTES = 128
VALUE_BYTES = 1024 * 1024
SCAN_LIMIT = 100_000


class GuardedRecordStore(RecordStore):
    """A store of an author. Errors besides the contract's: :class:`InvalidInputError` ``invalid_record``,
    ``too_large`` and ``invalid_limit``; :class:`UnavailableError` ``plugin_failed`` and ``closed``."""

    _cls: ClassVar[type[RecordStore]]
    _origin: ClassVar[Origin]

    def __init__(self, inner: RecordStore, who: str) -> None:
        self._inner = inner
        self._who = who
        self._closed = False

    @classmethod
    def open(cls, url: str) -> Self:
        who = f"record store {cls.scheme!r} of {cls._origin}"
        return cls(shielded(who, "open", _open, cls._cls, url), who)

    def get(self, key: bytes) -> StoredRecord | None:
        _check_key(key)
        return self._run("get", _get, key)

    def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, StoredRecord]:
        for key in keys:
            _check_key(key)
        return self._run("get_many", _get_many, keys)

    def scan(self, prefix: bytes, after: bytes | None, limit: int) -> Sequence[StoredRecord]:
        _check_bytes(prefix, 0)
        if after is not None:
            _check_bytes(after, 0)
        if type(limit) is not int or not 1 <= limit <= SCAN_LIMIT:
            raise InvalidInputError("invalid_limit", f"a scan is of 1 to {SCAN_LIMIT} records")
        return self._run("scan", _scan, prefix, after, limit)

    def commit(
        self, checks: Mapping[bytes, int], puts: Sequence[StoredRecord], deletes: Sequence[bytes]
    ) -> None:
        for key, version in checks.items():
            _check_key(key)
            if type(version) is not int or version < 0:
                raise InvalidInputError("invalid_record", "a checked version is a number, 0 or greater")
        for record in puts:
            _check_put(record)
        for key in deletes:
            _check_key(key)
        self._run("commit", _commit, dict(checks), tuple(puts), tuple(deletes))

    def purge(self, keys: Sequence[bytes]) -> None:
        for key in keys:
            _check_key(key)
        self._run("purge", _purge, tuple(keys))

    def watch(self, prefix: bytes, deadline: Deadline) -> bool:
        _check_bytes(prefix, 0)
        return self._run("watch", _watch, prefix, deadline)

    def moment(self) -> object | None:
        return self._run("moment", _moment)

    def newer(self, prefix: bytes, version: int) -> Mapping[bytes, int] | None:
        _check_bytes(prefix, 0)
        return self._run("newer", _newer, prefix, version)

    def exclusive(self, deadline: Deadline) -> AbstractContextManager[None]:
        return GuardedBlock(self._run("exclusive", _exclusive, deadline), self._who)

    def check(self) -> Sequence[str]:
        return self._run("check", _check)

    def close(self) -> None:
        if self._closed:
            return
        try:
            self._run("close", _close)
        finally:
            self._closed = True

    def _run(self, method: str, call: Callable[..., T], *args: object) -> T:
        if self._closed:
            raise UnavailableError("closed", f"the {self._who} was closed")
        return shielded(self._who, method, call, self._inner, *args)


def store_guard(cls: type[RecordStore], origin: Origin) -> type[RecordStore]:
    """Return the guard class for *cls*."""

    class Guarded(GuardedRecordStore):
        scheme = cls.scheme
        _cls = cls
        _origin = origin

    return Guarded


def _check_bytes(text: object, least: int) -> None:
    if type(text) is not bytes or not least <= len(text) <= KEY_BYTES:
        raise InvalidInputError("invalid_record", f"a key is 1 to {KEY_BYTES} bytes")


def _check_key(key: object) -> None:
    _check_bytes(key, 1)


def _check_put(record: StoredRecord) -> None:
    key, version, value = record
    _check_key(key)
    if type(version) is not int or version < 1 or type(value) is not bytes:
        raise InvalidInputError("invalid_record", "a put has a version from 1 on and bytes")
    if len(value) > VALUE_BYTES:
        raise InvalidInputError("too_large", f"a record of {len(value)} bytes; a store takes {VALUE_BYTES}")


# Each of these runs behind the shield: reading an answer may run the author's code too.


def _open(cls: type[RecordStore], url: str) -> RecordStore:
    inner: object = cls.open(url)
    if not isinstance(inner, RecordStore):
        raise WrongAnswer(f"a {type(inner).__name__} instead of a store")
    return inner


def _get(inner: RecordStore, key: bytes) -> StoredRecord | None:
    answer: object = inner.get(key)
    if answer is None:
        return None
    record = _record(answer)
    if record.key != key:
        raise WrongAnswer("the record of another key")
    return record


def _get_many(inner: RecordStore, keys: Sequence[bytes]) -> Mapping[bytes, StoredRecord]:
    answer: object = inner.get_many(keys)
    if not isinstance(answer, Mapping):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a mapping")
    for key, each in answer.items():
        if _record(each).key != key or key not in keys:
            raise WrongAnswer("the record of another key")
    return answer


def _scan(inner: RecordStore, prefix: bytes, after: bytes | None, limit: int) -> Sequence[StoredRecord]:
    answer: object = inner.scan(prefix, after, limit)
    if not isinstance(answer, list | tuple):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a list")
    if len(answer) > limit:
        raise WrongAnswer("more records than asked for")
    last = after
    for each in answer:
        record = _record(each)
        if record.value is None or not record.key.startswith(prefix):
            raise WrongAnswer("a record that was not asked for")
        if last is not None and record.key <= last:
            raise WrongAnswer("keys that do not ascend")
        last = record.key
    return answer


def _record(answer: Any) -> StoredRecord:
    if type(answer) is not StoredRecord:
        raise WrongAnswer(f"a {type(answer).__name__} instead of a StoredRecord")
    fits = type(answer.key) is bytes and type(answer.version) is int and answer.version >= 1
    if not fits or not (answer.value is None or type(answer.value) is bytes):
        raise WrongAnswer("a StoredRecord with fields of other types")
    return answer


def _commit(
    inner: RecordStore, checks: Mapping[bytes, int], puts: Sequence[StoredRecord], deletes: Sequence[bytes]
) -> None:
    answer: object = inner.commit(checks, puts, deletes)
    nothing(answer)


def _purge(inner: RecordStore, keys: Sequence[bytes]) -> None:
    nothing(inner.purge(keys))  # type: ignore[func-returns-value]  # what an author overrides it with


def _watch(inner: RecordStore, prefix: bytes, deadline: Deadline) -> bool:
    answer: object = inner.watch(prefix, deadline)
    if type(answer) is not bool:
        raise WrongAnswer("neither true nor false")
    return answer


def _moment(inner: RecordStore) -> object | None:
    answer: object = inner.moment()
    parts = answer if type(answer) is tuple else (answer,)
    if answer is not None and not all(type(part) in (int, str, bytes) for part in parts):
        raise WrongAnswer("a moment that is no number, text or tuple of them")
    return answer


def _newer(inner: RecordStore, prefix: bytes, version: int) -> Mapping[bytes, int] | None:
    answer: object = inner.newer(prefix, version)
    if answer is None:
        return None
    if not isinstance(answer, Mapping):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a mapping")
    for key, found in answer.items():
        if type(key) is not bytes or type(found) is not int or not key.startswith(prefix) or found <= version:
            raise WrongAnswer("a record that was not asked for")
    return answer


def _exclusive(inner: RecordStore, deadline: Deadline) -> AbstractContextManager[object]:
    answer: object = inner.exclusive(deadline)
    if not isinstance(answer, AbstractContextManager):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a context manager")
    return answer


def _check(inner: RecordStore) -> list[str]:
    return texts(inner.check())


def _close(inner: RecordStore) -> None:
    answer: object = inner.close()
    nothing(answer)
