"""What the author of a secret source implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import msgspec

from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

ErrorKind = Literal[
    "missing",
    "policy_blocked",
    "invalid_reference",
    "io",
    "too_large",
    "timeout",
    "exec_failed",
    "decode_failed",
]
"""Why there is no value. ``missing`` and ``policy_blocked`` are answers; ``io``, ``timeout`` and ``exec_failed`` mean
that nobody could tell, so that a fallback or a last known good value may answer."""

ErrorGroup = Literal[
    "not_found", "invalid_input", "denied", "approval_required", "unavailable", "conflict", "integrity"
]


class SecretError(msgspec.Struct, frozen=True, kw_only=True):
    """Why one reference has no value. ``code`` is stable and says exactly what happened; the message is for people and
    names neither value, path nor argument. ``retry_after_seconds`` is what a source that limits us asked for.
    ``group`` chooses the class of the exception where ``kind`` does not say enough."""

    kind: ErrorKind
    code: str
    message: str
    hint: str | None = None
    retry_after_seconds: float | None = None
    group: ErrorGroup | None = None


class SourceCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a source can do, and costs.

    ``may_block``: a call may hang beyond its deadline; the kernel then makes it in a thread of its own and abandons
    it at the deadline. ``batch``: one call takes many references for about the price of one; without it each call has
    one. ``cache``: ``local`` is cheap and asked as often as policies say; ``remote`` costs money, quota or a process:
    failures are remembered for a while, and calls are counted in a bucket that survives restarts.
    """

    may_block: bool = True
    batch: bool = False
    cache: Literal["local", "remote"] = "remote"


class SourcePlace(msgspec.Struct, frozen=True, kw_only=True):
    """What a source is opened with: its table ``[sources.SCHEME]`` of ``palyra.toml``. A setting that is written as
    ``{ ref = "vault://…" }`` arrives as :class:`SensitiveBytes`. Check the settings: a name that you do not know is an
    error, :class:`InvalidInputError` ``invalid_config``."""

    settings: Mapping[str, Any]


class SecretSource(ABC):
    """Finds secrets by reference, and keeps none.

    Every method may raise the errors of ``palyra_kernel``; the kernel turns any other exception into
    :class:`UnavailableError` without its text. Put no value into an exception or a log. Calls may come from several
    threads at once.
    """

    scheme: ClassVar[str]
    """What stands before ``://``: lower-case letters, digits and ``_``, starting with a letter."""

    default_transforms: ClassVar[tuple[str, ...]] = ()
    """What is done to a value when the reference does not say: ``strip_newline`` for what people write with editors."""

    fragment_is_id: ClassVar[bool] = False
    """Whether ``#…`` is a part of what you are asked for. If not, the kernel takes it off and picks that field."""

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        """Make a source with the operator's settings. No request, and no prompt. By default: one without settings."""
        if place.settings:
            from palyra_kernel.errors import InvalidInputError

            raise InvalidInputError("invalid_config", f"the source {cls.scheme!r} has no settings")
        return cls()

    @abstractmethod
    def capabilities(self) -> SourceCapabilities:
        """Answer from memory, without I/O."""

    @abstractmethod
    def resolve(
        self, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        """Return an answer for each of *refs*, which are distinct: the value, at most ``ref.max_bytes`` long, or why
        there is none. Raise only what concerns all of them. Return or raise before *deadline*."""

    def batch_key(self, ref: SecretRef) -> str:
        """References with the same key may come in one call; calls with different keys may run at once."""
        return ""

    def refuses(self, ref: SecretRef) -> SecretError | None:
        """Why :meth:`resolve` would refuse *ref* without asking anybody; None if it would ask. ``palyra explain``
        calls it: no request, no process, no value."""
        return None

    def close(self) -> None:  # noqa: B027  # most sources hold nothing
        """Release everything. Called once; other methods are not called afterwards."""
