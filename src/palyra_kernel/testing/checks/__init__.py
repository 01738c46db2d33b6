"""The contract of :class:`palyra_kernel.PolicyCheck`, one file for each promise."""

from palyra_kernel.testing.checks.answers import AnswerRules
from palyra_kernel.testing.checks.base import action_request
from palyra_kernel.testing.checks.deadlines import DeadlineRules
from palyra_kernel.testing.checks.opening import OpeningRules
from palyra_kernel.testing.checks.requests import RequestRules
from palyra_kernel.testing.checks.self_report import SelfReportRules

__all__ = ["PolicyCheckContract", "action_request"]


class PolicyCheckContract(AnswerRules, RequestRules, DeadlineRules, OpeningRules, SelfReportRules):
    """Every rule for a policy check.

    Override the fixtures ``check`` (your check, opened with the fixture ``settings``), ``objected`` (requests to which
    it objects) and ``unobjected`` (requests that it lets pass). Make requests with :func:`action_request`. The kit
    closes the check.
    """
