"""QR codes: on a terminal, and in a file. What is drawn is a secret, so it goes nowhere else."""

from __future__ import annotations

import io
import sys

from palyra_kernel.cli.files import write_private

_SCALE = 8
_BORDER = 4
"""Light modules around a code, as ISO/IEC 18004 wants them."""


def draw(text: str) -> None:
    """Draw *text* on standard output, if that is a terminal: on a pipe there is nobody with a camera."""
    if not sys.stdout.isatty():
        return
    import segno

    segno.make_qr(text, error="l").terminal(out=sys.stdout, compact=True, border=2)


def write_svg(text: str, path: str) -> None:
    """Draw *text* in the new file *path*, which is for its owner alone. Raises :class:`ConflictError` ``exists``."""
    import segno

    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", scale=_SCALE, border=_BORDER, light="white")
    write_private(path, drawn.getvalue())
