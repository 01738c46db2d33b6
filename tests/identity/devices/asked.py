"""A process of its own that has the vault open: it answers what each line of its input asks.

``known PRINT`` whom a certificate stands for; ``told`` the subjects that its watch has told of, once there are any.
"""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event, Thread

from palyra_kernel.identity.keys import CertificatePrint
from palyra_kernel.identity.watching import RevocationWatch
from tests.identity.devices.registry import NOW, Registry
from tests.support import Places


def main(base: Path) -> None:
    with Places(base).open() as kernel:
        registry = Registry(kernel._records)
        told: list[str] = []
        heard, stop = Event(), Event()

        def tell(entries):
            told.extend(entry.subject for entry in entries)
            heard.set()

        watch = Thread(target=RevocationWatch(registry.revocations).run, args=(tell, stop))
        watch.start()
        print("ready", flush=True)
        for line in sys.stdin:
            verb, _, rest = line.strip().partition(" ")
            if verb == "known":
                found = registry.prints.find(CertificatePrint(rest), NOW)
                print(found.device if found else "nobody", flush=True)
            else:
                print(" ".join(told) if heard.wait(30) else "nothing", flush=True)
        stop.set()
        watch.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
