"""Is everything that was ever told still there, in the vault or in a file that is whole?"""

from __future__ import annotations

from pathlib import Path

from palyra_kernel import Kernel
from palyra_kernel.audit.offline import verify_export


def lost(base: Path, kernel: Kernel) -> str | None:
    """What of the audit log is wrong or nowhere."""
    findings = kernel.audit.verify()[1]
    if findings:
        return str(findings)
    head = kernel.audit.head()
    held: set[int] = set()
    for path in base.glob("archive-*"):
        with path.open("rb") as stream:
            found = verify_export(stream, None)
        held |= set(range(found.first, found.last + 1))
    gone = set(range(1, head.first)) - held
    return f"events {sorted(gone)} are nowhere" if gone else None
