"""Whether everything in an open vault is as it was written: secrets, slots, the authority and the devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from palyra_kernel.config import Places
from palyra_kernel.errors import IntegrityError, PalyraError
from palyra_kernel.kernel.backing import load_state
from palyra_kernel.kernel.pins import settle_backend_kind
from palyra_kernel.records import Records
from palyra_kernel.values.findings import Finding, finding_of
from palyra_kernel.vault.index import Index
from palyra_kernel.vault.objects import Objects
from palyra_kernel.vault.verify import Progress, verify_vault

if TYPE_CHECKING:
    from palyra_kernel.kernel.kernel import Kernel

_AUTHORITY = b"g/identity_ca/"


def verify(
    kernel: Kernel, records: Records, index: Index, objects: Objects, progress: Progress | None
) -> Iterator[Finding]:
    """What is wrong, one check behind the other; one that cannot go on does not end the next."""
    yield from _checked("vault", lambda: verify_vault(records, index, objects, progress))
    yield from _checked("vault", lambda: _backend_kind(kernel.places, records))
    yield from _checked("vault", lambda: _nothing(kernel.slots.list()))
    if records.store.scan(_AUTHORITY, None, 1):  # most vaults are no gateway's
        for check in identity_checks(kernel):
            yield from _checked("identity", check)


def identity_checks(kernel: Kernel) -> Iterator[Callable[[], list[Finding]]]:
    """Every key of the authority is that of its certificate, the log of certificates is whole, and every certificate
    stands for the device that it was made for."""
    from palyra_kernel.identity.verifying import verify_devices

    identity = kernel.identity
    yield lambda: _nothing(identity.authority.log.verify())
    yield lambda: _authority(kernel)
    yield lambda: verify_devices(identity.devices, identity.prints, identity.revocations)
    yield lambda: _nothing(identity.pairings.runs.list(), identity.pairings.codes.list())


def _authority(kernel: Kernel) -> list[Finding]:
    """That something is due, or the clock is wrong, tampers with nothing."""
    try:
        kernel.identity.authority.check()
    except IntegrityError:
        raise
    except PalyraError as error:
        return [
            Finding(
                severity="warning",
                code=error.code,
                subject="identity",
                message=error.message,
                hint=error.hint,
            )
        ]
    return []


def _checked(subject: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except IntegrityError as error:
        return [finding_of(error, subject)]


def _nothing(*_: object) -> list[Finding]:
    """Reading it was the check."""
    return []


def _backend_kind(places: Places, records: Records) -> list[Finding]:
    state = load_state(records)
    settle_backend_kind(places.state_root, state.pins.backend, state.record.emptying)
    return []
