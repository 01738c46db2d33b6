"""The record of a device and its keys, written together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from palyra_kernel.device.documents import DEVICE_SELF, SELF, Holding, decoded, encoded, not_paired
from palyra_kernel.device.keys import CHANNEL, Keys, tls_ref
from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.identity.ca.documents import Documents
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.events import Tell
from palyra_kernel.identity.roles import plan_role
from palyra_kernel.records import Change, Records
from palyra_kernel.records.shelf import Shelf
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

Turn = Callable[[Holding], Holding]
Begin = Callable[[Holding | None], Holding]


class Kept:
    """Every write says once more that this is the store of a device: :class:`ConflictError` ``other_role``."""

    def __init__(self, records: Records, vault: Vault, keys: Keys, tell: Tell) -> None:
        self._records = records
        self._vault = vault
        self._keys = keys
        self._tell = tell
        self.clean = False
        """Whether this program destroyed what another one may have left behind when it was killed."""
        self._documents = Documents(records)
        self._shelf = Shelf(records, DEVICE_SELF, decoded)

    def find(self) -> Holding | None:
        """What is written; None if nothing is."""
        return self._row()[1]

    def read(self) -> Holding:
        """What is written. Raises :class:`NotFoundError` ``not_paired``."""
        return _there(self.find())

    def begin(self, secrets: Mapping[VaultRef, SensitiveBytes], turn: Begin, *, first: bool) -> None:
        """Write what *turn* makes of what is there, together with *secrets*; *first*: only if nothing is."""

        def plan(_: object) -> Change:
            if first and self.find() is not None:
                raise ConflictError(
                    "device_changed", "another program began to make this a device", hint="try again"
                )
            return self._plan(turn, "self.pairing_begun")

        self._vault.beside(plan).put_many({ref: secrets[ref] for ref in secrets})

    def put(self, secrets: Mapping[VaultRef, SensitiveBytes], turn: Turn, event: str = "") -> Holding:
        """As :meth:`step`, together with *secrets*."""
        self._vault.beside(lambda _: self._turned(turn, event)).put_many(
            {ref: secrets[ref] for ref in secrets}
        )
        return self.read()

    def step(self, turn: Turn, event: str = "") -> Holding:
        """Write what *turn* makes of what is there; it may be asked again. *event*: what it is called in the log."""
        commit(self._records, lambda: self._turned(turn, event))
        return self.read()

    def swept(self) -> Holding:
        """What is written, behind destroying the keys that nothing there needs. They are listed first: one that is made
        meanwhile comes with a record that needs it."""
        there = self._keys.known()
        known = self.read()
        waits = known.enrolling is not None and known.enrolling.run is not None
        self._keys.destroy(*(tls_ref(key) for key in there if key not in known.keys))
        if not waits:
            self._keys.destroy(CHANNEL)
        self.clean = True
        return known

    def _turned(self, turn: Turn, event: str) -> Change:
        return self._plan(lambda known: turn(_there(known)), event)

    def _plan(self, turn: Begin, event: str) -> Change:
        change = Change()
        plan_role(change, self._documents, "device")
        version, known = self._row()
        then = turn(known)
        if then == known:
            change.check(SELF, version)
            return change
        self._shelf.replace(change, SELF, version, encoded(then))
        if event:
            gateway = then.gateway.pins.enrolment if then.gateway is not None else ""
            change.merge(self._tell(event, device=then.id, details={"gateway": gateway} if gateway else None))
        return change

    def _row(self) -> tuple[int, Holding | None]:
        row = self._shelf.all().get(SELF) or self._shelf.row(SELF)
        if row.damaged:
            raise IntegrityError(
                "device_damaged", "the record of this device is damaged", hint="restore it from a backup"
            )
        return row.version, row.value


def _there(known: Holding | None) -> Holding:
    if known is None:
        raise not_paired()
    return known
