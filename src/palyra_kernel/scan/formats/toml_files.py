"""TOML: the standard library says what a document holds, a walk over it says where; the two must agree."""

from __future__ import annotations

import json
import re
import tomllib

from palyra_kernel.scan.leaves import Leaf, Path, Room, UnparsableError, flatten

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*+")
_SPACE = re.compile(r"[ \t]*+")
_KEY = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'[^']*+'|[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\]|\\.)*+"'
    r"|'[^']*+'",
    re.DOTALL,
)
_BARE = re.compile(r"\d{4}-\d\d-\d\d \d[^\s,\]}#]*+|[^\s,\]}#]++")
_LINE = re.compile(r"line (\d+)")


def toml_leaves(text: str) -> list[Leaf]:
    """The values of a TOML document."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        raise UnparsableError("not TOML", int(line[1]) if line else 1) from None
    except RecursionError:
        raise UnparsableError("not TOML that can be read") from None
    walk = _Walk(text)
    walk.document()
    ends = flatten(tree)
    if {leaf.path for leaf in walk.leaves} != ends.keys():
        raise UnparsableError("TOML of a shape that is not known")
    leaves = [leaf._replace(value=ends[leaf.path]) for leaf in walk.leaves]
    for leaf in leaves:
        if leaf.text is not None and tomllib.loads(f"x={text[leaf.start : leaf.end]}")["x"] != leaf.text:
            raise UnparsableError("TOML of a shape that is not known")
    return leaves


def toml_token(old: str, reference: str) -> str:
    """What stands in the place of a value, in single quotes if it had them."""
    if old.startswith("'") and "'" not in reference:
        return f"'{reference}'"
    return json.dumps(reference, ensure_ascii=False)  # a basic string has the escapes of JSON


class _Walk:
    """Over a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._room = Room()
        self._tables: dict[Path, int] = {}  # arrays of tables, with how many they have so far
        self.leaves: list[Leaf] = []

    def document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._takes("[["):
                table = self._one_more(self._keys())
                self._at += 2
            elif self._takes("["):
                table = self._resolved(self._keys())
                self._at += 1
            else:
                self._pair(table, 0)
            self._skip(_BLANK)

    def _pair(self, table: Path, depth: int) -> None:
        path = (*table, *self._keys())
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path, depth)

    def _keys(self) -> Path:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            token = self._skip(_KEY)
            keys.append(token if token[0] not in "\"'" else tomllib.loads(f"x={token}")["x"])
            self._skip(_SPACE)
            if not self._takes("."):
                return tuple(keys)

    def _value(self, path: Path, depth: int) -> None:
        self._room.deeper(depth)
        if self._takes("["):
            self._array(path, depth)
        elif self._takes("{"):
            self._inline(path, depth)
        else:
            self._room.more()
            start = self._at
            self._skip(_STRING if self._text[start] in "\"'" else _BARE)
            self.leaves.append(Leaf(path, None, start, self._at))

    def _array(self, path: Path, depth: int) -> None:
        number = 0
        while not self._ends("]"):
            self._value((*path, number), depth + 1)
            number += 1

    def _inline(self, path: Path, depth: int) -> None:
        while not self._ends("}"):
            self._pair(path, depth + 1)

    def _ends(self, mark: str) -> bool:
        self._skip(_BLANK)
        if self._takes(","):
            self._skip(_BLANK)
        return self._takes(mark)

    def _one_more(self, keys: Path) -> Path:
        path = (*self._resolved(keys[:-1]), keys[-1])
        self._tables[path] = self._tables.get(path, 0) + 1
        return (*path, self._tables[path] - 1)

    def _resolved(self, keys: Path) -> Path:
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _takes(self, mark: str) -> bool:
        found = self._text.startswith(mark, self._at)
        self._at += len(mark) if found else 0
        return found

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise UnparsableError("TOML of a shape that is not known")
        self._at = match.end()
        return match[0]
