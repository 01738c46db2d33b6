"""The connections of devices that are open, so that they can be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from palyra_kernel.identity.keys import CertificatePrint
from palyra_kernel.identity.revocations import Entry


class Connection:
    """One of *device*, by the certificate *print*, which the CA with the key identifier *issuer* (hexadecimal) signed.
    *abort* cuts it off, with nothing more sent."""

    def __init__(
        self, device: str, print: CertificatePrint, issuer: str, abort: Callable[[], object]
    ) -> None:
        self.device = device
        self.print = print
        self.issuer = issuer
        self.abort = abort


class OpenConnections:
    """Of one door, for the thread of its loop. It begins shut: nobody is let in before somebody watches who was
    revoked, and all are cut when nobody does any more."""

    def __init__(self, per_device: int) -> None:
        self._per_device = per_device
        self._by_device: dict[str, dict[Connection, None]] = {}
        self._issuers: frozenset[str] = frozenset()
        self._void: set[str] = set()
        self.accepting = False
        self.cuts = 0
        """Connections that were cut off so far."""

    def __len__(self) -> int:
        return sum(map(len, self._by_device.values()))

    def devices(self) -> dict[str, int]:
        """How many connections each device has."""
        return {device: len(held) for device, held in self._by_device.items()}

    def add(self, connection: Connection) -> None:
        """From now on it is cut when it has to be, which may be now. The oldest of its device goes if there are too
        many."""
        held = self._by_device.setdefault(connection.device, {})
        held[connection] = None
        if connection.issuer in self._void:  # its handshake began before that CA went
            self._cut([connection])
        elif len(held) > self._per_device:
            self._cut([next(iter(held))])

    def remove(self, connection: Connection) -> None:
        """It is closed."""
        held = self._by_device.get(connection.device)
        if held is not None:
            held.pop(connection, None)
            if not held:
                del self._by_device[connection.device]

    def cut(self, entries: Iterable[Entry]) -> None:
        """Those that the new lines of the list of revocations are about."""
        for entry in entries:
            held = list(self._by_device.get(entry.device, ()))
            if entry.what == "certificate":
                held = [each for each in held if each.print == entry.subject]
            self._cut(held)

    def keep_issued_by(self, issuers: frozenset[str]) -> None:
        """Cut those whose certificate is of another issuing CA: they are void at once in an emergency."""
        self._void |= self._issuers - issuers
        self._issuers = issuers
        self._cut([each for each in self._all() if each.issuer not in issuers])

    def shut(self) -> None:
        """Cut all, and let nobody in."""
        self.accepting = False
        self._cut(list(self._all()))

    def reopen(self) -> None:
        """Let devices in."""
        self.accepting = True

    def _all(self) -> Iterable[Connection]:
        return (each for held in self._by_device.values() for each in held)

    def _cut(self, connections: Iterable[Connection]) -> None:
        for connection in connections:
            self.remove(connection)
            connection.abort()
            self.cuts += 1
