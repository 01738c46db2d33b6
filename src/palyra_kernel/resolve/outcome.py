"""What resolving a reference came to."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, NamedTuple, Self

import msgspec

from palyra_kernel import errors
from palyra_kernel.contracts.sources import ErrorGroup, ErrorKind, SecretError
from palyra_kernel.errors import PalyraError
from palyra_kernel.values.secret_ref import RefreshPolicy, SecretRef, SnapshotPolicy
from palyra_kernel.values.sensitive import SensitiveBytes

Status = Literal["resolved", "missing", "blocked", "failed"]
"""``missing`` is an absent value that was not required; ``blocked`` a refusal; ``failed`` everything else."""
Answer = SensitiveBytes | SecretError
Origin = Literal["source", "last_known_good"]


class Read(NamedTuple):
    """One reading of a chain, by its reference number *link*. Its buffer is shared; whoever hands it out copies."""

    answer: Answer
    link: int
    origin: Origin
    at: datetime


class Shown(NamedTuple):
    """A reading as a caller is shown it; ``generation`` is the reload that it belongs to."""

    read: Read
    stale: bool
    generation: int


_UNANSWERED = frozenset(("io", "timeout", "exec_failed"))

_CLASSES: dict[str, type[PalyraError]] = {
    "missing": errors.NotFoundError,
    "policy_blocked": errors.DeniedError,
    "invalid_reference": errors.InvalidInputError,
    "too_large": errors.InvalidInputError,
    "decode_failed": errors.InvalidInputError,
    "not_found": errors.NotFoundError,
    "invalid_input": errors.InvalidInputError,
    "denied": errors.DeniedError,
    "approval_required": errors.ApprovalRequiredError,
    "conflict": errors.ConflictError,
    "unavailable": errors.UnavailableError,
    "integrity": errors.IntegrityError,
}


class ResolutionMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a resolution that may be shown: no value, and of the reference no path, name or argument.

    ``fingerprint``: 16 hexadecimal digits, keyed with the vault's own key; labels do not change it. ``link``: which
    reference of the chain answered, 0 for the first. ``stale``: the value is known not to be the latest, or the source
    could not be asked. ``generation``: the reload that the value belongs to. ``trusted_dirs``, ``inherited_env`` and
    ``links`` are counts.
    """

    status: Status
    fingerprint: str
    source_kind: str
    required: bool
    resolved_at: datetime | None
    value_bytes: int | None
    origin: Origin
    stale: bool
    generation: int
    link: int
    links: int
    refresh_policy: RefreshPolicy
    snapshot_policy: SnapshotPolicy
    max_bytes: int
    timeout_ms: int | None
    max_stale_seconds: int
    trusted_dirs: int
    allow_symlinks: bool
    inherited_env: int
    redaction_label: str | None
    display_name: str | None


class Resolution:
    """One outcome; in a ``with`` block the value is wiped at its end.

    ``value`` is there if and only if ``status`` is ``resolved``; ``error`` says why not, also for ``missing``.
    """

    __slots__ = ("error", "metadata", "value")

    def __init__(
        self, metadata: ResolutionMetadata, value: SensitiveBytes | None, error: SecretError | None
    ) -> None:
        self.metadata = metadata
        self.value = value
        self.error = error

    @property
    def status(self) -> Status:
        """The outcome in one word."""
        return self.metadata.status

    def unwrap(self) -> SensitiveBytes:
        """Return the value, or raise the error of ours that says why there is none."""
        if self.value is not None:
            return self.value
        if self.error is None:
            raise PalyraError("internal", "an outcome without value and error")
        raise exception_of(self.error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.value is not None:
            self.value.wipe()

    def __repr__(self) -> str:
        return f"<Resolution: {self.status} {self.metadata.fingerprint}>"


def outcome_of(ref: SecretRef, fingerprint: str, shown: Shown) -> Resolution:
    """The outcome that a caller gets, with a buffer of its own."""
    answer = shown.read.answer
    value = SensitiveBytes(answer.view()) if isinstance(answer, SensitiveBytes) else None
    metadata = ResolutionMetadata(
        status=status_of(ref, answer),
        fingerprint=fingerprint,
        source_kind=ref.scheme,
        required=ref.required,
        resolved_at=shown.read.at if value is not None else None,
        value_bytes=len(value) if value is not None else None,
        origin=shown.read.origin,
        stale=shown.stale and value is not None,
        generation=shown.generation,
        link=shown.read.link,
        links=len(ref.chain),
        refresh_policy=ref.refresh_policy,
        snapshot_policy=ref.snapshot_policy,
        max_bytes=ref.max_bytes,
        timeout_ms=ref.timeout_ms,
        max_stale_seconds=ref.max_stale_seconds,
        trusted_dirs=len(ref.trusted_dirs),
        allow_symlinks=ref.allow_symlinks,
        inherited_env=len(ref.inherited_env),
        redaction_label=ref.redaction_label,
        display_name=ref.display_name,
    )
    return Resolution(metadata, value, None if isinstance(answer, SensitiveBytes) else answer)


_NO_REFERENCE = SecretRef(ref="vault://none")


def unparsed_outcome(error: SecretError) -> Resolution:
    """The outcome for what is not a reference."""
    read = Read(error, 0, "source", datetime.now(UTC))
    outcome = outcome_of(_NO_REFERENCE, "", Shown(read, stale=False, generation=0))
    outcome.metadata = msgspec.structs.replace(outcome.metadata, source_kind="")
    return outcome


def status_of(ref: SecretRef, answer: Answer) -> Status:
    """The status that *answer* means for *ref*."""
    if isinstance(answer, SensitiveBytes):
        return "resolved"
    if answer.kind == "missing" and not ref.required:
        return "missing"
    return "blocked" if answer.kind == "policy_blocked" else "failed"


def unanswered(error: SecretError) -> bool:
    """Whether nobody could tell, so that somebody else may answer. What was tampered with is no such case."""
    return error.kind in _UNANSWERED and error.group != "integrity"


def exception_of(error: SecretError) -> PalyraError:
    """The exception that stands for *error*."""
    made = _CLASSES.get(error.group or error.kind, errors.UnavailableError)
    return made(error.code, error.message, hint=error.hint)


_KINDS: dict[str, ErrorKind] = {
    "not_found": "missing",
    "denied": "policy_blocked",
    "approval_required": "policy_blocked",
    "invalid_input": "invalid_reference",
}
_GROUPS: dict[str, ErrorGroup] = {
    "approval_required": "approval_required",
    "conflict": "conflict",
    "integrity": "integrity",
}
"""What the kind of an answer does not say."""


def error_of(error: PalyraError) -> SecretError:
    """What an exception means as an answer; going back gives the same class."""
    return SecretError(
        kind="timeout" if error.code == "deadline" else _KINDS.get(error.kind, "io"),
        code=error.code,
        message=error.message,
        hint=error.hint,
        group=_GROUPS.get(error.kind),
    )
