"""What the author of a policy check implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec

from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decisions import ActionRequest


class CheckPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What a check is opened with: its table ``[checks.NAME]`` of ``palyra.toml``. Check the settings: a name that you
    do not know is an error, :class:`InvalidInputError` ``invalid_config``."""

    settings: Mapping[str, Any]


class PolicyCheck(ABC):
    """A second opinion on every request that the policies would allow, or would let a human approve.

    A check can object and can never grant. It is opened once for each open Kernel and is asked from several threads at
    once. The answer follows from the request and the settings alone: one act may be asked about more than once, and the
    time is ``request.at_ms``, not the clock. An exception, an answer of a wrong type and a missed deadline are
    objections too.
    """

    name: ClassVar[str]
    """Lower-case letters, digits and ``_``, starting with a letter; part of the code of a denial."""

    may_block: ClassVar[bool] = False
    """Whether it waits for a disk, a network or another program; then each call gets a thread of its own."""

    @classmethod
    def open(cls, place: CheckPlace) -> Self:
        """Make a check with the operator's settings. No request, and no prompt. By default: one without settings."""
        if place.settings:
            from palyra_kernel.errors import InvalidInputError

            raise InvalidInputError("invalid_config", f"the check {cls.name!r} has no settings")
        return cls()

    @abstractmethod
    def objection(self, request: ActionRequest, deadline: Deadline) -> str | None:
        """Return None, or a reason code: 1 to 64 of ``a-z 0-9 _ . -``. Change nothing: the act may still be denied."""

    def close(self) -> None:  # noqa: B027  # most checks hold nothing
        """Release everything. Called once; the check is not asked afterwards."""
