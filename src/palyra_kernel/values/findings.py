"""What a check found: the common answer of ``verify``, ``doctor`` and ``plugins doctor``."""

from __future__ import annotations

from typing import Literal

import msgspec

from palyra_kernel.errors import PalyraError

Severity = Literal["error", "warning", "info"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One observation. ``code`` is stable; ``error`` means a promise of the kernel does not hold."""

    severity: Severity
    code: str
    subject: str
    message: str
    hint: str | None = None


def finding_of(error: PalyraError, subject: str) -> Finding:
    """The finding that says what *error* says about *subject*."""
    return Finding(severity="error", code=error.code, subject=subject, message=error.message, hint=error.hint)
