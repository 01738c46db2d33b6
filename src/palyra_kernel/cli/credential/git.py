"""``palyra credential git``, installed as ``git-credential-palyra`` too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from palyra_kernel.cli.credential.git_protocol import Credential, place_of, read_attributes, written
from palyra_kernel.cli.credential.helper import (
    MAX_INPUT,
    key_of,
    open_quietly,
    protocol_input,
    read_document,
    store_document,
)
from palyra_kernel.cli.files import write_stdout

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import SessionSecrets

_EPILOG = """\b
Examples:
  git config --global credential.helper palyra
  git config --global credential.https://example.org.username alice
"""


@click.command("git", epilog=_EPILOG)
@click.argument("operation", metavar="get|store|erase")
@click.pass_obj
def command(cli: Cli, operation: str) -> None:
    """Answer git: attributes on standard input, and for get the user and password on standard output.

    One secret is kept for each user of a place, git/PLACE/USER, a JSON object with username and password. No answer
    means that there is none. Operations of later versions of git are passed over.
    """
    act = {"get": _get, "store": _store, "erase": _erase}.get(operation)
    if act is None:
        return
    attributes = read_attributes(protocol_input(cli), MAX_INPUT)
    place = place_of(attributes)
    with open_quietly(cli) as kernel, cli.session(kernel) as session:
        act(session.secrets, place, attributes)


def _get(secrets: SessionSecrets, place: str, attributes: Mapping[str, str]) -> None:
    for _, credential in _kept(secrets, place, attributes.get("username")):
        write_stdout(written(credential))
        return


def _store(secrets: SessionSecrets, place: str, attributes: Mapping[str, str]) -> None:
    if "username" not in attributes or "password" not in attributes:
        return  # nothing that could be given back: a token of another kind, for example
    credential = Credential(
        username=attributes["username"],
        password=attributes["password"],
        password_expiry_utc=attributes.get("password_expiry_utc"),
        oauth_refresh_token=attributes.get("oauth_refresh_token"),
    )
    store_document(secrets, key_of("git", place, credential.username), credential)


def _erase(secrets: SessionSecrets, place: str, attributes: Mapping[str, str]) -> None:
    for key, credential in _kept(secrets, place, attributes.get("username")):
        # The password that was refused may not be the one that was stored meanwhile.
        if attributes.get("password") in (None, credential.password):
            secrets.delete(key)


def _kept(secrets: SessionSecrets, place: str, username: str | None) -> Iterator[tuple[str, Credential]]:
    """What is kept for *place*, of one user or of all: then the one stored last comes first."""
    if username is None:
        found = secrets.list(prefix=f"{key_of('git', place)}/")
        found.sort(key=lambda secret: (secret.updated_at, secret.ref.key), reverse=True)
        keys = [secret.ref.key for secret in found]
    else:
        keys = [key_of("git", place, username)]
    for key in keys:
        credential = read_document(secrets, key, Credential)
        if credential is not None and username in (None, credential.username):
            yield key, credential
