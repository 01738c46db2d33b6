"""Whoever gets work, or gives an answer, is still a device in the moment of the commit."""

from __future__ import annotations

from palyra_kernel.errors import DeniedError, IntegrityError
from palyra_kernel.identity.device import Device, decoded
from palyra_kernel.identity.devices import DEVICES
from palyra_kernel.identity.names import device_id
from palyra_kernel.nodes.kinds import Verb, require
from palyra_kernel.records import Change, Records


def active(records: Records, change: Change, id: str, verb: Verb) -> Device:
    """The device *id*, which may do *verb*, and which is to be the same when *change* is committed: of this act and a
    revocation, the one that comes second sees the other.

    Raises :class:`DeniedError` ``device_unknown`` unless it is active, ``wrong_device_kind``.
    """
    key = DEVICES.key(device_id(id))
    record = records.read(key)
    device = None if record.document is None else decoded(record.document)
    if record.document is not None and device is None:
        raise IntegrityError(
            "record_damaged", "the record of a device cannot be understood", hint="palyra vault verify"
        )
    if device is None or device.id != id or device.state != "active":
        raise DeniedError(
            "device_unknown", f"{id} is not a device of this gateway", hint="palyra devices list"
        )
    require(device.kind, verb)
    change.check(key, record.version)
    return device
