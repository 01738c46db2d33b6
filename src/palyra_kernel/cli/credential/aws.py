"""``palyra credential aws``: the ``credential_process`` of an AWS profile."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import click
import msgspec

from palyra_kernel.cli.credential.helper import Document, open_quietly, read_document, write_json
from palyra_kernel.errors import NotFoundError
from palyra_kernel.values.refs import VaultRef

if TYPE_CHECKING:
    from palyra_kernel.cli.context import Cli

_EPILOG = """\b
Example, in ~/.aws/config:
  [profile deploy]
  credential_process = palyra credential aws aws/deploy
"""
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Key(Document, frozen=True, rename="pascal", tag_field="Version", tag=1):
    """What is kept, with names as AWS prints them, and what is answered."""

    access_key_id: _Text
    secret_access_key: _Text
    session_token: _Text | None = None
    expiration: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


@click.command("aws", epilog=_EPILOG)
@click.argument("ref")
@click.pass_obj
def command(cli: Cli, ref: str) -> None:
    """Print the access key REF for an AWS program.

    REF is a JSON object with AccessKeyId and SecretAccessKey, and perhaps SessionToken and Expiration; with #FIELD
    what `aws iam create-access-key` (#AccessKey) or `aws sts` (#Credentials) printed will do as it is.
    """
    parsed = VaultRef.parse(ref)
    with open_quietly(cli) as kernel, cli.session(kernel) as session:
        key = read_document(session.secrets, parsed, Key)
    if key is None:
        raise NotFoundError(
            "secret_missing", f"there is no access key {parsed}", hint=f"palyra secrets set {parsed.bare}"
        )
    write_json(key)
