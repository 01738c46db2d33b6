"""What an approval is of: exactly this act, and none that resembles it."""

from __future__ import annotations

from typing import Self

import msgspec

from palyra_kernel.values.decisions import ActionRequest
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame


class Binding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who, what, on what, with which arguments, and what runs on whose behalf. All of it is compared exactly.

    ``arguments`` is the digest of :func:`palyra_kernel.approvals.arguments.digest`, or empty for an act without any.
    The session is not part of it: a program that ends, asks and comes back is in another one.
    """

    principal: str
    action: str
    resource: str
    arguments: str = ""
    tool: str | None = None
    skill: str | None = None
    workspace: str | None = None

    @classmethod
    def of(cls, request: ActionRequest) -> Self:
        """The binding of *request*."""
        return cls(
            principal=str(request.principal),
            action=request.action,
            resource=str(request.resource),
            arguments=request.arguments,
            tool=request.tool,
            skill=request.skill,
            workspace=request.workspace,
        )

    @property
    def digest(self) -> str:
        """SHA-256 over all members, each behind its length; hexadecimal."""
        named = (self.principal, self.action, self.resource, self.arguments)
        parts = [part for each in (self.tool, self.skill, self.workspace) for part in _optional(each)]
        return sha256(frame("palyra approval v1", *named, *parts)).hex()


def _optional(value: str | None) -> tuple[int | str, ...]:
    return (0,) if value is None else (1, value)
