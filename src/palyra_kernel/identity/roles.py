"""A store is that of a gateway or that of a device: neither may write over the keys of the other."""

from __future__ import annotations

from typing import Literal

from palyra_kernel.errors import ConflictError
from palyra_kernel.identity.ca.documents import ROLE, Documents, Role
from palyra_kernel.records import Change

RoleName = Literal["gateway", "device"]


def role_of(documents: Documents) -> RoleName | None:
    """Whose store it is; None if it has no identity yet."""
    role = documents.read(ROLE, Role)[1]
    return None if role is None else role.role


def plan_role(change: Change, documents: Documents, role: RoleName) -> None:
    """Add to *change*: the store is that of a *role*, and was none's or the same before. Raises
    :class:`ConflictError` ``other_role``."""
    version, known = documents.read(ROLE, Role)
    if known is None:
        documents.plan(change, ROLE, version, Role(role=role))
        return
    change.check(ROLE, version)
    if known.role != role:
        raise ConflictError(
            "other_role",
            f"this state root is that of a {known.role}, not of a {role}",
            hint="use another --state-root",
        )
