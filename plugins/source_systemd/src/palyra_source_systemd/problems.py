"""Why there is no value, as an exception until it reaches the source. Nothing here names a credential or a path."""

from __future__ import annotations

import errno
import os

from palyra_kernel import SecretError


class ProblemError(Exception):
    """Carries the answer for one reference."""

    def __init__(self, answer: SecretError) -> None:
        super().__init__(answer.code)
        self.answer = answer


def invalid(message: str, hint: str) -> SecretError:
    """The reference can never name anything."""
    return SecretError(kind="invalid_reference", code="invalid_reference", message=message, hint=hint)


def unsupported() -> SecretError:
    """Not on this system."""
    return SecretError(
        kind="io", code="unsupported", message="systemd is for Linux", hint="use another source here"
    )


def missing(code: str, message: str, hint: str) -> ProblemError:
    """There is no such credential."""
    return ProblemError(SecretError(kind="missing", code=code, message=message, hint=hint))


def unsafe(what: str) -> ProblemError:
    """Somebody else could have put it there."""
    hint = "it must belong to root or to you, be no link, and not be writable by others"
    return ProblemError(SecretError(kind="policy_blocked", code="unsafe_credential", message=what, hint=hint))


def unreadable(error: OSError) -> ProblemError:
    """The system refused; its own text names the path, its number does not."""
    number = errno.errorcode.get(error.errno or 0, "unknown")
    if error.errno in (errno.EACCES, errno.EPERM):
        code, hint = "not_permitted", "only the user of the service, and root, may read its credentials"
    else:
        code, hint = "io_error", f"look for {os.strerror(error.errno or 0)!r} in the system's log"
    return ProblemError(
        SecretError(kind="io", code=code, message=f"a credential cannot be read ({number})", hint=hint)
    )


def too_large() -> ProblemError:
    """It is not cut."""
    return ProblemError(
        SecretError(
            kind="too_large",
            code="too_large",
            message="the credential is larger than max_bytes of the reference",
            hint="raise max_bytes if that is right",
        )
    )


def late() -> ProblemError:
    """Nobody had the time to look."""
    return ProblemError(
        SecretError(
            kind="timeout",
            code="deadline",
            message="reading the credential did not finish in time",
            hint="raise timeout_ms of the reference",
        )
    )


def failed(code: str, message: str, hint: str) -> ProblemError:
    """The program could not be started, or ended with an error."""
    return ProblemError(SecretError(kind="exec_failed", code=code, message=message, hint=hint))
