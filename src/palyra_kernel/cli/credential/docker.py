"""``palyra credential docker``, installed as ``docker-credential-palyra`` too."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click
import msgspec

from palyra_kernel import __version__
from palyra_kernel.cli.credential.helper import (
    MAX_INPUT,
    Document,
    key_of,
    open_quietly,
    protocol_input,
    read_document,
    store_document,
    write_json,
)
from palyra_kernel.cli.files import read_bounded, write_stdout
from palyra_kernel.errors import InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.values.decoding import decode_json

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Examples, in ~/.docker/config.json:
  {"credsStore": "palyra"}                        for every registry
  {"credHelpers": {"ghcr.io": "palyra"}}          for one
"""
_FAILED = 1


class Credential(Document, frozen=True, rename="pascal"):
    """What docker gives and takes, and what is kept."""

    server_url: str = msgspec.field(name="ServerURL")
    username: str
    secret: str


@click.command("docker", epilog=_EPILOG)
@click.argument("operation", metavar="store|get|erase|list|version")
@click.pass_obj
def command(cli: Cli, operation: str) -> int:
    """Answer docker: a server or a credential on standard input, the answer on standard output.

    One secret is kept for each server, docker/SERVER, a JSON object with ServerURL, Username and Secret. As docker
    wants it, errors go to standard output too, and end with 1.
    """
    try:
        act = _OPERATIONS.get(operation)
        if act is None:
            raise InvalidInputError("usage", f"Unknown credential action `{operation}`")
        act(cli)
    except PalyraError as error:
        write_stdout(f"{error.message}\n".encode())
        return _FAILED
    return 0


def _store(cli: Cli) -> None:
    try:
        credential = decode_json(_request(cli), Credential)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        credential = None
    if credential is None:
        raise InvalidInputError(
            "invalid_request", "the request is no JSON object with ServerURL, Username and Secret"
        )
    if not credential.username:
        raise InvalidInputError("invalid_request", "no credentials username")
    with open_quietly(cli) as kernel, cli.session(kernel) as session:
        store_document(session.secrets, key_of("docker", _named(credential.server_url)), credential)


def _get(cli: Cli) -> None:
    server = _server(cli)
    with open_quietly(cli) as kernel, cli.session(kernel) as session:
        credential = read_document(session.secrets, key_of("docker", server), Credential)
    if credential is None:
        # docker knows this sentence, and goes on without a password.
        raise NotFoundError("secret_missing", "credentials not found in native keychain")
    write_json(credential)


def _erase(cli: Cli) -> None:
    server = _server(cli)
    with open_quietly(cli) as kernel, cli.session(kernel) as session:
        session.secrets.delete(key_of("docker", server))


def _list(cli: Cli) -> None:
    users: dict[str, str] = {}
    with open_quietly(cli) as kernel, cli.session(kernel) as session:
        for secret in session.secrets.list(prefix="docker/"):
            with suppress(InvalidInputError):  # somebody keeps something else under such a name
                credential = read_document(session.secrets, secret.ref, Credential)
                if credential is not None:
                    users[credential.server_url] = credential.username
    write_json(users)


def _version(_cli: Cli) -> None:
    write_stdout(f"docker-credential-palyra (palyra-kernel) v{__version__}\n".encode())


_OPERATIONS = {"store": _store, "get": _get, "erase": _erase, "list": _list, "version": _version}


def _request(cli: Cli) -> bytes:
    return read_bounded(protocol_input(cli), MAX_INPUT, what="the request")


def _server(cli: Cli) -> str:
    try:
        server = _request(cli).decode()
    except UnicodeDecodeError:
        server = ""
    return _named(server.strip())


def _named(server: str) -> str:
    if not server:
        raise InvalidInputError("invalid_request", "no credentials server URL")
    return server
