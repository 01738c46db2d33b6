"""The contract of :class:`palyra_kernel.Capability`, one file for each promise."""

from palyra_kernel.testing.capabilities.answers import AnswerRules
from palyra_kernel.testing.capabilities.base import asked
from palyra_kernel.testing.capabilities.deadlines import DeadlineRules
from palyra_kernel.testing.capabilities.inputs import InputRules
from palyra_kernel.testing.capabilities.opening import OpeningRules
from palyra_kernel.testing.capabilities.self_report import SelfReportRules

__all__ = ["CapabilityContract", "asked"]


class CapabilityContract(AnswerRules, InputRules, DeadlineRules, OpeningRules, SelfReportRules):
    """Every rule for a capability.

    Override the fixtures ``capability`` (yours, opened with the fixture ``place``), ``good`` (inputs that it takes) and
    ``bad`` (inputs that it refuses). Where it reaches into the machine, put something in the place of that first: the
    kit runs it. The kit closes it.
    """
