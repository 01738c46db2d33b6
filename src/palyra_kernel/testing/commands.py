"""The contract of :class:`palyra_kernel.Command`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import click
import pytest
from click.testing import CliRunner

from palyra_kernel.contracts.commands import Command, CommandPlace
from palyra_kernel.testing.io_calls import io_calls


class CommandContract:
    """Every rule for a command. Override the fixture ``command``: an object of your class."""

    @pytest.fixture
    def command(self) -> Command:
        """Your command. Override this."""
        raise NotImplementedError("override the fixture `command`: return YourCommand()")

    def test_it_is_a_command_of_click(self, command: Command) -> None:
        """Anything else has no `--help`, and no errors that people know."""
        assert isinstance(command.build(), click.Command)

    def test_building_does_nothing(self, command: Command) -> None:
        """It is built for `--help` and for the completion of a shell too: no file, no program, no network."""
        command.build()  # what is imported on the first call was read once
        assert io_calls(command.build) == []

    def test_its_help_opens_no_vault(self, command: Command) -> None:
        """Whoever reads what a command is for has not decided to unlock anything yet."""
        outcome = CliRunner().invoke(command.build(), ["--help"], obj=CommandPlace(session=_refused))
        assert outcome.exit_code == 0, outcome.output

    def test_its_help_says_what_it_is_for(self, command: Command) -> None:
        """A command without a sentence is one that nobody dares to run."""
        assert command.build().get_short_help_str().strip()


def _refused() -> AbstractContextManager[Any]:
    raise AssertionError("a session was begun")
