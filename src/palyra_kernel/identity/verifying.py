"""Whether what is known of devices fits together: no certificate stands for a device that does not have it."""

from __future__ import annotations

from collections.abc import Iterator

from palyra_kernel.identity.devices import Devices
from palyra_kernel.identity.keys import CertificatePrint
from palyra_kernel.identity.prints import Prints
from palyra_kernel.identity.revocations import Revocations
from palyra_kernel.values.findings import Finding

_HINT = "restore the state root from a backup"


def verify_devices(devices: Devices, prints: Prints, revocations: Revocations) -> list[Finding]:
    """Read all of them and compare. Raises :class:`IntegrityError` ``set_tampered``, ``record_damaged``."""
    return [
        Finding(
            severity="error", code="devices_differ", subject=f"device {device}", message=message, hint=_HINT
        )
        for device, message in _differences(devices, prints, revocations)
    ]


def _differences(devices: Devices, prints: Prints, revocations: Revocations) -> Iterator[tuple[str, str]]:
    certificates, keys = prints.all()
    of: dict[str, set[str]] = {}
    for leaf, whose in certificates.items():
        of.setdefault(whose, set()).add(leaf)
    there: set[str] = set()
    for device in devices.all():
        there.add(device.id)
        if {each.print for each in device.good} != of.get(device.id, set()):
            yield device.id, "other certificates stand for it than it has"
        if (keys.get(device.print) == device.id) != (device.state == "active"):
            yield device.id, "its identity key is not known as its own, or still is"
        if device.state == "revoked" and revocations.device(device.id) is None:
            yield device.id, "it was revoked, and is not banned"
    for whose in {*certificates.values(), *keys.values()} - there:
        yield whose, "something stands for a device that is not there"
    for leaf in certificates:
        if revocations.certificate(CertificatePrint(leaf)) is not None:
            yield certificates[leaf], "a certificate stands for it that was revoked"
