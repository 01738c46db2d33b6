"""What of an input, an output or an error people see in a list: a line without its secrets."""

from __future__ import annotations

import re

from palyra_kernel.nodes.limits import SUMMARY_CHARS
from palyra_kernel.redact import redact_text

_HEAD = 4096
"""Characters that are enough: what is cut there is not among the first 240, unless secrets are all there is."""
_SPACE = re.compile(r"\s+")


def summary(data: bytes | str) -> str:
    """*data* in up to 240 characters on one line, redacted; no more than its size where it is no text."""
    if isinstance(data, bytes):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return f"{len(data)} bytes"
    else:
        text = data
    shown = redact_text(text[:_HEAD])
    if len(text) > _HEAD and len(shown) < _HEAD // 2:
        shown = redact_text(text)
    line = _SPACE.sub(" ", shown[:_HEAD]).strip()
    return clipped("".join(each if each.isprintable() else "?" for each in line))


def clipped(text: str) -> str:
    """*text*, in 240 characters at most."""
    return text if len(text) <= SUMMARY_CHARS else text[: SUMMARY_CHARS - 3] + "..."
