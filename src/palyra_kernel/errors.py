"""Every error of the kernel, grouped by what the caller does next.

The class says what to do (retry, ask, fix the input, call the operator), ``code`` says exactly what happened
and never changes once published, the message is for people, the hint is the next command or action. No message
carries a secret value. Plugin authors raise these same classes; anything else a plugin raises becomes one of
them at the guard, without its text.
"""

from __future__ import annotations

from typing import ClassVar


class PalyraError(Exception):
    """The root: something failed inside the kernel and no better class fits (exit code 1)."""

    kind: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.code, self.message, self.hint))


def _rebuild(cls: type[PalyraError], code: str, message: str, hint: str | None) -> PalyraError:
    return cls(code, message, hint=hint)


class InvalidInputError(PalyraError):
    """The caller's input is malformed, too long or of the wrong type: change it (exit code 2)."""

    kind = "invalid_input"
    exit_code = 2


class NotFoundError(PalyraError):
    """What was named is not there, was deleted, or has expired (exit code 3)."""

    kind = "not_found"
    exit_code = 3


class DeniedError(PalyraError):
    """A decision, or a broken rule about owners and modes, forbids it (exit code 4)."""

    kind = "denied"
    exit_code = 4


class ApprovalRequiredError(DeniedError):
    """Denied until a human approves exactly this action (exit code 5). ``approval``: the id of what waits for them."""

    kind = "approval_required"
    exit_code = 5

    def __init__(self, code: str, message: str, *, hint: str | None = None, approval: str = "") -> None:
        super().__init__(code, message, hint=hint)
        self.approval = approval

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_waiting, (self.code, self.message, self.hint, self.approval))


def _rebuild_waiting(code: str, message: str, hint: str | None, approval: str) -> ApprovalRequiredError:
    return ApprovalRequiredError(code, message, hint=hint, approval=approval)


class UnavailableError(PalyraError):
    """A backend, lock, disk, plugin or key slot does not answer now: repair or retry (exit code 6)."""

    kind = "unavailable"
    exit_code = 6


class ConflictError(PalyraError):
    """Somebody else changed it first, or it already exists: read again, then decide (exit code 7)."""

    kind = "conflict"
    exit_code = 7


class IntegrityError(PalyraError):
    """Stored bytes are tampered with, rolled back, damaged, or do not fit the key: stop (exit code 8)."""

    kind = "integrity"
    exit_code = 8
