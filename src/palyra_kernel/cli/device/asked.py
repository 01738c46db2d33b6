"""The code of a pairing, from whoever types it or from standard input; never from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palyra_kernel.cli.context import ask_hidden, on_terminal
from palyra_kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from palyra_kernel.identity.pairing.codes import Scanned
    from palyra_kernel.values.sensitive import SensitiveBytes

_MOST_BYTES = 1024


def asked_code(*, stdin: bool) -> Scanned:
    """A PIN code or the text of a QR code. Raises :class:`InvalidInputError` ``invalid_code``, ``no_terminal``,
    ``no_input``."""
    from palyra_kernel.identity.pairing.codes import parse_pin, parse_qr

    with _typed() if not stdin else _piped() as typed:
        text = typed.reveal().decode("ascii", "replace").strip()
    return parse_qr(text) if text.startswith("palyra-pair:") else parse_pin(text)


def _typed() -> SensitiveBytes:
    if not on_terminal():
        raise InvalidInputError(
            "no_terminal", "there is no terminal to ask for the code on", hint="add --code-stdin"
        )
    return ask_hidden("Pairing code")


def _piped() -> SensitiveBytes:
    import sys

    from palyra_kernel.cli.files import read_bounded
    from palyra_kernel.values.sensitive import SensitiveBytes

    if sys.stdin is None:
        raise InvalidInputError("no_input", "standard input is closed")
    return SensitiveBytes.adopt(bytearray(read_bounded(sys.stdin.buffer, _MOST_BYTES, what="a pairing code")))
