"""What is answered: JSON in one form, and of errors no more than the peer may know."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from palyra_kernel.errors import (
    ConflictError,
    DeniedError,
    InvalidInputError,
    NotFoundError,
    PalyraError,
    UnavailableError,
)
from palyra_kernel.redact import redact_text

_STATUS: tuple[tuple[type[PalyraError], int], ...] = (
    (InvalidInputError, 400),
    (DeniedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnavailableError, 503),
)
_BODIES = {"body_too_large": 413, "body_late": 408}


def as_json(document: object, status: int = 200) -> Response:
    """*document* as JSON, bytes in base64."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def raw_json(document: bytes) -> Response:
    """*document*, which is JSON already, byte for byte."""
    return Response(document, media_type="application/json")


def status_of(error: PalyraError) -> int:
    """The HTTP status for the class of *error*."""
    if error.code in _BODIES:
        return _BODIES[error.code]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def told(error: PalyraError) -> Response:
    """For a user of this machine: everything, without secrets."""
    return as_json({"error": _shown(error, words=True)}, status_of(error))


def named(error: PalyraError) -> Response:
    """For a device: what kind, and which code. Words, paths and hints are for the gateway's people."""
    return as_json({"error": _shown(error, words=False)}, status_of(error))


def _shown(error: PalyraError, *, words: bool) -> dict[str, str | None]:
    shown: dict[str, str | None] = {"kind": error.kind, "code": error.code}
    if words:
        shown["message"] = redact_text(error.message)
        shown["hint"] = None if error.hint is None else redact_text(error.hint)
    return shown
