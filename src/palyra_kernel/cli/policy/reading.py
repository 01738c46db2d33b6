"""``palyra policy check`` and ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.policy.chosen import chosen

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.policy.bundle import Bundle

_CHECK = """\b
Examples:
  palyra policy check ./policies
  palyra policy check default
"""
_SHOW = """\b
Examples:
  palyra policy show
  palyra policy show --json default
"""


@click.command("check", epilog=_CHECK)
@click.argument("bundle", default="active")
@json_option
@click.pass_obj
def check(cli: Cli, bundle: str) -> None:
    """Check that BUNDLE would load.

    Syntax, types, ids, annotations, and that only organisation*.cedar permits. What does not load is exit code 2.
    """
    from palyra_kernel.cli.output import say

    found = chosen(cli, bundle)
    count = len(found.rules)
    say(cli, {"ok": True} | _facts(found), f"{count} rules are fine; digest {found.digest}")


@click.command("show", epilog=_SHOW)
@click.argument("bundle", default="active")
@json_option
@click.pass_obj
def show(cli: Cli, bundle: str) -> None:
    """Show the rules and data of BUNDLE.

    With --json also the text of every rule.
    """
    import msgspec

    from palyra_kernel.cli.output import json_out, table

    found = chosen(cli, bundle)
    data = msgspec.to_builtins(found.facts.data)
    rules = [
        {
            "id": rule.id,
            "layer": rule.layer,
            "effect": rule.effect,
            "code": rule.code,
            "text": rule.text.strip(),
        }
        for rule in found.rules
    ]
    if cli.as_json:
        return json_out(_facts(found) | {"data": data, "rules": rules})
    click.echo(f"version {found.version}, digest {found.digest}\n")
    table(
        ("RULE", "LAYER", "EFFECT", "CODE"),
        [[rule[name] for name in ("id", "layer", "effect", "code")] for rule in rules],
    )
    click.echo()
    for name, value in data.items():
        click.echo(f"{name:<24}{_readable(value)}")
    return None


def _readable(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {', '.join(tool['capabilities'])}" for name, tool in value.items()) or "-"
    return ", ".join(value) if isinstance(value, list | tuple) and value else "-"


def _facts(bundle: Bundle) -> dict[str, object]:
    return {"version": bundle.version, "digest": bundle.digest, "files": list(bundle.files)}
