"""The table of verbs in ``docs/cli.md``, made from the commands themselves.

``python -m tests.docs.cli_table`` writes it into the page; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from palyra_kernel.cli.app import app
from tests.docs.pages import DOCS

PAGE = DOCS / "cli.md"
START, END = "<!-- verbs: made by tests/docs/cli_table.py -->\n", "<!-- end of verbs -->\n"


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below *group* with its full name, in the order of ``--help``."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None, f"{path} {name} is listed and cannot be loaded"
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def table() -> str:
    """The table, from the commands as they are now."""
    rows = [_row(path, command) for path, command in commands(app, "palyra")]
    return "".join(f"{row}\n" for row in ["| Verb | What it does | Options |", "|---|---|---|", *rows])


def _row(path: str, command: click.Command) -> str:
    ctx = click.Context(command, info_name=path)
    arguments = [
        parameter.make_metavar(ctx) for parameter in command.params if isinstance(parameter, click.Argument)
    ]
    options = [
        max(parameter.opts, key=len)
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name != "json"
    ]
    verb = " ".join([path, *arguments]).replace("|", "\\|")
    line = command.get_short_help_str(limit=200)
    return f"| `{verb}` | {line} | {' '.join(f'`{option}`' for option in options) or '-'} |"


def written(page: str) -> str:
    """The table that *page* holds now."""
    return page.partition(START)[2].partition(END)[0]


def main() -> None:
    """Put the table into the page."""
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(START)
    PAGE.write_text(before + START + table() + END + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    main()
