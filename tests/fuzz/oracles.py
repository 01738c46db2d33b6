"""What every target is judged by, and where a target may write."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from palyra_kernel.errors import PalyraError

P = ParamSpec("P")
T = TypeVar("T")

VECTORS = Path(__file__).parents[1] / "vectors"
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


def result(parse: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What *parse* returns, or None if it refuses with an error of ours, which must be fit to print.

    Any other exception goes through: it is the finding.
    """
    try:
        return parse(*args, **kwargs)
    except PalyraError as error:
        refusal = error
    assert type(refusal) is not PalyraError, "an internal error is no answer to bad input"
    assert _CODE.fullmatch(refusal.code)
    for text in (refusal.message, refusal.hint or ""):
        assert text.isprintable(), "a message carries control characters to the terminal"
    return None


@cache
def folder() -> Path:
    """A private folder of this process, removed when it ends."""
    made = tempfile.TemporaryDirectory(prefix="palyra-fuzz-")
    atexit.register(made.cleanup)
    return Path(made.name).resolve()


def written(name: str, data: bytes) -> Path:
    """The file *name* of :func:`folder`, with *data* and mode 0600. A new file each time: a file system may sync one
    that is cut to nothing and written again."""
    path = folder() / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    return path


def checksummed(document: bytes) -> bytes:
    """*document* as a whole file of ours: what gets past the checksum, and only then meets the parser."""
    checksum = hashlib.sha256(document).hexdigest().encode()
    return b'{"checksum": "' + checksum + b'",\n"document": ' + document + b"}\n"


@cache
def vectors(name: str) -> Any:
    """The golden file ``tests/vectors/NAME.json``."""
    return json.loads((VECTORS / f"{name}.json").read_text())
