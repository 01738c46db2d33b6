"""What the helpers share: a vault that opens without a question, names of secrets, and credentials as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import msgspec

from palyra_kernel.cli.files import write_stdout
from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.key_segment import key_segment

if TYPE_CHECKING:
    from typing import BinaryIO

    from palyra_kernel import Kernel, VaultRef
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.session import SessionSecrets

MAX_INPUT = 131_072
"""Bytes that a helper reads: twice the largest value that a vault takes by default."""


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """A credential as JSON, in the vault and on the way. No ``repr`` shows it."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: redacted>"


_Document = TypeVar("_Document", bound=Document)


def key_of(tool: str, *names: str) -> str:
    """The key in scope ``global`` of what *tool* calls *names*: ``TOOL/NAME/NAME``, see :func:`key_segment`."""
    return "/".join((tool, *map(key_segment, names)))


def open_quietly(cli: Cli) -> Kernel:
    """Open the vault. Unlike :meth:`Cli.kernel` it never asks: who reads our output would not show the question."""
    from palyra_kernel.kernel import Kernel

    return Kernel.open(
        state_root=cli.state_root, config_dir=cli.config_dir, plugins=cli.plugins, unlock=cli.unlock()
    )


def protocol_input(cli: Cli) -> BinaryIO:
    """Standard input, which is the other program's alone."""
    if "-" in (cli.passphrase_file, cli.recovery_file):
        raise InvalidInputError("usage", "standard input cannot be both a key file and the request")
    if sys.stdin is None:
        raise InvalidInputError("no_input", "standard input is closed")
    return sys.stdin.buffer


def write_json(document: Document | dict[str, str]) -> None:
    """Write one line of JSON: the exact bytes, with a line feed on Windows too."""
    write_stdout(msgspec.json.encode(document) + b"\n")


def read_document(secrets: SessionSecrets, ref: str | VaultRef, shape: type[_Document]) -> _Document | None:
    """The credential behind *ref*; None if there is none. Raises :class:`InvalidInputError` ``not_a_credential``."""
    try:
        with secrets.get(ref) as secret:
            return decode_json(secret.view(), shape)
    except NotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # Outside of the block: a decoder's error holds the secret, and would hang on ours.
    fields = ", ".join(field.encode_name for field in msgspec.structs.fields(shape) if field.required)
    raise InvalidInputError("not_a_credential", f"{ref} is no JSON object with {fields} as text")


def store_document(secrets: SessionSecrets, key: str, document: Document) -> None:
    """Store *document*, unless it is there already: git says after each success what it was told before."""
    data = msgspec.json.encode(document)
    try:
        with secrets.get(key) as secret:
            if secret == data:
                return
    except NotFoundError:
        pass  # so it is stored now
    secrets.put(key, data, content_type="application/json")
