"""What is remembered of one principal, and the forms of what can be granted."""

from __future__ import annotations

import re
from typing import Literal, get_args

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.principals import Principal, Subject
from palyra_kernel.values.scopes import VaultScope

Role = Literal["Owner", "Admin", "Operator"]
ROLES: tuple[Role, ...] = get_args(Role)
_OF_USERS = ("Owner", "Admin")
_MOST = 64

_is_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}").fullmatch
_is_capability = re.compile(r"[A-Z][A-Za-z0-9]{0,63}").fullmatch


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """What a principal is given, or what is taken from it.

    ``roles``: ``Owner`` and ``Admin`` are for users, ``Operator`` for anybody. ``workspaces`` and ``groups``: names,
    1 to 64 of ``A-Z a-z 0-9 _ . -``. ``speaks_for``: principals, or ``skill:ID``. ``capabilities``: names like
    ``SecretsRead``. At most 64 of each. Raises :class:`InvalidInputError` ``invalid_grant``.
    """

    roles: tuple[Role, ...] = ()
    workspaces: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    speaks_for: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for role in self.roles:
            if role not in ROLES:
                raise _invalid(f"not a role: {str(role)[:32]!r}", f"roles: {', '.join(ROLES)}")
        for name in (*self.workspaces, *self.groups):
            if not isinstance(name, str) or not _is_name(name):
                raise _invalid(f"not the name of a workspace or group: {str(name)[:64]!r}")
        for name in self.capabilities:
            if not isinstance(name, str) or not _is_capability(name):
                raise _invalid(f"not a capability: {str(name)[:64]!r}", "capabilities look like SecretsRead")
        for name in self.speaks_for:
            _check_spoken_for(name)
        if any(len(getattr(self, field)) > _MOST for field in self.__struct_fields__):
            raise _invalid(f"more than {_MOST} of one kind")

    def joined(self, other: Grants) -> Grants:
        """These and *other*, sorted, each once."""
        mine, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return Grants(**{field: tuple(sorted({*mine[field], *theirs[field]})) for field in mine})

    def without(self, other: Grants) -> Grants:
        """These but those of *other*."""
        mine, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return Grants(**{field: tuple(sorted({*mine[field]} - {*theirs[field]})) for field in mine})


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A principal that the vault knows."""

    principal: Principal
    grants: Grants
    added_at_ms: int

    def subject(self) -> Subject:
        """What a policy sees of it."""
        return Subject(principal=self.principal, **msgspec.structs.asdict(self.grants))


def check_roles(principal: Principal, grants: Grants) -> None:
    """Raise :class:`InvalidInputError` unless *principal* may ever have the roles."""
    for role in grants.roles:
        if role in _OF_USERS and principal.kind != "user":
            raise _invalid(f"{role} is a role of users; {principal} is none", "Operator is for anybody")


def _check_spoken_for(name: str) -> None:
    if isinstance(name, str) and name.startswith("skill:"):
        VaultScope.parse(name)
    else:
        Principal.parse(name)


def _invalid(message: str, hint: str | None = None) -> InvalidInputError:
    return InvalidInputError("invalid_grant", message, hint=hint)
