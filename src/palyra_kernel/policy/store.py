"""The policies of a vault: two guarded records, the active bundle and the one before it."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import msgspec

from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.bundle.bundle import BundleDocument
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.records.guard import SetState
from palyra_kernel.values.decoding import decode_json

POLICIES = Namespace("policy", guarded=True)
_ACTIVE = POLICIES.key("active")
_PREVIOUS = POLICIES.key("previous")


class _Stored(NamedTuple):
    version: int
    document: bytes | None

    @property
    def number(self) -> int:
        """How often a bundle had been applied when this one was."""
        try:
            return 0 if self.document is None else decode_json(self.document, BundleDocument).version
        except msgspec.DecodeError:
            return self.version  # that of the record is greater than any number before it


class PolicyStore:
    """Which bundle decides. Any thread may ask; changes of other processes are seen with the next question."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._lock = Lock()
        self._seen: SetState | None = None
        self._bundle: Bundle | None = None

    def active(self) -> Bundle:
        """The bundle that was applied last, or the one that comes with the kernel.

        The same object as long as nothing changes. What does not load keeps a running process at the last good one;
        one that has none raises :class:`IntegrityError` ``policy_damaged``, and nothing may happen then but
        :meth:`repairing`.
        """
        return self.active_at(
            self._records.set_state(POLICIES)
        )  # before the records: what is newer is read again

    def active_at(self, state: SetState | None) -> Bundle:
        """The same for who has just read the set-hash of the policies."""
        with self._lock:
            if self._bundle is None or state != self._seen:
                try:
                    self._bundle = self._load()
                except IntegrityError as error:
                    if self._bundle is None:
                        raise _damaged(error) from error
                    import logging  # it is slow to import, and this does not happen

                    said = "new policies do not load, the last good ones stay: %s"
                    logging.getLogger(__name__).error(said, error.code)  # noqa: TRY400  # no traceback of ours
                self._seen = state
            return self._bundle

    def repairing(self) -> Bundle:
        """:meth:`repairing_at` this moment."""
        return self.repairing_at(self._records.set_state(POLICIES))

    def repairing_at(self, state: SetState | None) -> Bundle:
        """What decides on ``policy.*`` alone: the active bundle or, if it does not load, the one of the kernel."""
        try:
            return self.active_at(state)
        except IntegrityError:
            return Bundle.default()

    def _load(self) -> Bundle:
        for stored in self._records.load_guarded(POLICIES):
            if stored.key == _ACTIVE:
                return Bundle.from_document(self._records.open(stored))
        return Bundle.default()

    def previous(self) -> Bundle | None:
        """What :meth:`plan_rollback` brings back; None if there was no change yet."""
        active, previous = self._stored(_ACTIVE), self._stored(_PREVIOUS)
        if previous.document is not None:
            return Bundle.from_document(previous.document)
        return None if active.document is None else Bundle.default()

    def plan_apply(self, bundle: Bundle) -> Change:
        """Put *bundle* in force; the active one is kept as the previous one."""
        return self._planned(bundle)

    def plan_rollback(self) -> Change:
        """Swap the active and the previous bundle. Raises :class:`NotFoundError` ``policy_previous_missing``."""
        previous = self.previous()
        if previous is None:
            raise NotFoundError("policy_previous_missing", "no policies were in force before these")
        return self._planned(previous)

    def _planned(self, bundle: Bundle) -> Change:
        """The bundle of the kernel is the absence of a record: an upgrade brings its new one."""
        active, previous = self._stored(_ACTIVE), self._stored(_PREVIOUS)
        change = Change()
        change.check(_ACTIVE, active.version)
        change.check(_PREVIOUS, previous.version)
        number = max(active.number, previous.number) + 1
        is_default = bundle.files == Bundle.default().files
        _put(change, _ACTIVE, active, None if is_default else bundle.to_document(version=number))
        _put(change, _PREVIOUS, previous, active.document)
        return change

    def _stored(self, key: bytes) -> _Stored:
        return _Stored(*self._records.read(key))


def _put(change: Change, key: bytes, stored: _Stored, document: bytes | None) -> None:
    if document is not None:
        change.put(key, document)
    elif stored.document is not None:
        change.delete(key)


def _damaged(error: IntegrityError) -> IntegrityError:
    if error.code == "policy_damaged":
        return error
    return IntegrityError(
        "policy_damaged",
        f"the policies do not load: {error.message}",
        hint="restore the state root from a backup",
    )
