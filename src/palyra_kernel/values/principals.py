"""Who acts: one form of name for people, programs, devices and services, and what the kernel knows of them."""

from __future__ import annotations

from typing import Self

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.scopes import check_segment

PRINCIPAL_KINDS = ("user", "agent", "device", "channel", "token", "service")


class Principal(msgspec.Struct, frozen=True, order=True):
    """``user:1000``, ``agent:planner``, ``device:ULID``, ``channel:NAME:ACCOUNT``, ``token:ID``, ``service:NAME``.

    The id is 1 to 256 bytes of UTF-8 in normal form C, without control characters, slashes and white space at its ends.
    Names are compared exactly. Raises :class:`InvalidInputError` ``invalid_principal``.
    """

    kind: str
    id: str

    def __post_init__(self) -> None:
        if self.kind not in PRINCIPAL_KINDS:
            raise _invalid(f"unknown kind of principal: {str(self.kind)[:32]!r}")
        try:
            check_segment(self.id)
        except InvalidInputError as error:
            raise _invalid(error.message.replace("a scope segment", "the id of a principal")) from None
        if self.kind == "channel" and not all(self.id.partition(":")):
            raise _invalid("a channel is channel:NAME:ACCOUNT")

    @classmethod
    def parse(cls, text: str | Principal) -> Self:
        """Parse the text form."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise _invalid(f"a principal is text, not {type(text).__name__}")
        kind, colon, rest = text.partition(":")
        if not colon:
            raise _invalid(f"not a principal: {text[:64]!r}")
        return cls(kind, rest)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A principal and what was granted to it.

    ``roles``: ``Owner``, ``Admin``, ``Operator``. ``workspaces``: names of those it belongs to. ``groups``: names that
    policies may speak of. ``speaks_for``: the principals and skills (``skill:ID``) it may vouch for.
    ``capabilities``: what its tools may do without being asked, like ``SecretsRead``.
    """

    principal: Principal
    roles: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    speaks_for: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_principal",
        message,
        hint="principals: user:ID, agent:NAME, device:ID, channel:NAME:ACCOUNT, token:ID, service:NAME",
    )
