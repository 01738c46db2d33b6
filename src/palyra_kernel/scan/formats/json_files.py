"""JSON: the standard library says whether it is, a walk over the tokens says where everything stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn

from palyra_kernel.scan.leaves import Leaf, Path, Room, UnparsableError

_TOKEN = re.compile(r'[ \t\r\n]*+("(?:[^"\\]|\\.)*+"|[\[\]{},:]|[^\s,\]}:]+)', re.DOTALL)


def json_leaves(text: str) -> list[Leaf]:
    """The values of a JSON document; a name that comes twice gives two leaves."""
    try:
        json.loads(text, parse_constant=_not_json)
    except json.JSONDecodeError as error:
        raise UnparsableError("not JSON", error.lineno) from None
    except (ValueError, RecursionError):
        raise UnparsableError("not JSON that can be read") from None
    walk = _Walk(text)
    walk.value((), 0)
    return walk.leaves


def json_token(_old: str, reference: str) -> str:
    """What stands in the place of a value."""
    return json.dumps(reference, ensure_ascii=False)


class _Walk:
    """Over a text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._tokens = self._split(text)
        self._room = Room()
        self.leaves: list[Leaf] = []

    @staticmethod
    def _split(text: str) -> Iterator[tuple[str, int, int]]:
        for match in _TOKEN.finditer(text):
            yield match[1], match.start(1), match.end(1)

    def value(self, path: Path, depth: int) -> None:
        self._value(next(self._tokens), path, depth)

    def _value(self, token: tuple[str, int, int], path: Path, depth: int) -> None:
        self._room.deeper(depth)
        if token[0] == "{":
            self._object(path, depth)
        elif token[0] == "[":
            self._array(path, depth)
        else:
            self._room.more()
            self.leaves.append(Leaf(path, _scalar(token[0]), *token[1:]))

    def _object(self, path: Path, depth: int) -> None:
        while (token := next(self._tokens))[0] != "}":
            if token[0] != ",":
                next(self._tokens)  # the colon
                self.value((*path, json.loads(token[0])), depth + 1)

    def _array(self, path: Path, depth: int) -> None:
        number = 0
        while (token := next(self._tokens))[0] != "]":
            if token[0] != ",":
                self._value(token, (*path, number), depth + 1)
                number += 1


def _scalar(token: str) -> object:
    # A number is no secret, and a very long one need not be converted to find that out.
    return json.loads(token) if token[0] in '"tfn' else _number(token)


def _number(token: str) -> object:
    return int(token) if len(token) < 20 and token.lstrip("-").isdigit() else ("number", token)


def _not_json(_constant: str) -> NoReturn:
    raise ValueError
