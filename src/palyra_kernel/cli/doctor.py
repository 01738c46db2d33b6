"""``palyra doctor``: what is broken, weak or about to be."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli


@click.command("doctor")
@click.option("--strict", is_flag=True, help="Exit 9 for warnings too, not only for errors.")
@json_option
@click.pass_obj
def command(cli: Cli, strict: bool) -> int:
    """Find what is wrong or weak: folders, configuration, plugins, backend and slots.

    Nothing is changed. Exit code 9 if there is an error. `palyra vault verify` opens every secret besides.
    """
    from palyra_kernel.cli.output import EXIT_FINDINGS, findings_out
    from palyra_kernel.cli.run.folder import leftovers
    from palyra_kernel.kernel.health import examine

    findings = [*examine(cli.places(), cli.kernel), *leftovers(cli.places())]
    findings_out(cli, findings, clean="nothing to report")
    counts = Counter(finding.severity for finding in findings)
    if findings and not cli.as_json:
        click.echo(f"errors: {counts['error']}, warnings: {counts['warning']}, notes: {counts['info']}")
    return EXIT_FINDINGS if counts["error"] or (strict and counts["warning"]) else 0
