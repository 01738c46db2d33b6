"""``palyra policy explain``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.options import json_option
from palyra_kernel.cli.policy.chosen import OF_THE_VAULT, bundle_option, chosen

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.policy.explain import Asked, Explanation

_OF_PRINCIPAL = {"role": "roles", "group": "groups", "member": "workspaces", "capability": "capabilities"}
_GRANTED = (*_OF_PRINCIPAL, "speaks_for")

_EPILOG = """\b
Examples:
  palyra policy explain user:1000 secret.read secret:global/openai_api_key
  palyra policy explain agent:planner tool.execute tool:shell --needs ProcessExec --capability Network
"""


@click.command("explain", epilog=_EPILOG)
@click.argument("principal")
@click.argument("action")
@click.argument("resource")
@bundle_option
@click.option("--role", multiple=True, metavar="ROLE", help="It is Owner, Admin or Operator.")
@click.option("--group", multiple=True, metavar="NAME", help="It is in this group.")
@click.option("--member", multiple=True, metavar="WORKSPACE", help="It is a member of this workspace.")
@click.option("--capability", multiple=True, metavar="NAME", help="This was granted to it.")
@click.option("--needs", multiple=True, metavar="NAME", help="A capability that the act needs.")
@click.option("--label", multiple=True, metavar="NAME=VALUE", help="A label of RESOURCE.")
@click.option("--tool", metavar="NAME", help="A tool acts for it.")
@click.option("--skill", metavar="ID", help="A skill acts for it.")
@click.option("--workspace", metavar="NAME", help="It acts in this workspace.")
@click.option("--voucher", metavar="PRINCIPAL", help="Who vouches for it.")
@click.option("--speaks-for", multiple=True, metavar="NAME", help="What the voucher may vouch for.")
@click.option("--purpose", default="", metavar="TEXT", help="What it says it is for.")
@click.option("--approved", is_flag=True, help="As if a human had approved it.")
@json_option
@click.pass_obj
def explain(cli: Cli, /, bundle: str, approved: bool, **words: str | tuple[str, ...] | None) -> None:
    """Show what the policies answer to PRINCIPAL doing ACTION to RESOURCE, and why.

    Nothing is done and nobody is asked. What was granted is what the options say; if they say nothing, what the vault
    knows of PRINCIPAL and of the voucher.
    """
    from palyra_kernel.cli.output import json_out
    from palyra_kernel.policy.engine import PolicyEngine

    asked = _asked(words)
    if bundle in OF_THE_VAULT and not any(words[name] for name in _GRANTED):
        asked = _as_known(cli, asked)
    found = PolicyEngine(chosen(cli, bundle)).explain(*asked, approved=approved)
    if cli.as_json:
        return json_out(found)
    for line in _lines(found):
        click.echo(line)
    return None


def _asked(words: dict[str, str | tuple[str, ...] | None]) -> Asked:
    from palyra_kernel.policy.cases import Case, Who

    given = {name: value or None for name, value in words.items()}
    speaks = given.pop("speaks_for")
    voucher = given.pop("voucher")
    if speaks and not voucher:
        raise click.UsageError("--speaks-for says something of the --voucher")
    who = {plural: given.pop(name) or () for name, plural in _OF_PRINCIPAL.items()}
    more = {"labels": given.pop("label") or (), "needs": given.pop("needs") or ()}
    case = Case(
        name="explain",
        who=Who(principal=given.pop("principal"), **who),  # type: ignore[arg-type]  # click's tuples of text
        answer="allow",
        voucher=Who(principal=voucher, speaks_for=speaks or ()) if voucher else None,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
        **{name: value for name, value in given.items() if value},  # type: ignore[arg-type]
    )
    return case.asked()


def _as_known(cli: Cli, asked: Asked) -> Asked:
    """The same request with what the vault knows of who asks and who vouches."""
    from palyra_kernel.errors import NotFoundError

    with cli.kernel() as kernel, cli.session(kernel, reveals=False) as session:
        known = {member.principal: member.subject() for member in session.principals.list()}
    for each in (asked.subject, asked.voucher):
        if each is not None and each.principal not in known:
            raise NotFoundError(
                "principal_missing",
                f"{each.principal} is not known here, and everything is denied to it",
                hint=f"palyra principals grant {each.principal}; or say what it has: --role, --capability, …",
            )
    voucher = None if asked.voucher is None else known[asked.voucher.principal]
    return asked._replace(subject=known[asked.subject.principal], voucher=voucher)


def _lines(found: Explanation) -> Iterator[str]:
    yield f"{found.answer}: {found.text} ({found.code})"
    for rule in found.rules:
        yield f"  {rule.effect} {rule.id} ({rule.layer})"
    if not found.rules:
        yield "  no rule matches"
    need = found.obligation
    if need is not None:
        own = "may" if need.self_decision else "may not"
        yield f"  approval by {need.quorum} of {', '.join(need.approvers)}; the requester {own} be one"
        yield f"  granted {', '.join(need.options)}; for {need.max_ttl_seconds} s at most"
    for missing in found.missing:
        yield f"  with {missing.grant}: {missing.answer}"
    counts = ", ".join(f"{count} of {layer}" for layer, count in found.layers.items())
    yield f"  rules asked: {counts or 'none'}; bundle {found.version}, digest {found.digest}"
