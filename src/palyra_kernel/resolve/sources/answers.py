"""What the built-in sources say when there is no value, and how they read their settings."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from palyra_kernel.contracts.sources import ErrorGroup, SecretError
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.decoding import convert

_Settings = TypeVar("_Settings", bound=msgspec.Struct)


class NoValueError(Exception):
    """Why a reference has no value, on its way from where it was found out to the answer. It never leaves a source."""

    def __init__(self, answer: SecretError) -> None:
        super().__init__(answer.code)
        self.answer = answer


def missing(code: str, message: str) -> SecretError:
    """There is no such thing."""
    return SecretError(kind="missing", code=code, message=message)


def blocked(code: str, message: str, hint: str | None = None, group: ErrorGroup | None = None) -> SecretError:
    """There may be one, and a rule forbids to take it."""
    return SecretError(kind="policy_blocked", code=code, message=message, hint=hint, group=group)


def unsupported(what: str) -> SecretError:
    """This system cannot do it safely."""
    return blocked("unsupported", f"{what} cannot be used safely on this system")


def too_large(limit: int) -> SecretError:
    """More bytes than *limit*."""
    return SecretError(
        kind="too_large",
        code="too_large",
        message=f"the value is larger than {limit} bytes, or grows",
        hint="raise max_bytes of the reference if that is right",
    )


def timed_out(code: str, message: str, hint: str | None = None) -> SecretError:
    """Nobody answered in time."""
    return SecretError(kind="timeout", code=code, message=message, hint=hint)


def exec_failed(code: str, message: str, hint: str | None = None) -> SecretError:
    """The command could not be asked, or did not do what it should."""
    return SecretError(kind="exec_failed", code=code, message=message, hint=hint)


def from_os(error: OSError, doing: str) -> SecretError:
    """What the system refused while *doing*; its text is not shown, it may hold a path."""
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    if error.errno in (errno.EACCES, errno.EPERM):
        return SecretError(
            kind="io",
            code="permission_denied",
            message=f"{doing}: the system refused ({name})",
            hint="run as the user that may read it",
            group="denied",
        )
    return SecretError(kind="io", code="os_error", message=f"{doing}: {name}")


def settings_of(scheme: str, given: Mapping[str, Any], into: type[_Settings]) -> _Settings:
    """The table ``[sources.SCHEME]``. Raises :class:`InvalidInputError` ``invalid_config``, which names the field."""
    try:
        return convert(dict(given), into)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            "invalid_config", f"[sources.{scheme}]: {error}", hint="correct or remove that line"
        ) from None
