"""Who acts in a session, and from where: what all its requests have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal


class Facts(TypedDict, total=False):
    """What :meth:`Kernel.session` takes besides the principal; see :class:`Who`."""

    surface: str
    workspace: str | None
    tool: str | None
    skill: str | None
    vouched_by: str | Principal | None
    session: str
    auth_method: str
    mtls: bool
    reveals: bool


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """See :class:`ActionRequest`. With *reveals*, values that are read leave the process."""

    principal: Principal
    session: str
    purpose: str = ""
    surface: str = "embedded"
    workspace: str | None = None
    tool: str | None = None
    skill: str | None = None
    vouched_by: Principal | None = None
    auth_method: str = "local"
    mtls: bool = False
    reveals: bool = False

    def __post_init__(self) -> None:
        texts = [self.session, self.purpose, self.surface, self.auth_method]
        texts += [each for each in (self.workspace, self.tool, self.skill) if each is not None]
        if not all(isinstance(each, str) for each in texts) or not self.session:
            raise InvalidInputError("invalid_session", "the facts of a session are texts, and it has an id")
        if type(self.mtls) is not bool or type(self.reveals) is not bool:
            raise InvalidInputError("invalid_session", "mtls and reveals are True or False")

    def request(
        self,
        action: str,
        resource: Resource,
        *,
        arguments: str = "",
        capabilities: Iterable[str] = (),
        labels: Iterable[str] = (),
    ) -> ActionRequest:
        """A request of this session, made now."""
        return ActionRequest(
            principal=self.principal,
            action=action,
            resource=resource,
            at_ms=now_ms(),
            session=self.session,
            purpose=self.purpose,
            surface=self.surface,
            workspace=self.workspace,
            tool=self.tool,
            skill=self.skill,
            vouched_by=self.vouched_by,
            capabilities=tuple(sorted(set(capabilities))),
            labels=tuple(sorted(set(labels))),
            arguments=arguments,
            auth_method=self.auth_method,
            mtls=self.mtls,
        )
