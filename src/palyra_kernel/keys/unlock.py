"""From slots to the root key: any slot opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from palyra_kernel.contracts.protectors import KeyProtector, SlotScalar, Unlock
from palyra_kernel.errors import IntegrityError, PalyraError, UnavailableError
from palyra_kernel.keys.derive import ROOT_BYTES
from palyra_kernel.keys.slots import KeyringDocument, Slot, new_slot_id, slot_context
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.sensitive import SensitiveBytes

FindProtector = Callable[[str], KeyProtector | None]
"""Gives the protector of a kind, or None if no enabled plugin brings it."""


def open_root(document: KeyringDocument, find: FindProtector, unlock: Unlock) -> SensitiveBytes:
    """Return the root key by the first slot that opens.

    Raises :class:`IntegrityError` ``wrong_key`` if something was brought that does not fit, else
    :class:`UnavailableError` ``no_slot_opens``; both list every slot and why it did not open.
    """
    failures: list[tuple[Slot, PalyraError]] = []
    for slot in document.slots:
        try:
            return open_slot(document.vault_id, slot, find, unlock)
        except PalyraError as error:
            # Its frames hold this list, which holds the error: a cycle that keeps what was brought in memory.
            failures.append((slot, error.with_traceback(None)))
    reasons = "; ".join(f"slot {slot.id} ({slot.kind}): {error.message}" for slot, error in failures)
    hint = next((error.hint for _, error in failures if error.hint), None)
    wrong = next((error for _, error in failures if not isinstance(error, UnavailableError)), None)
    if wrong is not None:
        raise type(wrong)(wrong.code, f"no slot opens the vault. {reasons}", hint=wrong.hint or hint)
    raise UnavailableError("no_slot_opens", f"no slot opens the vault. {reasons}", hint=hint)


def open_slot(vault_id: str, slot: Slot, find: FindProtector, unlock: Unlock) -> SensitiveBytes:
    """Return the root key by this one slot, or raise what its protector says."""
    root = _protector(find, slot.kind).unwrap(slot.data, slot.context(vault_id), unlock)
    if len(root) != ROOT_BYTES:
        root.wipe()
        raise IntegrityError("wrong_key", "the slot holds a key of a wrong length")
    return root


def make_slot(
    vault_id: str,
    kind: str,
    root: SensitiveBytes,
    find: FindProtector,
    unlock: Unlock,
    params: Mapping[str, SlotScalar],
) -> Slot:
    """Wrap *root* in a new slot of *kind*. Nothing is written to ``keyring.json`` yet."""
    protector = _protector(find, kind)
    reason = None if unlock.interactive else protector.available()  # what is missing may be an answer
    if reason is not None:
        raise UnavailableError(
            "protector_unavailable",
            f"a {kind} slot cannot be made here: {reason}",
            hint=f"if it only has to ask you: palyra slots add {kind} --interactive",
        )
    slot_id, fixed = new_slot_id(), {**protector.default_params, **params}
    data = protector.wrap(root, slot_context(vault_id, slot_id, kind, fixed), unlock)
    return Slot(id=slot_id, kind=kind, params=fixed, data=dict(data), created_at_ms=now_ms())


def forget_slot(vault_id: str, slot: Slot, find: FindProtector, unlock: Unlock) -> None:
    """Remove what the slot's protector keeps outside ``keyring.json``."""
    _protector(find, slot.kind).forget(slot.data, slot.context(vault_id), unlock)


def _protector(find: FindProtector, kind: str) -> KeyProtector:
    protector = find(kind)
    if protector is None:
        raise UnavailableError(
            "protector_missing",
            f"no enabled plugin brings the slot kind {kind!r}",
            hint="built in are file, passphrase and recovery; others come with a plugin: palyra plugins list",
        )
    return protector
