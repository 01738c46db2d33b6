"""The one question that every surface asks before it acts, and its three answers."""

from __future__ import annotations

from typing import Literal, Self

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.principals import Principal

RESOURCE_KINDS = (
    "secret", "scope", "source", "tool", "skill", "profile", "device", "approval", "policy", "capability",
    "principal", "workspace", "vault", "audit",
)  # fmt: skip
MAX_RESOURCE_BYTES = 1024

ApprovalOption = Literal["once", "session", "timeboxed"]


class Resource(msgspec.Struct, frozen=True, order=True):
    """What is acted on: ``secret:global/openai_api_key``, ``tool:shell``, ``approval:ID``, ``vault:own``.

    The id is 1 to 1,024 bytes of printable text. Raises :class:`InvalidInputError` ``invalid_resource``.
    """

    kind: str
    id: str

    def __post_init__(self) -> None:
        if self.kind not in RESOURCE_KINDS:
            raise _invalid(f"unknown kind of resource: {str(self.kind)[:32]!r}")
        if not isinstance(self.id, str) or not self.id.isprintable():
            raise _invalid("the id of a resource is printable text")
        if not 1 <= len(self.id.encode("utf-8", "replace")) <= MAX_RESOURCE_BYTES:
            raise _invalid(f"the id of a resource has 1 to {MAX_RESOURCE_BYTES} bytes")

    @classmethod
    def parse(cls, text: str | Resource) -> Self:
        """Parse ``KIND:ID``."""
        if isinstance(text, cls):
            return text
        if not isinstance(text, str):
            raise _invalid(f"a resource is text, not {type(text).__name__}")
        kind, _, rest = text.partition(":")
        return cls(kind, rest)

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


VAULT = Resource("vault", "own")
"""The vault itself: what is done to it, and to what it keeps beside secrets."""


class ActionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to do what to what, and the facts of the moment. What a policy and a check decide on.

    ``surface``: where it came in (``embedded``, ``cli``, ``daemon``, ``gateway``). ``tool`` and ``skill``: what runs on
    the principal's behalf; a request with a tool is one of a tool session. ``vouched_by``: who says that a channel or
    skill is who it is. ``capabilities``: what the act needs. ``labels``: of the resource, as ``NAME=VALUE``.
    ``arguments``: SHA-256 over the canonical JSON of the exact arguments, hexadecimal, or empty. ``session``: id of the
    session. ``at_ms``: milliseconds since 1970, UTC.
    """

    principal: Principal
    action: str
    resource: Resource
    at_ms: int
    session: str
    purpose: str = ""
    surface: str = "embedded"
    workspace: str | None = None
    tool: str | None = None
    skill: str | None = None
    vouched_by: Principal | None = None
    capabilities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    arguments: str = ""
    auth_method: str = "local"
    mtls: bool = False


class Obligation(msgspec.Struct, frozen=True, kw_only=True):
    """What an approval of this request needs, as the policies that ask for it say; the strictest of them counts.

    ``approvers``: roles that may decide. ``quorum``: how many of them. ``max_ttl_seconds``: how long a grant may live.
    ``options``: what may be granted. ``self_decision``: whether the requester may be one of them.
    """

    code: str
    approvers: tuple[str, ...] = ("Owner",)
    quorum: int = 1
    max_ttl_seconds: int = 900
    options: tuple[ApprovalOption, ...] = ("once", "session", "timeboxed")
    self_decision: bool = False


class Allow(msgspec.Struct, frozen=True, kw_only=True):
    """It may happen. ``rules``: the ids of the policies that decided."""

    rules: tuple[str, ...] = ()
    code: str = "policy.allow"


class Deny(msgspec.Struct, frozen=True, kw_only=True):
    """It must not happen. ``code`` is stable, its text is in :mod:`palyra_kernel.policy.codes`."""

    code: str
    rules: tuple[str, ...] = ()


class RequireApproval(msgspec.Struct, frozen=True, kw_only=True):
    """It may happen once a human approved exactly this request. ``approval``: the id of what waits for them, if it was
    asked for already."""

    obligation: Obligation
    rules: tuple[str, ...] = ()
    approval: str = ""

    @property
    def code(self) -> str:
        """The stable code of why."""
        return self.obligation.code


Decision = Allow | Deny | RequireApproval


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_resource", message, hint="a resource is KIND:ID, like tool:shell or secret:global/api_key"
    )
