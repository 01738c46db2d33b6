"""What commands print: JSON for programs; sentences and tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.values.findings import Finding

EXIT_FINDINGS = 9
EXIT_INTEGRITY = 8


def json_out(data: object) -> None:
    """Print one JSON document; values of ours as text."""
    click.echo(msgspec.json.format(msgspec.json.encode(data, enc_hook=str), indent=2))


def say(cli: Cli, data: object, sentence: str) -> None:
    """Print *data* for programs, or *sentence* for people."""
    if cli.as_json:
        json_out(data)
    else:
        click.echo(sentence)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print an aligned table; on a pipe nothing is cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        drawn.add_column(header, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 1000
    console = Console(width=width, soft_wrap=False, highlight=False)
    for line in console.render_lines(drawn, pad=False):
        click.echo("".join(segment.text for segment in line).rstrip() if width else _styled(console, line))


def _styled(console: Any, line: Any) -> str:
    return "".join(segment.style.render(segment.text) if segment.style else segment.text for segment in line)


def findings_out(cli: Cli, findings: Sequence[Finding], *, clean: str) -> int:
    """Print findings; return how many are errors."""
    errors = sum(1 for finding in findings if finding.severity == "error")
    if cli.as_json:
        json_out({"ok": errors == 0, "findings": findings})
        return errors
    for finding in findings:
        click.echo(f"{finding.severity:<8}{finding.code}: {finding.subject}: {finding.message}")
        if finding.hint:
            click.echo(f"        hint: {finding.hint}")
    if not findings:
        click.echo(clean)
    return errors


def moment(value: Any) -> str:
    """A time for people: UTC to the second."""
    return value.strftime("%Y-%m-%d %H:%M:%SZ") if value is not None else "-"
