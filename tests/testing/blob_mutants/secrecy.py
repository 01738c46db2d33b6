"""Broken about secrecy."""

import base64
import logging
import subprocess
from contextlib import suppress

from palyra_kernel.errors import ConflictError
from tests.testing.blob_mutants import Healthy


class QuotesItsInput(Healthy):
    breaks = "test_errors_show_no_payload"

    def put(self, blobs, deadline):
        try:
            super().put(blobs, deadline)
        except ConflictError:
            raise ConflictError("blob_exists", "a blob exists") from ValueError(
                next(iter(blobs.values())).hex()
            )


class LogsItsInput(Healthy):
    breaks = "test_logs_show_no_payload"

    def put(self, blobs, deadline):
        for blob in blobs.values():
            logging.getLogger(__name__).debug("PUT %s", base64.b64encode(b"{" + blob[:40] + b"}"))
        super().put(blobs, deadline)


class PrintsItsCache(Healthy):
    breaks = "test_repr_shows_no_payload"

    def __repr__(self):
        return f"Backend({self.shelf.blobs})"


class PassesArguments(Healthy):
    breaks = "test_no_program_is_started_with_a_payload"

    def put(self, blobs, deadline):
        super().put(blobs, deadline)
        for blob in blobs.values():
            if len(blob) == 48:
                with suppress(OSError):
                    subprocess.run(["no-such-tool-anywhere", "store", blob.hex()], check=False)
