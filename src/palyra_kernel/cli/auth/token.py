"""``palyra auth token``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.auth.options import whose_options
from palyra_kernel.cli.options import json_option

if TYPE_CHECKING:
    from palyra_kernel.auth.use import TokenLease
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import Session

_EPILOG = """\b
Examples:
  palyra auth token openai
  palyra auth token openai --reveal
  palyra auth token work --reveal --json
  palyra auth token work --reveal --header | curl -H @- https://api.example.com/v1/models
"""


@click.command("token", epilog=_EPILOG)
@click.argument("selector")
@whose_options
@click.option(
    "--reveal", is_flag=True, help="Write the credential to standard output: its exact bytes, no line break."
)
@click.option("--header", is_flag=True, help="With --reveal: the header lines that present it, instead.")
@json_option
@click.pass_obj
def command(cli: Cli, selector: str, agent: str, workspace: str, reveal: bool, header: bool) -> None:
    """Show which credential SELECTOR would get; with --reveal, hand it out, made fresh.

    Without --reveal nothing is decrypted, and nobody is asked. A token that is handed out grows old: ask again for
    each call, or before expires_at of --json.
    """
    from palyra_kernel.auth.selector import Selector
    from palyra_kernel.cli.files import write_stdout
    from palyra_kernel.cli.output import json_out
    from palyra_kernel.cli.reveal import warn_on_screen

    if header and not reveal:
        raise click.UsageError("--header goes with --reveal")
    wanted = Selector.parse(selector, agent=agent, workspace=workspace)
    with cli.kernel() as kernel, cli.session(kernel) as session:
        if not reveal:
            return _show(cli, session, wanted)
        lease = session.auth.get_token(wanted)
        data = _header_lines(lease) if header else lease.reveal()
    warn_on_screen()
    if cli.as_json:
        return json_out(
            _described(lease) | {"headers" if header else "token": _for_json(lease, header=header)}
        )
    return write_stdout(data)


def _header_lines(lease: TokenLease) -> bytes:
    """As ``curl -H @-`` reads them."""
    return b"".join(f"{name}: ".encode() + value.encode() + b"\n" for name, value in _headers(lease).items())


def _headers(lease: TokenLease) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else value.reveal().decode("latin-1")
        for name, value in lease.headers().items()
    }


def _for_json(lease: TokenLease, *, header: bool) -> object:
    return _headers(lease) if header else lease.reveal().decode()


def _described(lease: TokenLease) -> dict[str, Any]:
    from palyra_kernel.cli.auth.views import at_ms

    return {
        "version": 1,
        "profile_id": lease.profile.id,
        "provider": str(lease.profile.provider),
        "credential_type": lease.profile.kind,
        "expires_at": at_ms(lease.expires_at_ms),
    }


def _show(cli: Cli, session: Session, wanted: Any) -> None:
    from palyra_kernel.cli.output import json_out
    from palyra_kernel.errors import NotFoundError, UnavailableError

    found = session.auth.explain(wanted)
    if found.reason_code == "no_candidates":
        raise NotFoundError("no_profile", f"no profile for {wanted}", hint=f"palyra auth login {wanted}")
    chosen = next((each for each in found.candidates if each.selected), None)
    if chosen is None:
        reasons = ", ".join(sorted({each.reason_code for each in found.candidates}))
        raise UnavailableError(
            "no_eligible_profile",
            f"no profile for {wanted} can be used now: {reasons}",
            hint=f"palyra auth profiles explain {wanted}",
        )
    if cli.as_json:
        json_out(
            {
                "version": 1,
                "profile_id": chosen.profile_id,
                "provider": chosen.provider,
                "credential_type": chosen.credential_type,
                "token_state": chosen.token_expiry_state,
                "redacted": True,
            }
        )
        return
    click.echo(
        f"{chosen.profile_id}  <redacted>  {chosen.provider}, {chosen.credential_type}, {chosen.token_expiry_state}"
    )
