"""This machine as a node: its capabilities, opened with the operator's settings, and what lends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from palyra_kernel.device.consent import Consent, deny
from palyra_kernel.device.journal import Journal
from palyra_kernel.device.node import GRACE_SECONDS, Node
from palyra_kernel.errors import DeniedError
from palyra_kernel.kernel.identity_events import IdentityEvents
from palyra_kernel.kernel.incarnation import load_incarnation
from palyra_kernel.plugins.guard_capabilities import close_capabilities, open_capabilities

if TYPE_CHECKING:
    from palyra_kernel.kernel.kernel import Kernel


@contextmanager
def node_of(
    kernel: Kernel,
    *,
    consent: Consent = deny,
    said: Callable[[str], object] = lambda _: None,
    grace_seconds: float = GRACE_SECONDS,
) -> Iterator[Node]:
    """The node that *kernel* is; its capabilities end with the block.

    Raises :class:`NotFoundError` ``not_paired``, :class:`DeniedError` ``wrong_device_kind`` and what
    :func:`open_capabilities` raises.
    """
    known = kernel.device.holder.read()
    known.paired()
    if known.kind == "cli":
        raise DeniedError(
            "wrong_device_kind",
            "this device was paired to give work, and not to take it",
            hint="palyra device pair --again --kind node, in a vault of its own",
        )
    capabilities = open_capabilities(
        kernel.plugins.registry.capabilities, known.id, kernel.config.capabilities
    )
    incarnation = load_incarnation(kernel._records)
    events = IdentityEvents(lambda: kernel.audit.group)
    journal = Journal(kernel._records, "" if incarnation is None else incarnation.id, events.tell)
    try:
        yield Node(
            kernel.device,
            kernel._records,
            capabilities,
            journal=journal,
            consent=consent,
            said=said,
            grace_seconds=grace_seconds,
        )
    finally:
        close_capabilities(tuple(capabilities.values()))
