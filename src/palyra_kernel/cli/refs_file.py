"""Files in which names stand for references: what `resolve --table` and `run --env-file` read.

A ``.toml`` or ``.json`` file holds ``NAME = "TEXT"`` and tables ``[NAME]`` as :class:`SecretRef` describes them; a name
``$schema`` is left to editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from palyra_kernel.durable.files import read_file
from palyra_kernel.errors import DeniedError, IntegrityError, InvalidInputError
from palyra_kernel.values.secret_ref import SecretRef

Given = str | dict[str, Any]
"""What stands behind a name: text, or the table of a reference."""

MAX_FILE_BYTES = 1024 * 1024


def read_names(path: str) -> dict[str, Given]:
    """The names of a TOML or JSON file in their order.

    Raises :class:`InvalidInputError` ``invalid_names_file``, which shows no word of what stands behind a name.
    """
    data = read_guarded(path)
    try:
        document = _parse_json(data) if path.lower().endswith(".json") else _parse_toml(data)
    except (ValueError, RecursionError) as error:
        raise invalid_file(path, _where(error)) from None
    if not isinstance(document, dict):
        raise invalid_file(path, "not an object of names")
    document.pop("$schema", None)  # for the editor
    for name, given in document.items():
        if not isinstance(given, str | dict):
            raise invalid_file(path, f"{name} is neither text nor the table of a reference")
    return document


def read_guarded(path: str) -> bytes:
    """The content of a file of ours that nobody else can write: whoever writes it chooses what a program is given.

    Raises :class:`NotFoundError` ``file_missing``, :class:`DeniedError` ``unsafe_file`` and
    :class:`InvalidInputError` ``file_too_large``.
    """
    try:
        return read_file(Path(path).absolute(), limit=MAX_FILE_BYTES, private=False)
    except DeniedError as error:
        hint = f"it must be a file of yours that nobody else can write: chmod go-w {path}"
        raise DeniedError(error.code, error.message, hint=hint) from None
    except IntegrityError as error:
        raise InvalidInputError(error.code, error.message) from None


def parse_named(path: str, name: str, given: Given) -> SecretRef:
    """The reference behind *name*. Raises :class:`InvalidInputError` ``invalid_reference``."""
    try:
        return SecretRef.parse(given)
    except InvalidInputError as error:
        raise InvalidInputError(error.code, f"{path}: {name}: {error.message}", hint=error.hint) from None


def chosen(path: str, names: tuple[str, ...]) -> Mapping[str, SecretRef]:
    """The references of the file *path*: those of *names*, or all of them."""
    document = read_names(path)
    for name in names:
        if name not in document:
            raise InvalidInputError("unknown_name", f"{path} does not name {name}")
    return {name: parse_named(path, name, document[name]) for name in names or document}


def given_refs(refs: tuple[str, ...], table: str | None) -> Mapping[str, str | SecretRef]:
    """References as they were typed; with the file *table* they are names in it, and none means all."""
    if table is not None:
        return chosen(table, refs)
    if not refs:
        raise InvalidInputError("usage", "name a reference, or a file of them with --table")
    return {ref: ref for ref in refs}


def invalid_file(path: str, why: str) -> InvalidInputError:
    """The error for a file that cannot be understood."""
    return InvalidInputError("invalid_names_file", f"{path}: {why}")


def _parse_json(data: bytes) -> object:
    import msgspec

    return msgspec.json.decode(data)


def _parse_toml(data: bytes) -> object:
    import tomllib

    return tomllib.loads(data.decode())


def _where(error: Exception) -> str:
    """Where a parser stopped; its other words may quote the file."""
    import re

    found = re.search(r"(line|byte) \d+", str(error))
    what = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "it cannot be read"
    return f"{found[0]}: {what}" if found else what
