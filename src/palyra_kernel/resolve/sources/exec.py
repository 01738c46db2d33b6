"""``exec://NAME``: what a configured command prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import NamedTuple, Self

from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities, SourcePlace
from palyra_kernel.resolve.sources.answers import (
    NoValueError,
    blocked,
    settings_of,
    timed_out,
    too_large,
    unsupported,
)
from palyra_kernel.resolve.sources.command.settings import Command, ExecSettings
from palyra_kernel.resolve.sources.paths import is_inside, normal
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

_SHARE_FOR_THE_END = 0.1
_LONGEST_END = 0.1  # seconds


class _Start(NamedTuple):
    """What distinguishes one start from another; references with the same need one only."""

    name: str
    batch: bool
    inherited_env: tuple[str, ...]
    cwd: str | None
    timeout_ms: int
    first_byte_ms: int | None


class ExecSource(SecretSource):
    """Starts commands that an operator configured and enabled, one start for all references that can share it.

    See :mod:`.command.settings` for what can be configured, :mod:`.command.program` for what may be started,
    :mod:`.command.batch` for ``#ID``, and :mod:`.command.supervisor` for how all its processes are ended on which
    system. Values that a reference asks for narrow those of the command: fewer variables, a folder in its folder, less
    time. Standard error is counted and never shown. The last tenth of the time, at most 100 ms, is kept for the end.
    """

    scheme = "exec"
    default_transforms = ("strip_newline",)
    fragment_is_id = True

    def __init__(self, settings: ExecSettings) -> None:
        self._settings = settings

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        return cls(settings_of(cls.scheme, place.settings, ExecSettings))

    def capabilities(self) -> SourceCapabilities:
        return SourceCapabilities(may_block=False, batch=True, cache="remote")

    def batch_key(self, ref: SecretRef) -> str:
        return ref.target

    def refuses(self, ref: SecretRef) -> SecretError | None:
        """By the settings alone; the program itself is checked before each start."""
        try:
            self._start_of(ref)
        except NoValueError as refusal:
            return refusal.answer
        return None

    def resolve(
        self, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        answers: dict[SecretRef, SensitiveBytes | SecretError] = {}
        starts: dict[_Start, list[SecretRef]] = {}
        for ref in refs:
            try:
                starts.setdefault(self._start_of(ref), []).append(ref)
            except NoValueError as refusal:
                answers[ref] = refusal.answer
        for start, asked in starts.items():
            try:
                answers.update(self._ask(start, asked, deadline))
            except NoValueError as refusal:
                answers.update(dict.fromkeys(asked, refusal.answer))
        return answers

    def _start_of(self, ref: SecretRef) -> _Start:
        if sys.platform == "win32":
            raise NoValueError(unsupported("a command"))
        if not self._settings.enabled:
            raise NoValueError(
                blocked(
                    "exec_disabled",
                    "no command is started until an operator enables it",
                    hint="write enabled = true below [sources.exec] in palyra.toml",
                )
            )
        command = self._settings.commands.get(ref.target)
        if command is None:
            hint = "add [sources.exec.commands.NAME] to palyra.toml"
            raise NoValueError(blocked("unknown_command", "no command of this name is configured", hint))
        _check_narrower(ref, command)
        return _Start(
            ref.target,
            ref.fragment is not None,
            tuple(sorted(ref.inherited_env or command.inherited_env)),
            ref.cwd,
            min(ref.timeout_ms or command.timeout_ms, command.timeout_ms),
            min(filter(None, (ref.first_byte_ms, command.first_byte_ms)), default=None),
        )

    def _ask(
        self, start: _Start, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        command = self._settings.commands[start.name]
        if not start.batch:
            limit = min(command.max_output_bytes, max(ref.max_bytes for ref in refs))
            with _run(command, start, None, limit, deadline) as output:
                return {ref: _own(output, ref) for ref in refs}
        from palyra_kernel.resolve.sources.command.batch import question, understand

        ids = list(dict.fromkeys(ref.fragment or "" for ref in refs))
        with _run(command, start, question(ids), command.max_output_bytes, deadline) as output:
            found = understand(output, ids)
        return {ref: _own(found[ref.fragment or ""], ref) for ref in refs}


def _check_narrower(ref: SecretRef, command: Command) -> None:
    if ref.fragment is not None and not command.batch:
        raise NoValueError(
            SecretError(
                kind="invalid_reference",
                code="no_batch",
                message="this command takes no #ID",
                hint="set batch = true if it follows the batch protocol",
            )
        )
    if not set(ref.inherited_env) <= set(command.inherited_env):
        raise NoValueError(
            blocked("env_not_allowed", "the reference wants variables that the command may not have")
        )
    if ref.cwd and not (command.cwd and is_inside(normal(ref.cwd), normal(command.cwd))):
        raise NoValueError(
            blocked("cwd_not_allowed", "the reference wants a folder that is not in the command's")
        )


def _own(answer: SensitiveBytes | SecretError, ref: SecretRef) -> SensitiveBytes | SecretError:
    """The answer for *ref*, in a buffer of its own."""
    if isinstance(answer, SecretError):
        return answer
    return too_large(ref.max_bytes) if len(answer) > ref.max_bytes else SensitiveBytes(answer.view())


def _run(
    command: Command, start: _Start, question: bytes | None, most: int, deadline: Deadline
) -> SensitiveBytes:
    if sys.platform == "win32":
        raise NoValueError(unsupported("a command"))
    from palyra_kernel.resolve.sources.command.environment import for_command
    from palyra_kernel.resolve.sources.command.program import open_folder, open_program
    from palyra_kernel.resolve.sources.command.running import Job, Limits, run
    from palyra_kernel.resolve.sources.walking import Walk

    now = monotonic()
    seconds = min(start.timeout_ms / 1000, deadline.remaining())
    if seconds <= 0:
        raise NoValueError(timed_out("deadline", "there was no time left to start the command"))
    end = now + seconds - min(seconds * _SHARE_FOR_THE_END, _LONGEST_END)
    first = None if start.first_byte_ms is None else now + start.first_byte_ms / 1000
    with Walk() as walk:
        program = open_program(walk, command.command[0], command.sha256, Deadline(end))
        folder = open_folder(walk, command.cwd or "/", start.cwd)
        job = Job(program, command.command, for_command(start.inherited_env), folder, question)
        return run(job, Limits(most, first, end))
