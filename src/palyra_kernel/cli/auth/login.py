"""``palyra auth login``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.auth.options import for_option
from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.auth.login.attempt import Wanted
    from palyra_kernel.auth.profile import Profile
    from palyra_kernel.cli.auth.asked import Asked
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session
    from palyra_kernel.session.auth_logins import SessionLogins
    from palyra_kernel.values.sensitive import SensitiveBytes

_EPILOG = """\b
Examples:
  palyra auth login openai --client-id app_example
  palyra auth login custom:acme --issuer https://login.example.com --client-id palyra --device
  palyra auth login openai --api-key-stdin --id work --use < key
  palyra auth login --id work
  palyra auth login openai --source env://OPENAI_API_KEY
"""


@click.command("login", epilog=_EPILOG)
@click.argument("provider", required=False)
@click.option("--device", is_flag=True, help="Log in with a code on another device.")
@click.option(
    "--paste", is_flag=True, help="Paste the address that the browser ends at; for another machine's."
)
@click.option("--open", "opens", is_flag=True, help="Open the browser too.")
@click.option("--api-key-stdin", is_flag=True, help="Store a key: from standard input, hidden on a terminal.")
@click.option("--no-check", is_flag=True, help="With a key: do not try it at the provider first.")
@click.option("--source", metavar="REF", help="Read a key from REF at each use, like env://NAME.")
@click.option("--issuer", metavar="URL", help="The issuer, as its own documents write it.")
@click.option("--client-id", metavar="ID", help="What the issuer calls this client.")
@click.option(
    "--client-secret-stdin", is_flag=True, help="The client has a secret: from standard input, or hidden."
)
@click.option(
    "--client-auth",
    type=click.Choice(["basic", "post"]),
    default="basic",
    show_default=True,
    help="How the client shows its secret.",
)
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What the login may do. Repeatable.")
@click.option("--id", metavar="ID", help="The profile: a new one, or one that logs in again.")
@click.option("--name", metavar="NAME", help="What people call it.")
@for_option
@click.option("--use", is_flag=True, help="Make it the default of its provider.")
@click.option(
    "--redirect",
    metavar="URL",
    default="http://127.0.0.1:0/callback",
    show_default=True,
    help="Where the browser comes back to, on this machine; port 0 is any.",
)
@click.option(
    "--timeout",
    type=click.IntRange(10, 1800),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the human.",
)
@json_option
@click.pass_obj
def command(cli: Cli, /, provider: str | None, **options: Any) -> None:
    """Log in at PROVIDER, or store its key, as a new profile or, with --id, again.

    The address to open is printed, with a QR code on a terminal; the browser is opened only with --open. No secret is
    an argument. With --json the address is a line of JSON on standard error.
    """
    from palyra_kernel.cli.auth.asked import Asked, key_from_input
    from palyra_kernel.cli.auth.views import described
    from palyra_kernel.cli.output import say

    asked = Asked(provider=provider, **options)
    asked.check()
    with cli.kernel() as kernel, cli.session(kernel) as session:
        wanted = asked.wanted(kernel, session)
        kind = wanted.profile.kind
        if kind == "source":
            profile = _from_source(session, wanted)
        elif kind == "api_key":
            with key_from_input("API key") as key:
                profile = session.auth.logins.add_key(wanted, key, check=not asked.no_check).profile
        else:
            profile = _login(cli, session.auth.logins, asked, wanted)
    data = described(profile) | {"default": wanted.default}
    used = f", the default for {profile.provider}" if wanted.default else ""
    words = {"oauth": "logged in", "api_key": "stored", "source": "stored"}[profile.kind]
    say(cli, data, f"{words}: {profile.id} ({profile.provider}, {profile.scope}){used}")


def _from_source(session: Session, wanted: Wanted) -> Profile:
    profile = session.auth.save(wanted.profile, expected_ms=wanted.profile.updated_at_ms)
    if wanted.default:
        session.auth.choices.use(profile.id)
    return profile


def _login(cli: Cli, logins: SessionLogins, asked: Asked, wanted: Wanted) -> Profile:
    from palyra_kernel.cli.auth.asked import key_from_input, with_endpoints
    from palyra_kernel.cli.auth.flows import by_code, by_device

    wanted = with_endpoints(logins, wanted)
    secret: SensitiveBytes | None = None
    try:
        if asked.client_secret_stdin:
            secret = key_from_input("Client secret")
        flow = by_device if asked.device else by_code
        return flow(cli, logins, asked, wanted, secret)
    finally:
        if secret is not None:
            secret.wipe()
