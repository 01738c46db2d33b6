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


def test_an_error_shows_its_message():
    assert shows(text_of(LookupError(SECRET)), SECRET)


def test_an_error_shows_its_attributes():
    error = LookupError("nothing here")
    vars(error)["payload"] = [{"value": SECRET}]
    assert shows(text_of(error), SECRET)


def test_an_error_shows_its_notes():
    error = LookupError("nothing here")
    error.add_note(f"while storing {SECRET!r}")
    assert shows(text_of(error), SECRET)


def test_an_error_shows_its_cause():
    error = LookupError("nothing here")
    error.__cause__ = ValueError(SECRET)
    assert shows(text_of(error), SECRET)


def test_an_error_shows_its_context_unless_cut_off():
    error = LookupError("nothing here")
    error.__context__ = ValueError(SECRET)
    assert shows(text_of(error), SECRET)
    error.__suppress_context__ = True
    assert not shows(text_of(error), SECRET)
