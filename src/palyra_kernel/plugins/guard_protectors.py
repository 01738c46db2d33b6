"""The guard of key protectors. What they return goes into ``keyring.json``, or is the root key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from palyra_kernel.contracts.protectors import KeyProtector, SlotContext, SlotScalar, Unlock
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.plugins.foreign import WrongAnswer, nothing, said, shielded
from palyra_kernel.plugins.names import shown
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.values.sensitive import SensitiveBytes

T = TypeVar("T")

ROOT_KEY_BYTES = 32
SLOT_BYTES = 64 * 1024
_EXACT = 2**53  # larger numbers are not the same in every JSON reader


class GuardedKeyProtector(KeyProtector):
    """A protector of an author. Errors besides the contract's: :class:`InvalidInputError` ``invalid_key`` and
    ``invalid_slot``, :class:`UnavailableError` ``plugin_failed``."""

    _cls: ClassVar[type[KeyProtector]]
    _origin: ClassVar[Origin]

    def __init__(self) -> None:
        self._who = f"key protector {self.kind!r} of {self._origin}"
        self._inner = shielded(self._who, "__init__", self._cls)

    def available(self) -> str | None:
        return self._run("available", _available)

    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> Mapping[str, SlotScalar]:
        if not isinstance(key, SensitiveBytes) or len(key) != ROOT_KEY_BYTES:
            raise InvalidInputError("invalid_key", f"a root key is {ROOT_KEY_BYTES} bytes")
        return self._run("wrap", _wrap, key, context, unlock)

    def unwrap(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        return self._run("unwrap", _unwrap, _checked_slot(slot), context, unlock)

    def forget(self, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock) -> None:
        self._run("forget", _forget, _checked_slot(slot), context, unlock)

    def _run(self, method: str, call: Callable[..., T], *args: object) -> T:
        return shielded(self._who, method, call, self._inner, *args)


def protector_guard(cls: type[KeyProtector], origin: Origin) -> type[KeyProtector]:
    """Return the guard class for *cls*."""

    class Guarded(GuardedKeyProtector):
        kind = cls.kind
        device_bound = cls.device_bound
        single = cls.single
        wraps_publicly = cls.wraps_publicly
        default_params: ClassVar[Mapping[str, SlotScalar]] = dict(cls.default_params)
        weak = shown(cls.weak) if cls.weak else None
        _cls = cls
        _origin = origin

    return Guarded


def _checked_slot(slot: Mapping[str, SlotScalar]) -> dict[str, SlotScalar]:
    try:
        return _slot(slot)
    except WrongAnswer as error:
        raise InvalidInputError("invalid_slot", f"slot data with {error}") from None  # the text is ours


def _slot(data: Any) -> dict[str, SlotScalar]:
    """*data* as a plain dictionary of what slot data may hold."""
    if not isinstance(data, Mapping):
        raise WrongAnswer(f"a {type(data).__name__} instead of a mapping")
    slot = dict(data)
    for name, value in slot.items():
        if type(name) is not str:
            raise WrongAnswer("a name that is no text")
        if type(value) is not str and not (type(value) is int and -_EXACT <= value <= _EXACT):
            raise WrongAnswer("a value that is neither text nor a number below 2^53")
    if len(msgspec.json.encode(slot)) > SLOT_BYTES:
        raise WrongAnswer(f"more than {SLOT_BYTES} bytes")
    return slot


# Each of these runs behind the shield: reading an answer may run the author's code too.


def _available(inner: KeyProtector) -> str | None:
    answer: Any = inner.available()
    if answer is None:
        return None
    if not isinstance(answer, str):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a reason")
    return said(answer, 500) or "no reason given"


def _wrap(
    inner: KeyProtector, key: SensitiveBytes, context: SlotContext, unlock: Unlock
) -> Mapping[str, SlotScalar]:
    return _slot(inner.wrap(key, context, unlock))


def _unwrap(
    inner: KeyProtector, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock
) -> SensitiveBytes:
    answer: Any = inner.unwrap(slot, context, unlock)
    if type(answer) is not SensitiveBytes:
        raise WrongAnswer(f"a {type(answer).__name__} instead of SensitiveBytes")
    if len(answer) != ROOT_KEY_BYTES:
        answer.wipe()
        raise WrongAnswer(f"a key that is not {ROOT_KEY_BYTES} bytes")
    return answer


def _forget(
    inner: KeyProtector, slot: Mapping[str, SlotScalar], context: SlotContext, unlock: Unlock
) -> None:
    answer: object = inner.forget(slot, context, unlock)
    nothing(answer)
