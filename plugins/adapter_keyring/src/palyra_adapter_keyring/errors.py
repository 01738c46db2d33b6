"""The errors of keyring for ours: programs know what to do with those."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from keyring.errors import InitError, KeyringError, KeyringLocked

from palyra_kernel import PalyraError

_ALWAYS: dict[str, type[KeyringError]] = {"no_slot_opens": KeyringLocked, "vault_missing": InitError}


@contextmanager
def translated(otherwise: type[KeyringError]) -> Iterator[None]:
    """Turn an error of ours into ``KeyringLocked``, ``InitError`` or *otherwise*, with message, code and hint."""
    try:
        yield
    except PalyraError as error:
        hint = f"; {error.hint}" if error.hint else ""
        text = f"palyra: {error.message} ({error.code}{hint})"
        raise _ALWAYS.get(error.code, otherwise)(text) from error
