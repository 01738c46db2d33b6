"""Broken about secrecy."""

import logging

from palyra_kernel.errors import ConflictError
from tests.testing.record_mutants import Healthy, records_of


class QuotesItsInput(Healthy):
    breaks = "test_errors_show_no_value"

    def _refuse(self, checks, puts):
        try:
            super()._refuse(checks, puts)
        except ConflictError as error:
            error.add_note(f"while writing {puts}")
            raise


class LogsItsInput(Healthy):
    breaks = "test_logs_show_no_value"

    def commit(self, checks, puts, deletes):
        for put in puts:
            logging.getLogger(__name__).debug("UPSERT %s", put.value[:40])
        super().commit(checks, puts, deletes)


class PrintsItsCache(Healthy):
    breaks = "test_repr_shows_no_value"

    def __repr__(self):
        return f"Store({records_of(self)})"
