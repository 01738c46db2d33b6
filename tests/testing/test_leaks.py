"""The kits find a secret in every usual form, and are not alarmed by what is none."""

import base64
import hashlib
import secrets

import pytest

from palyra_kernel.testing.leaks import shows, text_of

SECRET = secrets.token_bytes(32)

FORMS = {
    "plain": SECRET.decode("latin-1"),
    "escaped": repr(SECRET),
    "hex": SECRET.hex(),
    "upper-hex": SECRET.hex().upper(),
    "numbers": str(list(SECRET)),
    "one-number": str(int.from_bytes(SECRET, "big")),
    "base64": base64.b64encode(SECRET).decode(),
    "base64-behind-one-byte": base64.b64encode(b"\0" + SECRET).decode(),
    "base64-behind-two-bytes": base64.b64encode(b"\0\0" + SECRET).decode(),
    "url-base64": base64.urlsafe_b64encode(SECRET).decode(),
    "digest": hashlib.sha256(SECRET).hexdigest(),
    "half": SECRET[8:24].hex(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_found(form):
    assert shows(f"stored <{form}> just now", SECRET)


def test_something_else_is_not_found():
    assert not shows(repr(secrets.token_bytes(64)) + secrets.token_hex(64), SECRET)


@pytest.mark.parametrize("place", ["message", "attribute", "note", "cause", "context"])
def test_an_error_shows_everything_it_carries(place):
    error = LookupError("nothing here" if place != "message" else SECRET)
    if place == "attribute":
        error.payload = SECRET
    if place == "note":
        error.add_note(f"while storing {SECRET}")
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as inner:
            if place == "context":
                raise error  # noqa: B904  # the implicit chain is the point
            raise error from (inner if place == "cause" else None)
    except LookupError as caught:
        assert shows(text_of(caught), SECRET)


def test_what_from_none_cut_off_is_not_shown():
    try:
        try:
            raise ValueError(SECRET)
        except ValueError:
            raise LookupError("nothing here") from None
    except LookupError as caught:
        assert not shows(text_of(caught), SECRET)
