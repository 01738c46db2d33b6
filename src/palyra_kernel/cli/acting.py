"""``--as``: acting as somebody else, for whom the user of the operating system vouches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.principals import Principal
from palyra_kernel.values.scopes import VaultScope

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.session import Session


def session_as(kernel: Kernel, user: Principal, name: str, *, purpose: str, reveals: bool) -> Session:
    """A session of the principal *name*, or for ``skill:ID`` one of *user* on behalf of that skill.

    Raises :class:`DeniedError` unless *user* may vouch for it.
    """
    if name.startswith("skill:"):
        skill, principal = VaultScope.parse(name).segments[0], user
    else:
        skill, principal = None, Principal.parse(name)
    with kernel.session(user, purpose=purpose, surface="cli") as own:
        own.vouch(Resource("skill", skill) if skill else Resource("principal", str(principal)))
    return kernel.session(
        principal, purpose=purpose, surface="cli", skill=skill, vouched_by=user, reveals=reveals
    )
