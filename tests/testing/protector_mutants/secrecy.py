"""Broken about secrecy."""

import logging

from palyra_kernel.errors import IntegrityError
from tests.testing.protector_mutants import Healthy


class QuotesItsInput(Healthy):
    breaks = "test_errors_show_no_key"

    def wrong_key(self, unlock):
        return IntegrityError(
            "wrong_key", "this does not open the slot", hint=repr(unlock.passphrase.reveal())
        )


class LogsItsInput(Healthy):
    breaks = "test_logs_show_no_key"

    def unwrap(self, slot, context, unlock):
        opened = super().unwrap(slot, context, unlock)
        logging.getLogger(__name__).debug("unwrapped %s", list(opened.reveal()))
        return opened


class KeepsTheKey(Healthy):
    breaks = "test_repr_shows_no_key"

    def unwrap(self, slot, context, unlock):
        opened = super().unwrap(slot, context, unlock)
        self.last = opened.reveal()
        return opened
