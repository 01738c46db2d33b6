"""Which leases this node took, written down before they run: what was begun is never begun again.

Guarded records. An old copy of the journal would let a lease run twice, so one that was put back is noticed. A process
that is killed leaves ``taken`` records; the next one calls those interrupted, and does not run them. A lease that the
gateway has the result of is remembered all the same, until so many came after it that its id alone says that it is old.
"""

from __future__ import annotations

from threading import RLock
from typing import Literal, TypeVar

import msgspec

from palyra_kernel.device.work import Report, Work
from palyra_kernel.errors import ConflictError, DeniedError, IntegrityError, UnavailableError
from palyra_kernel.identity.events import SILENT, Tell
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame
from palyra_kernel.values.ulid import new_ulid, ulid_ms

DEVICE_LEASES = Namespace("device_leases", guarded=True)
MOST_UNSETTLED = 256
"""Results that wait for the gateway. A node that cannot hand them over takes no more work."""
MOST_SETTLED = 4096
_AT_ONCE = 256
"""Settled leases that are forgotten with one commit."""
_FORMAT = 1
_RUN = DEVICE_LEASES.key("run")
_LEASE = b"lease/"

Step = Literal["taken", "over", "settled"]


class _Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which process writes here, in which life of the vault, and how old the ids are that nobody knows any more."""

    format: int = _FORMAT
    run: str
    incarnation: str = ""
    forgotten_ms: int = -1


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int = _FORMAT
    step: Step
    terms: bytes
    holder: bytes = b""
    report: Report | None = None


T = TypeVar("T", _Run, _Entry)


class Journal:
    """The leases of this node. One process writes at a time: where another one begins, this one's writes are refused.

    *incarnation*: the present life of the vault. In another one than the journal is of, the vault was put back: what
    was done in the life that was given up is not known here, so no id from before now is taken. *tell*: turns what
    begins and ends into events, in the same commit.

    Every method may raise :class:`UnavailableError` ``superseded`` and what committing raises; then nothing changed.
    """

    def __init__(self, records: Records, incarnation: str = "", tell: Tell = SILENT) -> None:
        self._records = records
        self._tell = tell
        self._incarnation = incarnation
        self._lock = RLock()
        self._steps: dict[str, Step] = {}
        self._terms: dict[str, bytes] = {}
        self._run = _Run(run="")
        self._version = 0

    def begin(self, at_ms: int) -> None:
        """Read all of it, and call what was under way interrupted.

        Raises :class:`IntegrityError` ``set_tampered``, ``record_damaged``; :class:`ConflictError` ``record_changed``
        where two processes begin at the same moment.
        """
        with self._lock:
            found = {each.key: self._records.open(each) for each in self._records.load_guarded(DEVICE_LEASES)}
            record = self._records.read(_RUN)
            before = _decoded(found.pop(_RUN, None), _Run)
            run = _Run(
                run=new_ulid(at_ms),
                incarnation=self._incarnation,
                forgotten_ms=self._forgotten(before, at_ms),
            )
            change = Change()
            change.check(_RUN, record.version)
            change.put(_RUN, msgspec.json.encode(run))
            for key, document in found.items():
                lease = key.removeprefix(DEVICE_LEASES.key(_LEASE)).decode()
                entry = _decoded(document, _Entry)
                if entry is None:
                    raise _damaged()
                if entry.step == "taken":
                    report = interrupted(lease, entry.holder)
                    entry = _Entry(step="over", terms=entry.terms, report=report)
                    change.put(key, msgspec.json.encode(entry))
                    change.merge(self._ended(report))
                self._steps[lease], self._terms[lease] = entry.step, entry.terms
            self._records.commit(change)
            self._settle_on(run)

    def check(self) -> None:
        """Raise :class:`UnavailableError` ``superseded`` if another process began behind this one."""
        if self._records.read(_RUN).version != self._version:
            raise _superseded()

    def step(self, work: Work) -> Step | None:
        """How far the lease of *work* is; None if it was never taken. Raises :class:`DeniedError` ``lease_changed`` for
        an id that was another's, ``lease_forgotten`` for one that is older than what is remembered."""
        with self._lock:
            step = self._steps.get(work.lease)
            if step is None and ulid_ms(work.lease) <= self._run.forgotten_ms:
                raise DeniedError("lease_forgotten", "the lease is older than those that this node remembers")
            if step is not None and self._terms[work.lease] != _terms(work):
                raise DeniedError("lease_changed", "this id was the one of another lease")
            return step

    def take(self, work: Work) -> None:
        """Write down that it begins. Raises :class:`ConflictError` ``lease_known``, :class:`UnavailableError`
        ``journal_full``."""
        with self._lock:
            if self.step(work) is not None:
                raise ConflictError("lease_known", "this node took the lease before")
            if sum(step == "over" for step in self._steps.values()) >= MOST_UNSETTLED:
                raise UnavailableError("journal_full", "too many results wait for the gateway")
            told = {"lease": work.lease, "capability": work.capability, "invoker": work.invoker}
            self._write(
                work.lease,
                _Entry(step="taken", terms=_terms(work), holder=work.holder),
                self._tell("self.lease_taken", device=work.device, details=told),
            )

    def finish(self, report: Report) -> None:
        """Write down how it ended, for the gateway to be told until it knows."""
        with self._lock:
            entry = _Entry(step="over", terms=self._terms[report.lease], report=report)
            self._write(report.lease, entry, self._ended(report))

    def settle(self, lease: str) -> None:
        """The gateway has the result of *lease*: it is dropped, and the id remembered. Nothing if it is not over."""
        with self._lock:
            if self._steps.get(lease) != "over":
                return
            self._write(lease, _Entry(step="settled", terms=self._terms[lease]), Change())
            if sum(step == "settled" for step in self._steps.values()) >= MOST_SETTLED + _AT_ONCE:
                self._forget()

    def report(self, lease: str) -> Report:
        """How a lease that is over ended. Raises :class:`IntegrityError` ``record_damaged``."""
        entry = _decoded(self._records.read(_key(lease)).document, _Entry)
        if entry is None or entry.report is None:
            raise _damaged()
        return entry.report

    def unsettled(self) -> list[str]:
        """The leases that are over, and that the gateway may not know of, oldest first."""
        with self._lock:
            return sorted(lease for lease, step in self._steps.items() if step == "over")

    def _forgotten(self, before: _Run | None, at_ms: int) -> int:
        if before is None:
            return -1
        if before.incarnation != self._incarnation:
            return max(before.forgotten_ms, at_ms)
        return before.forgotten_ms

    def _ended(self, report: Report) -> Change:
        code = "" if report.state == "succeeded" else report.code or report.state
        return self._tell(
            "self.lease_ended", code=code, details={"lease": report.lease, "state": report.state}
        )

    def _write(self, lease: str, entry: _Entry, change: Change) -> None:
        change.put(_key(lease), msgspec.json.encode(entry))
        self._commit(change)
        self._steps[lease], self._terms[lease] = entry.step, entry.terms

    def _forget(self) -> None:
        settled = sorted(lease for lease, step in self._steps.items() if step == "settled")
        old = settled[: len(settled) - MOST_SETTLED]
        change = Change()
        for lease in old:
            change.delete(_key(lease))
        newest = max(self._run.forgotten_ms, *(ulid_ms(lease) for lease in old))
        run = msgspec.structs.replace(self._run, forgotten_ms=newest)
        change.put(_RUN, msgspec.json.encode(run))
        self._commit(change)
        self._settle_on(run)
        for lease in old:
            del self._steps[lease], self._terms[lease]
        self._records.store.purge([_key(lease) for lease in old])  # their ids are refused without a look

    def _commit(self, change: Change) -> None:
        change.check(_RUN, self._version)
        try:
            self._records.commit(change)
        except ConflictError as error:
            if error.code != "record_changed":
                raise
            raise _superseded() from None

    def _settle_on(self, run: _Run) -> None:
        """Remember the version that *run* was written with: every later write insists on it."""
        record = self._records.read(_RUN)
        found = _decoded(record.document, _Run)
        if found is None or found.run != run.run:
            raise _superseded()
        self._run, self._version = run, record.version


def interrupted(lease: str, holder: bytes) -> Report:
    """The end of a lease whose process died under it. Whatever it did, it is not done again."""
    message = "the node stopped while it ran"
    return Report(lease=lease, state="failed", holder=holder, code="interrupted", message=message)


def _key(lease: str) -> bytes:
    return DEVICE_LEASES.key(_LEASE + lease.encode())


def _terms(work: Work) -> bytes:
    return sha256(frame(work.lease, work.device, work.capability, work.digest, work.invoker))


def _decoded(document: bytes | None, kind: type[T]) -> T | None:
    if document is None:
        return None
    try:
        found = decode_json(document, kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _damaged() from None
    if found.format != _FORMAT:
        raise _damaged()
    return found


def _damaged() -> IntegrityError:
    return IntegrityError(
        "record_damaged", "a record of leases cannot be understood", hint="palyra vault verify"
    )


def _superseded() -> UnavailableError:
    return UnavailableError("superseded", "another process runs this node", hint="stop one of the two")
