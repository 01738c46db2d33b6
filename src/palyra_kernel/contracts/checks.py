"""What the author of a policy check implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import ActionRequest


class PolicyCheck(ABC):
    """A second opinion on every request that the policies would allow, or would let a human approve.

    A check can object and can never grant. It is built without arguments, once for each open Kernel, and is called from
    several threads at once. An exception, an answer of a wrong type and a missed deadline are objections too.
    """

    name: ClassVar[str]
    """Lower-case letters, digits and ``_``; part of the code of a denial."""

    may_block: ClassVar[bool] = False
    """Whether it waits for a disk, a network or another program; then each call gets a thread of its own."""

    @abstractmethod
    def objection(self, request: ActionRequest, deadline: Deadline) -> str | None:
        """Return None, or a reason code: 1 to 64 of ``a-z 0-9 _ . -``. Change nothing: the act may still be denied."""
