"""``palyra principals``: who may act, and what was granted to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.options import confirm, json_option, yes_option
from palyra_kernel.cli.output import json_out, moment, say, table

if TYPE_CHECKING:
    from palyra_kernel.access.member import Grants, Member
    from palyra_kernel.cli.context import Cli

_GRANT = """\b
Examples:
  palyra principals grant user:1001 --role Operator --workspace lab
  palyra principals grant agent:planner --capability SecretsRead
  palyra principals grant channel:slack:T024BE7LD
  palyra principals grant service:slack --speaks-for channel:slack:T024BE7LD
"""
_REVOKE = """\b
Examples:
  palyra principals revoke agent:planner --capability SecretsRead
  palyra principals revoke user:1001
"""
_LIST = """\b
Example:
  palyra principals list --json
"""


@click.group("principals")
def command() -> None:
    """Who may act, and what was granted to them.

    WHO is user:UID, agent:NAME, device:ID, channel:NAME:ACCOUNT, token:ID or service:NAME. The user who made the
    vault is Owner. What a role or a grant is good for is said by the policies: `palyra policy explain`.
    """


def _grants(ask: Any) -> Any:
    """The options that name grants."""
    for option in (
        click.option("--role", multiple=True, metavar="ROLE", help="Owner, Admin or Operator."),
        click.option("--workspace", multiple=True, metavar="NAME", help="A workspace that WHO belongs to."),
        click.option("--group", multiple=True, metavar="NAME", help="A group that policies speak of."),
        click.option("--speaks-for", multiple=True, metavar="WHO", help="A principal, or skill:ID."),
        click.option("--capability", multiple=True, metavar="NAME", help="Like SecretsRead."),
    ):
        ask = option(ask)
    return ask


@command.command("list", epilog=_LIST)
@json_option
@click.pass_obj
def list_principals(cli: Cli) -> None:
    """List everybody that the vault knows."""
    with cli.kernel() as kernel, cli.session(kernel) as session:
        members = session.principals.list()
    if cli.as_json:
        json_out({"principals": [_described(member) for member in members]})
    else:
        table(("Principal", "Grants", "Known since"), [_row(member) for member in members])


@command.command("grant", epilog=_GRANT)
@click.argument("who")
@_grants
@json_option
@click.pass_obj
def grant(cli: Cli, /, who: str, **given: tuple[str, ...]) -> None:
    """Make WHO known, and add to what it has."""
    grants = _read(given)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        member = session.principals.grant(who, grants)
    say(cli, _described(member), f"{member.principal}: {_shown(member.grants) or 'known, with no grants'}")


@command.command("revoke", epilog=_REVOKE)
@click.argument("who")
@_grants
@yes_option
@json_option
@click.pass_obj
def revoke(cli: Cli, /, who: str, yes: bool, **given: tuple[str, ...]) -> None:
    """Take grants from WHO; without options everything, and WHO is unknown from then on."""
    grants = _read(given) if any(given.values()) else None
    with cli.kernel() as kernel, cli.session(kernel) as session:
        taken = "everything" if grants is None else _shown(grants)
        confirm(f"Take {taken} from {who}?", yes=yes)
        session.principals.revoke(who, grants)
    say(cli, {"revoked": who, "grants": taken}, f"{who}: {taken} is taken away")


def _read(given: dict[str, tuple[str, ...]]) -> Grants:
    from palyra_kernel.access.member import Grants

    plural = {"role": "roles", "workspace": "workspaces", "group": "groups", "capability": "capabilities"}
    named: dict[str, Any] = {
        plural.get(name, name): tuple(sorted(set(names))) for name, names in given.items()
    }
    return Grants(**named)


def _described(member: Member) -> dict[str, Any]:
    import msgspec

    from palyra_kernel.values.ids import to_datetime

    grants = msgspec.structs.asdict(member.grants)
    return {"principal": str(member.principal), **grants, "added_at": to_datetime(member.added_at_ms)}


def _row(member: Member) -> Sequence[str]:
    from palyra_kernel.values.ids import to_datetime

    return (str(member.principal), _shown(member.grants), moment(to_datetime(member.added_at_ms)))


def _shown(grants: Grants) -> str:
    words: list[str] = [*grants.roles]
    words += [f"workspace {name}" for name in grants.workspaces]
    words += [f"group {name}" for name in grants.groups]
    words += [f"speaks for {name}" for name in grants.speaks_for]
    words += list(grants.capabilities)
    return ", ".join(words)
