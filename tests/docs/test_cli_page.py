"""``docs/cli.md`` against the command line."""

from __future__ import annotations

import click
import pytest

from palyra_kernel import config, errors
from palyra_kernel.cli import app, outcome, output
from palyra_kernel.daemon.remote import ACKNOWLEDGED
from tests.docs import cli_table
from tests.docs.pages import page, section, table_rows

PAGE = page("cli.md")
KINDS = [
    errors.PalyraError,
    errors.InvalidInputError,
    errors.NotFoundError,
    errors.DeniedError,
    errors.ApprovalRequiredError,
    errors.UnavailableError,
    errors.ConflictError,
    errors.IntegrityError,
]


def _codes():
    return {int(row[0]): row for row in table_rows(section(PAGE, "## Exit codes"))}


def test_every_command_is_in_the_page():
    assert cli_table.written(PAGE) == cli_table.table(), "run: python -m tests.docs.cli_table"


def test_every_command_has_a_line_on_its_json():
    listed = " ".join(row[0] for row in table_rows(section(PAGE, "## JSON")))
    words = set(listed.replace("`", " ").replace(",", " ").split())
    for path, _ in cli_table.commands(app.app, "palyra"):
        if path not in ("palyra run", "palyra auth exec"):  # their output is the program's
            assert path.split()[-1] in words, path


def test_every_global_option_is_listed():
    listed = " ".join(row[0] for row in table_rows(section(PAGE, "## Global options")))
    for parameter in app.app.params:
        assert isinstance(parameter, click.Option)
        assert f"`{parameter.opts[0]}" in listed, parameter.name


@pytest.mark.parametrize("error", KINDS, ids=lambda error: error.__name__)
def test_every_error_is_listed_with_its_code(error):
    row = _codes()[error.exit_code]
    assert f"`{error.kind}`" in row[1]
    assert f"`{error.__name__}`" in row[2]


def test_no_error_is_left_out():
    found = [each for each in vars(errors).values() if isinstance(each, type)]
    assert {each for each in found if issubclass(each, errors.PalyraError)} == set(KINDS)


def test_the_codes_without_an_error_are_listed():
    others = {0, output.EXIT_FINDINGS, outcome.EXIT_CANCELLED, outcome.EXIT_BROKEN_PIPE}
    assert set(_codes()) == others | {error.exit_code for error in KINDS}
    assert errors.InvalidInputError.exit_code == outcome.EXIT_USAGE
    assert errors.IntegrityError.exit_code == output.EXIT_INTEGRITY


def test_every_variable_is_listed():
    listed = [row[0].strip("`") for row in table_rows(section(PAGE, "## Environment variables"))]
    ours = {config.STATE_VARIABLE, config.CONFIG_VARIABLE, outcome.TRACEBACK_VARIABLE, "_PALYRA_COMPLETE"}
    assert set(listed) == ours | {ACKNOWLEDGED}
