"""No blob, and nothing made from one, gets into what people and programs read."""

from __future__ import annotations

import logging
import os
import secrets

import pytest

from palyra_kernel.contracts import BlobBackend
from palyra_kernel.testing.blobs.base import BlobRules, new_id, past, soon
from palyra_kernel.testing.io_calls import reaching_out
from palyra_kernel.testing.leaks import collecting, shows, text_of


class SecrecyRules(BlobRules):
    """A blob is sealed; whoever collects logs must still not get one to work on, nor see which are equal."""

    def provoke(self, backend: BlobBackend, canary: bytes) -> list[Exception]:
        """Put, read and delete *canary*, well and badly; return the errors on the way."""
        errors: list[Exception] = []
        blob_id = new_id()
        for deadline in (soon(), soon(), past()):
            with collecting(errors):
                backend.put({blob_id: canary}, deadline)
        for deadline in (soon(), past()):
            with collecting(errors):
                backend.get([blob_id], deadline)
        with collecting(errors):
            backend.delete([blob_id], past())
        return errors

    def test_errors_show_no_payload(self, backend: BlobBackend) -> None:
        """Database drivers put the parameters of a failed statement into the exception."""
        canary = _new_canary()
        for error in self.provoke(backend, canary):
            assert not shows(text_of(error), canary)

    def test_logs_show_no_payload(self, backend: BlobBackend, caplog: pytest.LogCaptureFixture) -> None:
        """Debug logs of clients show whole requests; somebody will switch them on."""
        canary = _new_canary()
        with caplog.at_level(logging.DEBUG):
            self.provoke(backend, canary)
        assert not shows(caplog.text, canary)

    def test_repr_shows_no_payload(self, backend: BlobBackend) -> None:
        """A generated `repr` prints every field, caches included, into the first traceback with locals."""
        canary, blob_id = _new_canary(), new_id()
        backend.put({blob_id: canary}, soon())
        backend.get([blob_id], soon())
        assert not shows(f"{backend!r} {backend!s}", canary)

    def test_no_program_is_started_with_a_payload(self, backend: BlobBackend) -> None:
        """Every user of the machine reads the arguments of programs; children inherit the environment."""
        canary = _new_canary()
        with reaching_out() as seen:
            self.provoke(backend, canary)
        assert not shows(repr(seen), canary)
        assert not shows(repr(dict(os.environ)), canary)


def _new_canary() -> bytes:
    """Random text: it looks the same plain, escaped, and in UTF-8."""
    return secrets.token_hex(24).encode()
