"""Files to import: which format, which entries, and what is wrong with them, told without repeating a word of them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from palyra_kernel.cli.secrets.dotenv_format import parse_dotenv
from palyra_kernel.cli.secrets.import_items import Item, Problem
from palyra_kernel.errors import InvalidInputError, PalyraError
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope

FORMATS = ("dotenv", "json")
_SHOWN = 10


class Named(NamedTuple):
    """An entry with the secret that it becomes."""

    ref: VaultRef
    value: bytes


def read_items(data: bytes, format: str) -> list[Item]:
    """The entries of *data*. Raises :class:`InvalidInputError` ``invalid_import``, which names lines."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise invalid_import([Problem(f"line {line}", "not UTF-8")]) from None
    if format == "json":
        items, problems = _parse_json(text)
    else:
        items, problems = parse_dotenv(text)
    if problems:
        raise invalid_import(problems)
    return items


def guess_format(path: str, data: bytes) -> str:
    """By the name of the file, else by its first character."""
    if path.lower().endswith(".json"):
        return "json"
    return "json" if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" else "dotenv"


def name_items(
    items: Sequence[Item], scope: VaultScope, *, prefix: str, lower: bool, limit: int
) -> list[Named]:
    """Give each entry its reference; refuse illegal keys, duplicates and values of more than *limit* bytes."""
    problems: list[Problem] = []
    first: dict[str, str] = {}
    named: list[Named] = []
    for item in items:
        key = prefix + (item.name.lower() if lower else item.name)
        if key in first:
            problems.append(Problem(item.where, f"the same key as in {first[key]}"))
            continue
        first[key] = item.where
        if len(item.value) > limit:
            problems.append(Problem(item.where, f"the value has more than {limit} bytes"))
        try:
            named.append(Named(VaultRef(scope, key), item.value))
        except PalyraError:  # its text shows the key, which may be a piece of a value on a wrong line
            problems.append(Problem(item.where, "the name is not a legal key"))
    if problems:
        raise invalid_import(problems)
    return named


def invalid_import(problems: Sequence[Problem]) -> InvalidInputError:
    """One error for all of them."""
    shown = [f"{problem.where}: {problem.why}" for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(f"and {len(problems) - _SHOWN} more")
    return InvalidInputError(
        "invalid_import", f"the file cannot be imported: {'; '.join(shown)}", hint="nothing was stored"
    )


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its members in order, duplicates included."""


def _parse_json(text: str) -> tuple[list[Item], list[Problem]]:
    try:
        document = json.loads(text, object_pairs_hook=_Pairs, parse_constant=_not_json, parse_int=_no_text)
    except json.JSONDecodeError as error:
        return [], [Problem(f"line {error.lineno}", "not JSON")]
    except (ValueError, RecursionError):
        return [], [Problem("the file", "not JSON")]
    if not isinstance(document, _Pairs):
        return [], [Problem("the file", "not a JSON object")]
    items: list[Item] = []
    problems: list[Problem] = []
    for number, (name, member) in enumerate(document, 1):
        value = _member(member)
        if value is None:
            problems.append(Problem(f"entry {number}", 'neither text nor {"value": ...} or {"base64": ...}'))
        else:
            items.append(Item(f"entry {number}", name, value))
    return items, problems


def _member(member: object) -> bytes | None:
    if isinstance(member, _Pairs) and len(member) == 1 and isinstance(member[0][1], str):
        name, text = member[0]
        if name == "base64":
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                return None
        member = text if name == "value" else None
    if type(member) is not str:
        return None
    try:
        return member.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return None


def _no_text(_digits: str) -> None:
    """A number is no text, and a very long one need not be converted to find that out."""


def _not_json(_constant: str) -> NoReturn:
    raise ValueError
