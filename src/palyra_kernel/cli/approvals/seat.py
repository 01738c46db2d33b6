"""Who sits at this command line, and the approvals that they see."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from palyra_kernel.approvals import Approvals
from palyra_kernel.kernel.approving import make_approvals
from palyra_kernel.values.ids import new_id
from palyra_kernel.values.principals import Principal, Subject

if TYPE_CHECKING:
    from palyra_kernel import Kernel


class Seat(NamedTuple):
    """Approvals, and who decides about them in which session."""

    approvals: Approvals
    subject: Subject
    session: str


def take_seat(kernel: Kernel) -> Seat:
    """The seat of the operating system's user, who owns the vault if it opens for them."""
    approvals = make_approvals(kernel._records, kernel.config.approvals)
    return Seat(approvals, Subject(principal=_user(), roles=("Owner",)), new_id())


def _user() -> Principal:
    if sys.platform == "win32":
        import getpass

        return Principal("user", getpass.getuser())
    return Principal("user", str(os.getuid()))
