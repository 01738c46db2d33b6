"""The ``secretservice`` slot: a random key in the keyring, and the root key sealed under it in the slot."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from palyra_kernel import (
    Deadline,
    IntegrityError,
    InvalidInputError,
    KeyProtector,
    PalyraError,
    SensitiveBytes,
    SlotContext,
    UnavailableError,
    Unlock,
    open_key,
    seal_key,
    slot_bytes,
    slot_text,
)

if TYPE_CHECKING:
    from palyra_backend_secretservice.link import Link

T = TypeVar("T")
SlotData = Mapping[str, str | int]

_KEY_BYTES = 32
_SECONDS = 10.0
_ASKING_SECONDS = 120.0
"""How long a person may take to answer a prompt."""

_is_key_id = re.compile("[0-9a-f]{32}").fullmatch


class SecretServiceProtector(KeyProtector):
    """Keeps 32 random bytes a slot in the keyring ``Palyra``: whoever unlocks the keyring opens the vault."""

    kind: ClassVar[str] = "secretservice"
    device_bound: ClassVar[bool] = True

    def available(self) -> str | None:
        try:
            _run(Unlock(), _check)
        except PalyraError as error:
            return error.message if error.hint is None else f"{error.message} ({error.hint})"
        return None

    def wrap(self, key: SensitiveBytes, context: SlotContext, unlock: Unlock) -> SlotData:
        if context.params:
            raise InvalidInputError("invalid_params", "a secretservice slot takes no parameters")
        key_id = secrets.token_hex(16)
        with SensitiveBytes(os.urandom(_KEY_BYTES)) as wrapping_key:
            sealed = seal_key(key, wrapping_key, context.encode())
            _run(unlock, partial(_keep, _attributes(context, key_id), wrapping_key, unlock.interactive))
        return {"key": key_id, "wrapped": slot_text(sealed)}

    def unwrap(self, slot: SlotData, context: SlotContext, unlock: Unlock) -> SensitiveBytes:
        attributes, sealed = _attributes(context, _key_id(slot)), slot_bytes(slot, "wrapped")
        with _run(unlock, partial(_kept, attributes, unlock.interactive)) as wrapping_key:
            return open_key(sealed, wrapping_key, context.encode())

    def forget(self, slot: SlotData, context: SlotContext, unlock: Unlock) -> None:
        _run(unlock, partial(_forget, _attributes(context, _key_id(slot)), unlock.interactive))


def _run(unlock: Unlock, work: Callable[[Link], T]) -> T:
    from palyra_backend_secretservice.opening import new_service

    seconds = _ASKING_SECONDS if unlock.interactive else _SECONDS
    with closing(new_service()) as service:
        return service.run(Deadline.after(seconds), work)


def _attributes(context: SlotContext, key_id: str) -> dict[str, str]:
    """Of a key, for the service to find it by; everybody on the bus reads them."""
    return {
        "application": "palyra",
        "type": "key",
        "vault": context.vault_id,
        "slot": context.slot_id,
        "key": key_id,
    }


def _key_id(slot: SlotData) -> str:
    key_id = slot.get("key")
    if not isinstance(key_id, str) or not _is_key_id(key_id):
        raise IntegrityError("damaged_slot", "the slot does not say which key of the keyring is its own")
    return key_id


# What is done over the connection. Each can be done again from the start.


def _check(link: Link) -> None:
    link.unlock()


def _keep(attributes: Mapping[str, str], key: SensitiveBytes, interactive: bool, link: Link) -> None:
    link.make_ready(interactive=interactive)
    link.keep("Palyra: a key of a vault", attributes, key.reveal(), interactive=interactive)


def _kept(attributes: Mapping[str, str], interactive: bool, link: Link) -> SensitiveBytes:
    link.unlock(interactive=interactive)
    for path in link.search(attributes):
        key = link.read(path)
        if key is not None:
            return SensitiveBytes(key)
    raise UnavailableError(
        "key_missing",
        "the keyring does not hold the key of this slot",
        hint="restore the keyring, or open the vault with another slot: --passphrase-file or --recovery-file",
    )


def _forget(attributes: Mapping[str, str], interactive: bool, link: Link) -> None:
    link.unlock(interactive=interactive)
    for path in link.search(attributes):
        link.delete(path, interactive=interactive)
