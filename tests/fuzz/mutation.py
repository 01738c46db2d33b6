"""Mutations that keep JSON what it is. Its parser is compiled, so no coverage leads a fuzzer from brace to brace."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

_OTHERS: tuple[Any, ...] = (
    0, 1, -1, 2**31, 2**32, 2**53, 2**63, 2**64, 10**400, 1.0, 1e308, -0.0, True, False, None, [], {}, [[[[]]]],
)  # fmt: skip
_TEXTS = (
    "", "\0", "\x1b[2J", "\n", " ", "é", "e\u0301", "\u202e", "\u2028", "\ud800", "..", "../x", "/", "x" * 300, "AA==",
    "AB==", "AAAA", "0" * 32, "é" * 32, "0x1", "-1", "1_0",
)  # fmt: skip
_TRIES = 20


def mutated_json(data: bytes, seed: int) -> bytes | None:
    """*data* with one to three values changed, moved, repeated or taken out; None if it is no JSON."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    random = Random(seed)
    for _ in range(random.randint(1, 3)):
        document = _changed(document, random)
    return json.dumps(document, ensure_ascii=random.random() < 0.5, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def _changed(document: Any, random: Random) -> Any:
    root = {"": document}
    holder: Any = root
    place: Any = ""
    for _ in range(_TRIES):
        inner: Any = holder[place]
        if not isinstance(inner, dict | list) or not inner or random.random() < 0.15:
            break
        holder = inner
        place = random.choice(_places(inner))
    whole = holder[place]
    act = random.randrange(4)
    if act == 0 and len(holder) > 1:
        del holder[place]
    elif act == 1:
        _put(holder, random.choice(_TEXTS), _odd(random))
    elif act == 2 and isinstance(whole, str) and whole:
        at = random.randrange(len(whole))
        holder[place] = whole[:at] + chr(ord(whole[at]) ^ (1 << random.randrange(7))) + whole[at + 1 :]
    elif act == 3 and len(holder) > 1:
        holder[place] = deepcopy(holder[random.choice(_places(holder))])
    else:
        holder[place] = _odd(random)
    return root[""]


def _places(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


def _odd(random: Random) -> Any:
    """A copy: what is changed later must not change here."""
    return deepcopy(random.choice(_OTHERS + _TEXTS))


def _put(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, list):
        holder.insert(0, value)
    else:
        holder[name] = value
