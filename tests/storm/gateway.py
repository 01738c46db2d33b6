"""``python -m tests.storm.gateway FILE``: ``palyra serve``, which notes in FILE each share that a guess could be tried
against, before that share leaves."""

from __future__ import annotations

import os
import sys

from palyra_kernel.cli.start import run
from palyra_kernel.identity.pairing import gateway

_offer = gateway.GatewayRun.offer


def _noted(self, hello, challenge):
    if challenge.live:
        file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{challenge.code}\n".encode())
        os.close(file)
    return _offer(self, hello, challenge)


if __name__ == "__main__":
    gateway.GatewayRun.offer = _noted  # type: ignore[method-assign]
    sys.exit(run(["serve"]))
