"""What the author of a command implements: a verb of ``palyra`` besides its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    import click


class CommandPlace(msgspec.Struct, frozen=True, kw_only=True):
    """``ctx.obj`` of the command. ``session``: opens the vault and begins a :class:`palyra_kernel.Session` of the user
    who typed it, for a ``with`` block. ``as_json``: whether ``--json`` was given."""

    session: Callable[[], AbstractContextManager[Any]]
    as_json: bool = False


class Command(ABC):
    """A command of click, imported only when somebody types its name. Errors of the kernel become exit codes as ever;
    any other exception is shown by its type alone."""

    name: ClassVar[str]
    """What is typed: lower-case letters, digits and ``_``, starting with a letter. A command of the kernel is not
    replaced."""

    @abstractmethod
    def build(self) -> click.Command:
        """Make it. Nothing is read, opened or printed for that: ``--help`` comes here too."""
