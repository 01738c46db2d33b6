"""This machine as a device: what commands and the node runtime stand on."""

from __future__ import annotations

import random
from collections.abc import Callable

from palyra_kernel.device.connecting import Dial, dial
from palyra_kernel.device.holder import Holder
from palyra_kernel.device.pairing import Enrolment
from palyra_kernel.device.renewing import Renewal
from palyra_kernel.device.work_door import WorkDoor
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.events import SILENT, Tell
from palyra_kernel.records import Records
from palyra_kernel.vault import Vault


class ThisDevice:
    """Any number of threads and processes may share the store. *vault* keeps one version of each secret. Nothing is
    read and nothing is connected to before it is asked for."""

    def __init__(
        self,
        records: Records,
        vault: Vault,
        *,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        dial: Dial = dial,
        tell: Tell = SILENT,
    ) -> None:
        self.holder = Holder(records, vault, clock, chance, tell)
        """What this device is."""
        self.enrolment = Enrolment(self.holder, dial)
        """How it comes to a gateway."""
        self.renewal = Renewal(self.holder, dial)
        """How it keeps a certificate that is good."""

    @property
    def work(self) -> WorkDoor:
        """Connections for work."""
        return self.renewal.work
