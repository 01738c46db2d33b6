"""TOML text to tables and back: read within limits, written the same way each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from palyra_kernel.errors import InvalidInputError

MAX_BYTES = 64 * 2**20
"""Of a document: some 50,000 profiles."""
MAX_DEPTH = 32
"""Of tables and lists within each other."""


def parsed(data: bytes) -> dict[str, Any]:
    """The tables of *data*, UTF-8. Raises :class:`InvalidInputError` ``document_too_large``, ``invalid_document``."""
    import tomllib

    if len(data) > MAX_BYTES:
        raise InvalidInputError("document_too_large", f"a document has at most {MAX_BYTES // 2**20} MiB")
    try:
        tables = tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise _invalid("it is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _invalid(_place(error)) from None
    except (ValueError, RecursionError, OverflowError):  # a number of 5,000 digits, a list a thousand deep
        raise _invalid("a number or a list in it has no end") from None
    if depth(tables) > MAX_DEPTH:
        raise _invalid(f"tables and lists are at most {MAX_DEPTH} deep")
    return tables


def text(tables: Mapping[str, Any]) -> str:
    """The TOML text of *tables*."""
    import tomlkit

    return tomlkit.dumps(tables)


def one_line(value: object) -> Any:
    """*value* such that it is written on one line, whatever tables and lists are in it."""
    import tomlkit

    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update({key: one_line(each) for key, each in value.items()})
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend([one_line(each) for each in value])
        return array
    return value


def fragment(fields: Mapping[str, Any]) -> str:
    """Fields that nobody here understands, as text that means the same whenever it is read."""
    return text({name: one_line(value) for name, value in fields.items()}) if fields else ""


def depth(value: object) -> int:
    """How many tables and lists are within each other."""
    level, deepest = [value], 0
    while level := [each for each in level if isinstance(each, (dict, list))]:
        deepest += 1
        if deepest > MAX_DEPTH:
            break
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return deepest


def _place(error: ValueError) -> str:
    """Where it stops to be TOML, without a word of what stands there."""
    _, _, place = str(error).rpartition("(")
    return f"it is no TOML ({place}" if place.endswith(")") else "it is no TOML"


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError("invalid_document", f"the document cannot be read: {why}")
