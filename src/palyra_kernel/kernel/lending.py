"""What devices lend to an open Kernel; it ends with them."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palyra_kernel.identity.service import Identity
    from palyra_kernel.nodes.service import Nodes
    from palyra_kernel.records import Change, Records


class Lending:
    """The part of a Kernel that is about nodes."""

    _records: Records
    _making: RLock
    _nodes: Nodes | None = None

    if TYPE_CHECKING:

        @property
        def identity(self) -> Identity: ...

    @property
    def nodes(self) -> Nodes:
        """The nodes, what they may be asked for, and their work."""
        if self._nodes is None:
            from palyra_kernel.kernel.nodes import make_nodes

            with self._making:  # two would not hear each other's devices
                if self._nodes is None:
                    self._nodes = make_nodes(self._records, self.identity.clock)
        return self._nodes

    def _lend_no_more(self, change: Change, device: str, why: str) -> None:
        """Whoever ends a device, whichever way, ends what it lent in the same commit."""
        self.nodes.plan_end(change, device, why)
