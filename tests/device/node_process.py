"""A node as a process of its own, whose capability writes down what it runs: ``STATE CONFIG RAN``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Event

from palyra_kernel import Kernel
from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.device.node import Node


class Slow(Capability):
    """Counts, and takes a while."""

    name = "slow"

    def __init__(self, ran: Path) -> None:
        self._ran = os.open(ran, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def run(self, input, call):
        os.write(self._ran, input + b"\n")
        time.sleep(0.05)
        return input


def main(state: str, config: str, ran: str) -> None:
    """Until it is killed."""
    with Kernel.open(state_root=Path(state), config_dir=Path(config), plugins=["file"]) as kernel:
        said = lambda line: print(line, flush=True)  # noqa: E731
        Node(kernel.device, kernel._records, {"slow": Slow(Path(ran))}, said=said).run(Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
