"""``palyra plugins``: what is installed, what may run. It works without a vault and while a plugin is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

TRUST = "An enabled plugin is as trusted as the kernel: it runs inside it, with every secret within reach."


@click.group("plugins", invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """What is installed, and what may run. Alone it lists.

    A plugin that is installed does nothing until it is enabled. Enabling writes down exactly what is installed
    now; when that changes, palyra stops until it is enabled again.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_plugins)


@command.command("list")
@json_option
@click.pass_obj
def list_plugins(cli: Cli) -> None:
    """List what is installed and enabled.

    Nothing is imported.
    """
    from palyra_kernel.cli.output import json_out, table
    from palyra_kernel.plugins.listing import listing

    lines = listing(cli.places().config_dir)
    if cli.as_json:
        json_out({"plugins": lines})
    elif lines:
        table(
            ("Plugin", "State", "Distribution", "Version", "Why"),
            [
                (line.name, line.state, line.distribution, line.version, line.reason or _note(line.editable))
                for line in lines
            ],
        )
    else:
        click.echo("no plugin is installed: pip install palyra-backend-file")


@command.command("enable")
@click.argument("name")
@json_option
@click.pass_obj
def enable(cli: Cli, name: str) -> None:
    """Enable an installed plugin as it is now.

    Enable NAME again after an upgrade: until then palyra stops, because it is not what you enabled.
    """
    from palyra_kernel.cli.output import json_out
    from palyra_kernel.kernel.kernel import BUILTINS
    from palyra_kernel.plugins import manage

    pin = manage.enable(cli.places().config_dir, name, BUILTINS)
    if cli.as_json:
        json_out({"enabled": pin})
        return
    digest = f"{pin.record}: its files are not checked" if pin.record == "editable" else pin.record
    click.echo(f"{pin.name} is enabled")
    for label, value in (
        ("distribution", f"{pin.distribution} {pin.version}"),
        ("entry point", pin.entry_point),
        ("installed in", pin.path),
        ("digest", digest),
    ):
        click.echo(f"  {label:<14}{value}")
    click.echo(TRUST)


@command.command("disable")
@click.argument("name")
@json_option
@click.pass_obj
def disable(cli: Cli, name: str) -> None:
    """Disable a plugin, broken or gone or not.

    NAME is not imported, and what it stored is untouched.
    """
    from palyra_kernel.cli.output import say
    from palyra_kernel.plugins import manage

    manage.disable(cli.places().config_dir, name)
    say(cli, {"disabled": name}, f"{name} is disabled; what it stored is untouched")


@command.command("doctor")
@json_option
@click.pass_obj
def doctor(cli: Cli) -> int:
    """Check every file of the enabled plugins.

    It compares them with what was installed, and names files that run code at every start of Python. Nothing is
    imported. Exit code 9 if there is an error.
    """
    from palyra_kernel.cli.output import EXIT_FINDINGS, findings_out
    from palyra_kernel.plugins.doctor import diagnose

    errors = findings_out(cli, diagnose(cli.places().config_dir), clean="nothing to report")
    return EXIT_FINDINGS if errors else 0


def _note(editable: bool) -> str:
    return "editable: its files are not checked" if editable else ""
