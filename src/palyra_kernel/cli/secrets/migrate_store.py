"""The vault's part of a migration: nothing there is ever overwritten, and what is stored is read back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from palyra_kernel.cli.secrets.import_files import Named
from palyra_kernel.cli.secrets.import_plan import store
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError

_SHORTEST = 6
"""What is shorter stands in any file by chance."""

if TYPE_CHECKING:
    from palyra_kernel.scan.rewriting import Move
    from palyra_kernel.session import SessionSecrets
    from palyra_kernel.values.refs import VaultRef


def check_free(secrets: SessionSecrets, moves: Sequence[Move]) -> list[Move]:
    """The moves whose secret is not stored yet. One that is stored with the same value is taken over, as after an
    interruption; with another, or deleted, it is :class:`ConflictError` ``exists``."""
    return [move for move in moves if not _stored(secrets, move)]


def store_new(secrets: SessionSecrets, moves: Sequence[Move], new: Sequence[Move]) -> None:
    """Store the values of *new*, creating only."""
    store(secrets, [Named(move.ref, move.value.encode()) for move in moves if move in new], create_only=True)


def read_back(secrets: SessionSecrets, moves: Sequence[Move]) -> None:
    """Raise :class:`IntegrityError` ``not_stored`` unless every value is in the vault as it was in the file."""
    for move in moves:
        with secrets.get(move.ref) as stored:
            if stored != move.value.encode():
                raise IntegrityError(
                    "not_stored", f"{move.ref} reads back as another value", hint="the file was not changed"
                )


def moved_before(secrets: SessionSecrets, known: Sequence[VaultRef]) -> list[str]:
    """The values that the file refers to already: a run that was interrupted had no time to name their copies."""
    values: list[str] = []
    for ref in known:
        with suppress(NotFoundError), secrets.get(ref) as stored:
            value = stored.reveal().decode("utf-8", "replace")
            values += [value] if len(value) >= _SHORTEST else []
    return values


def _stored(secrets: SessionSecrets, move: Move) -> bool:
    try:
        metadata = secrets.stat(move.ref)
    except NotFoundError:
        return False
    if metadata.deleted_at is None and metadata.size == len(move.value.encode()) and _same(secrets, move):
        return True
    raise ConflictError(
        "exists",
        f"{move.ref}, for line {move.line}, exists with another value",
        hint="choose another --prefix; nothing was changed",
    )


def _same(secrets: SessionSecrets, move: Move) -> bool:
    try:
        with secrets.get(move.ref) as stored:
            return stored == move.value.encode()
    except NotFoundError:  # expired or destroyed
        return False
