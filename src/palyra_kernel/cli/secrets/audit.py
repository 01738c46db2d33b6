"""``palyra secrets audit``."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.output import EXIT_FINDINGS, json_out
from palyra_kernel.cli.vault.progress import counted

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.scan.audit import Audit, Verdict
    from palyra_kernel.scan.findings import ScanFinding, Totals
    from palyra_kernel.values.refs import VaultRef
    from palyra_kernel.values.secret_ref import SecretRef

_EPILOG = """\b
Examples:
  palyra secrets audit
  palyra secrets audit .env config/ --strict
  palyra secrets audit --sarif . > audit.sarif

\b
What is read: TOML, YAML, JSON and .env files by their structure, all other text for assignments and known forms of
tokens. Not read: binary files, links, .git, node_modules and virtual environments.
A line with the comment palyra:ignore is left out.
"""


class _Options(NamedTuple):
    offline: bool
    deep: bool
    expiring: int
    strict: bool
    sarif: bool
    max_file_bytes: int


@click.command("audit", epilog=_EPILOG)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--offline", is_flag=True, help="Do not ask whether references answer.")
@click.option("--deep", is_flag=True, help="Resolve every reference, also by exec and plugins.")
@click.option(
    "--expiring",
    type=click.IntRange(min=0),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="Name secrets that expire within DAYS.",
)
@click.option("--strict", is_flag=True, help="Exit 9 if anything is blocking or a warning.")
@click.option("--sarif", is_flag=True, help="Print SARIF 2.1.0, for code hosts.")
@click.option(
    "--max-file-bytes",
    type=click.IntRange(min=1),
    default=5 * 1024 * 1024,
    show_default=True,
    metavar="N",
    help="Do not read larger files.",
)
@json_option
@click.pass_obj
def command(cli: Cli, /, paths: tuple[str, ...], **given: Any) -> int:
    """Find secrets in plain text, and references that are dead, shadowed, unused or expiring.

    PATH is a file or a folder, by default the present one. No value is shown, nor a part of one. References to the
    vault are looked up in its index, nothing is decrypted; env and file references are read and forgotten; exec and
    plugins are asked with --deep only. Without references no vault is needed.
    """
    from palyra_kernel.scan.audit import Audit
    from palyra_kernel.scan.files import files_below

    options = _Options(**given)
    if options.offline and options.deep:
        raise click.UsageError("--offline and --deep contradict each other")
    audit = Audit()
    for found in files_below(paths or (".",), limit=options.max_file_bytes):
        audit.add(found)
    verdicts, unused = _ask(cli, audit, options)
    findings = audit.findings(verdicts, unused)
    totals = audit.totals(verdicts, findings)
    if options.sarif:
        from palyra_kernel.scan.sarif import sarif

        json_out(sarif(findings, importlib.metadata.version("palyra-kernel")))
    elif cli.as_json:
        _print_json(audit, findings, totals, options)
    else:
        _print_lines(audit, findings, totals, options)
    return EXIT_FINDINGS if options.strict and (totals.blocking or totals.warning) else 0


def _ask(cli: Cli, audit: Audit, options: _Options) -> tuple[Mapping[SecretRef, Verdict], Sequence[VaultRef]]:
    if options.offline or not audit.references:
        return {}, ()
    from palyra_kernel.cli.secrets.audit_refs import unused, verdicts

    with cli.kernel() as kernel, cli.session(kernel, reveals=False) as session:
        said = verdicts(session, audit.references, deep=options.deep, days=options.expiring)
        return said, unused(session, audit.references)


def _print_json(audit: Audit, findings: Sequence[ScanFinding], totals: Totals, options: _Options) -> None:
    json_out(
        {
            "ok": not (totals.blocking or totals.warning),
            "offline": options.offline,
            "files": audit.read,
            "skipped": audit.skipped,
            "totals": totals,
            "findings": findings,
        }
    )


def _print_lines(audit: Audit, findings: Sequence[ScanFinding], totals: Totals, options: _Options) -> None:
    for each in findings:
        place = ":".join(str(part) for part in (each.file, each.line, each.column) if part)
        about = ": ".join(part for part in (each.path, each.reference, each.message) if part)
        click.echo(f"{place}: {each.severity}: {each.code}: {about}")
        if each.hint:
            click.echo(f"  hint: {each.hint}")
    unasked = f", {totals.unchecked} not asked" if totals.unchecked else ""
    why = " (--offline)" if options.offline and totals.total else ""
    files, references = counted(audit.read, "file"), counted(totals.total, "reference")
    click.echo(f"{files}, {references}: {totals.resolved} resolved{unasked}{why}")
    click.echo(f"blocking: {totals.blocking}, warnings: {totals.warning}, notes: {totals.info}")
