"""Events for tests, and the journal of a vault as an attacker edits it."""

from __future__ import annotations

from typing import Any

from palyra_kernel.audit import Event
from palyra_kernel.values.sensitive import SensitiveBytes

SIGNER_SEED = bytes(range(32))


def made(number: int = 1, /, **fields: Any) -> Event:
    """An event like many others; *fields* are what is special about it."""
    usual: dict[str, Any] = {
        "time_ms": 1_700_000_000_000 + number,
        "principal": "user:1000",
        "action": "secret.read",
        "resource": f"secret:global/key-{number}",
        "outcome": "allowed",
        "code": "policy.allow",
        "session": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "surface": "cli",
        "purpose": "deploy",
    }
    return Event(**(usual | fields))


def seed() -> SensitiveBytes:
    return SensitiveBytes(SIGNER_SEED)
