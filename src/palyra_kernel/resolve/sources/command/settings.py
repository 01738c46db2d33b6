"""The table ``[sources.exec]``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.resolve.sources.paths import check_absolute
from palyra_kernel.values.targets import check_exec, is_variable

_Milliseconds = Annotated[int, Meta(ge=1, le=600_000)]
_Argument = Annotated[str, Meta(max_length=4096)]

NEVER_INHERITED = ("LD_", "DYLD_", "PYTHON")
"""What a variable's name begins with that makes a program load what it was not built with."""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[sources.exec.commands.NAME]``.

    - ``command``: the program's absolute path and its arguments; no shell reads them.
    - ``inherited_env``: variables that it gets besides PATH, HOME, LANG, LC_ALL, LC_CTYPE and TMPDIR; never ``LD_*``,
      ``DYLD_*`` and ``PYTHON*``. ``cwd``: the folder that it starts in, by default ``/``.
    - ``timeout_ms``: for the whole answer, ``first_byte_ms``: for its first byte; 1 to 600,000.
    - ``max_output_bytes``: of all that it prints, 1 to 67,108,864.
    - ``sha256``: of the program's file, in hex. What the program loads or interprets is not covered.
    - ``batch``: it takes ids, as :mod:`palyra_kernel.resolve.sources.command.batch` describes.
    """

    command: Annotated[tuple[_Argument, ...], Meta(min_length=1, max_length=1024)]
    inherited_env: tuple[str, ...] = ()
    cwd: Annotated[str, Meta(max_length=4096)] | None = None
    timeout_ms: _Milliseconds = 1000
    first_byte_ms: _Milliseconds | None = None
    max_output_bytes: Annotated[int, Meta(ge=1, le=64 * 1024 * 1024)] = 1024 * 1024
    sha256: Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$")] | None = None
    batch: bool = False

    def __post_init__(self) -> None:
        check_absolute((self.command[0], self.cwd or "/"), "the program and cwd")
        if any("\0" in argument for argument in self.command):
            raise ValueError("an argument holds a NUL byte")
        for name in self.inherited_env:
            if not is_variable(name) or name.startswith(NEVER_INHERITED):
                raise ValueError("inherited_env holds names of variables, never LD_*, DYLD_* or PYTHON*")


class ExecSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``enabled``: nothing is ever started without it. ``commands``: by the name behind ``exec://``."""

    enabled: bool = False
    commands: dict[str, Command] = {}

    def __post_init__(self) -> None:
        for name in self.commands:
            try:
                plain = "#" not in check_exec(name)
            except InvalidInputError:
                plain = False
            if not plain:
                raise ValueError("the name of a command is lower-case letters, digits, '_' and '-'")
