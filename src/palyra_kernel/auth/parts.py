"""What the acts of this room stand on, made once for each open vault."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from palyra_kernel.auth.chosen import Chosen
from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.families import Families
from palyra_kernel.auth.held import Held
from palyra_kernel.auth.issuers import Issuers
from palyra_kernel.auth.refresh import Refresher
from palyra_kernel.auth.registry import Registry
from palyra_kernel.auth.runtime import RuntimeStates
from palyra_kernel.auth.selection import Selection
from palyra_kernel.auth.tokens import Tokens
from palyra_kernel.records import Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

Read = Callable[[SecretRef, Deadline], SensitiveBytes]
"""Reads a credential that is kept somewhere else."""


class Parts(NamedTuple):
    """One of each."""

    records: Records
    registry: Registry
    families: Families
    tokens: Tokens
    chosen: Chosen
    states: RuntimeStates
    selection: Selection
    refresher: Refresher
    issuers: Issuers
    held: Held
    read: Read
    clock: Clock
