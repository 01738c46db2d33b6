"""From documents to structs, in any number of threads.

msgspec learns a type when it is first asked for. Two threads that ask at the same time end the process: one of them
uses what the other has only half filled in (msgspec 0.22, a segmentation fault). So every type is learnt here, one at
a time, and nothing else in the kernel decodes into a type.
"""

from __future__ import annotations

from threading import RLock
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_lock = RLock()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


@overload
def decoder(type: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def decoder(type: Any) -> msgspec.json.Decoder[Any]: ...
def decoder(type: Any) -> msgspec.json.Decoder[Any]:
    """What decodes JSON into *type*; one and the same for all who ask."""
    found = _decoders.get(type)
    if found is None:
        with _lock:
            found = _decoders.get(type)
            if found is None:
                found = _decoders[type] = msgspec.json.Decoder(type)
    return found


def decode_json(document: bytes | bytearray | memoryview | str, type: type[T]) -> T:
    """*document* as *type*. Raises what :func:`msgspec.json.decode` raises."""
    return decoder(type).decode(document)


def convert(given: Any, type: type[T]) -> T:
    """*given*, of plain Python values, as *type*. Raises what :func:`msgspec.convert` raises."""
    decoder(type)
    return msgspec.convert(given, type)
