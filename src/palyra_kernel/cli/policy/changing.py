"""``palyra policy fmt``, ``apply``, ``export`` and ``rollback``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.policy.chosen import chosen

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.policy.bundle import Bundle

_FMT = """\b
Examples:
  palyra policy fmt policies/organisation.cedar
  palyra policy fmt --check policies/*.cedar
"""
_APPLY = """\b
Examples:
  palyra policy export ./policies && palyra policy apply ./policies
"""
_ROLLBACK = """\b
Example:
  palyra policy diff active previous && palyra policy rollback
"""
_EXPORT = """\b
Examples:
  palyra policy export ./policies
  palyra policy export --bundle default ./policies
"""


@click.command("fmt", epilog=_FMT)
@click.argument("files", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; exit code 9 if a file is not formatted.")
@json_option
@click.pass_obj
def fmt(cli: Cli, files: tuple[str, ...], check: bool) -> int:
    """Lay out .cedar FILES as Cedar does."""
    from palyra_kernel.cli.files import write_private
    from palyra_kernel.cli.output import EXIT_FINDINGS, say
    from palyra_kernel.cli.refs_file import read_guarded
    from palyra_kernel.policy.formatting import formatted

    changed = []
    for name in files:
        text = read_guarded(name).decode("utf-8", "surrogateescape")
        laid_out = formatted(text, Path(name).name)
        if laid_out != text:
            changed.append(name)
            if not check:
                mode = Path(name).stat().st_mode
                write_private(name, laid_out.encode(), force=True)
                Path(name).chmod(mode)
    verb = "would be laid out anew" if check else "laid out anew"
    say(
        cli,
        {"changed": changed},
        f"{len(changed)} of {len(files)} {verb}" + "".join(f"\n  {name}" for name in changed),
    )
    return EXIT_FINDINGS if check and changed else 0


@click.command("apply", epilog=_APPLY)
@click.argument("bundle")
@yes_option
@json_option
@click.pass_obj
def apply(cli: Cli, bundle: str, yes: bool) -> None:
    """Put BUNDLE in force, for every process that has the vault open.

    The one before it is kept for `rollback`. What does not load is not applied.
    """
    new = chosen(cli, bundle)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        confirm(f"Decide by {bundle} ({len(new.rules)} rules) from now on?", yes=yes)
        session.policies.apply(new)
        _in_force(cli, kernel.policy.active())


@click.command("rollback", epilog=_ROLLBACK)
@yes_option
@json_option
@click.pass_obj
def rollback(cli: Cli, yes: bool) -> None:
    """Put the bundle before the active one in force again."""
    with cli.kernel() as kernel, cli.session(kernel) as session:
        confirm("Decide by the policies from before from now on?", yes=yes)
        session.policies.rollback()
        _in_force(cli, kernel.policy.active())


@click.command("export", epilog=_EXPORT)
@click.argument("folder")
@click.option("--bundle", "-b", default="active", metavar="BUNDLE", help="Write this one [active].")
@json_option
@click.pass_obj
def export(cli: Cli, folder: str, bundle: str) -> None:
    """Write the files of a bundle to the new FOLDER, to be edited and applied."""
    from palyra_kernel.cli.files import refuse_existing, write_private
    from palyra_kernel.cli.output import say
    from palyra_kernel.durable.oserrors import translated

    found, target = chosen(cli, bundle), Path(folder).absolute()
    refuse_existing(folder)
    with translated(f"making {folder}"):
        target.mkdir(mode=0o700)
        for name, text in found.files.items():
            (target / name).parent.mkdir(mode=0o700, exist_ok=True)
            write_private(str(target / name), text.encode())
    say(cli, {"folder": str(target), "files": list(found.files)}, f"{len(found.files)} files are in {folder}")


def _in_force(cli: Cli, bundle: Bundle) -> None:
    from palyra_kernel.cli.output import say

    facts = {"version": bundle.version, "digest": bundle.digest, "rules": len(bundle.rules)}
    say(cli, facts, f"in force: version {bundle.version}, {len(bundle.rules)} rules, digest {bundle.digest}")
