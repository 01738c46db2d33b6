"""A process of its own that has the vault open, and revokes the device that a line of its input names."""

from __future__ import annotations

import sys
from pathlib import Path

from palyra_kernel.identity.committing import commit
from palyra_kernel.records import Change
from palyra_kernel.values.ids import now_ms
from tests.support import Places


def main(base: Path) -> None:
    with Places(base).open() as kernel:
        print("ready", flush=True)
        for line in sys.stdin:

            def plan(device: str = line.strip()) -> Change:
                change = Change()
                kernel.identity.devices.plan_revoke(change, device, "lost", now_ms=now_ms())
                return change

            commit(kernel._records, plan)
            print("revoked", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
