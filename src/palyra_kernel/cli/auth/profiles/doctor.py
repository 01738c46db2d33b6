"""``palyra auth profiles doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples:
  palyra auth profiles doctor
  palyra auth profiles doctor --tidy
"""


@click.command("doctor", epilog=_EPILOG)
@click.option("--strict", is_flag=True, help="Exit 9 for warnings too, not only for errors.")
@click.option(
    "--tidy",
    is_flag=True,
    help="First finish what was interrupted: tell issuers of logouts that wait, erase what is left of logins.",
)
@json_option
@click.pass_obj
def command(cli: Cli, strict: bool, tidy: bool) -> int:
    """Find what is wrong with profiles, and say what mends it. Exit code 9 if there is an error.

    Nothing is changed without --tidy, and nothing is decrypted or asked.
    """
    from palyra_kernel.cli.output import EXIT_FINDINGS, findings_out

    with cli.kernel() as kernel, cli.session(kernel) as session:
        if tidy:
            session.auth.logins.tidy()
        findings = [*session.auth.health().findings(), *session.auth.logins.findings()]
    errors = findings_out(cli, findings, clean="nothing to report")
    warned = any(finding.severity == "warning" for finding in findings)
    return EXIT_FINDINGS if errors or (strict and warned) else 0
