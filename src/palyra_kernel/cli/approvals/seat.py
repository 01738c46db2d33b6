"""Who sits at this command line, and the approvals that they see."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from palyra_kernel.approvals import Approvals
    from palyra_kernel.session import Session
    from palyra_kernel.values.principals import Subject


class Seat(NamedTuple):
    """Approvals, and who decides about them in which session."""

    approvals: Approvals
    subject: Subject
    session: str


def take_seat(session: Session) -> Seat:
    """The seat of whoever acts in *session*."""
    return Seat(session.approvals, session.subject, session.who.session)
