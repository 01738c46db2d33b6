"""One table of a document as it is read: each field is asked for by its name, and the rest is kept as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from palyra_kernel.auth.documents.toml import fragment, one_line
from palyra_kernel.errors import InvalidInputError

MAX_NUMBER = 2**63 - 1
MAX_UNKNOWN = 2**16


class Fields:
    """Raises :class:`InvalidInputError` ``invalid_FIELD``, and ``missing_field``."""

    def __init__(self, table: object, name: str) -> None:
        if not isinstance(table, Mapping):
            raise InvalidInputError("invalid_document", f"{name} is a table")
        self._left: dict[str, Any] = dict(table)
        self._name = name

    def take(self, name: str) -> Any:
        """What stands there, whatever it is; None for nothing."""
        return self._left.pop(name, None)

    def text(self, name: str) -> str:
        """A text, trimmed; empty if it is not there."""
        value = self.take(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(name, "is a text")
        return value.strip()

    def needed(self, name: str) -> str:
        """A text that has to be there."""
        value = self.text(name)
        if not value:
            raise InvalidInputError("missing_field", f"{name} of {self._name} is missing")
        return value

    def number(self, name: str, most: int = MAX_NUMBER) -> int:
        """A whole number from 1 to *most*; 0 for one below, and for none."""
        value = self.take(name)
        if value is None:
            return 0
        if type(value) is not int or value > most:
            raise self._wrong(name, f"is a whole number up to {most}")
        return max(value, 0)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, trimmed, without blank ones."""
        value = self.take(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._wrong(name, "is a list of texts")
        return tuple(plain for each in value if (plain := each.strip()))

    def table(self, name: str) -> Fields:
        """A table in this one; an empty one if it is not there."""
        return Fields(self._left.pop(name, {}), f"{name} of {self._name}")

    def tables(self, name: str) -> list[Any]:
        """A list of tables, or of whatever stands in their place."""
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "is a list of tables")
        return value

    def rest(self) -> str:
        """The fields that nobody asked for, as text."""
        return fragment(self._left)

    def _wrong(self, name: str, what: str) -> InvalidInputError:
        return InvalidInputError(f"invalid_{name}", f"{name} of {self._name} {what}")


def kept(**levels: str) -> dict[str, str]:
    """What is not understood, by the level at which it stands; a level without any is left out.

    Raises :class:`InvalidInputError` ``too_much_unknown`` for more than 64 KiB."""
    if sum(map(len, levels.values())) > MAX_UNKNOWN:
        raise InvalidInputError("too_much_unknown", "fields that nobody understands have at most 64 KiB")
    return {level: text for level, text in levels.items() if text}


def restored(unknown: Mapping[str, Any], level: str) -> dict[str, Any]:
    """The fields that :meth:`Fields.rest` kept, such that they are written on one line each."""
    import tomllib

    text = unknown.get(level, "")
    return {name: one_line(value) for name, value in tomllib.loads(text).items()} if text else {}
