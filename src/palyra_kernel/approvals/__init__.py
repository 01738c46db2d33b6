"""What a human allows: requests, decisions, grants. Plans changes; whoever acts commits them."""

from palyra_kernel.approvals.approval import Approval, Grant
from palyra_kernel.approvals.binding import Binding
from palyra_kernel.approvals.planning import Planner, Terms
from palyra_kernel.approvals.proof import Proof, Proven, Statement, Verdict
from palyra_kernel.approvals.service import Approvals
from palyra_kernel.approvals.turn import Plan, act

__all__ = [
    "Approval",
    "Approvals",
    "Binding",
    "Grant",
    "Plan",
    "Planner",
    "Proof",
    "Proven",
    "Statement",
    "Terms",
    "Verdict",
    "act",
]
