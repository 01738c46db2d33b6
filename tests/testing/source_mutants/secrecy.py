"""Broken about secrecy."""

import logging
import subprocess
import warnings
from contextlib import suppress

import msgspec

from palyra_kernel.values import SensitiveBytes
from tests.testing.source_mutants import Healthy


class QuotesTheValue(Healthy):
    breaks = "test_errors_show_no_value"

    def too_large(self, value):
        return msgspec.structs.replace(super().too_large(value), hint=f"it begins with {value[:20]!r}")


class LogsTheAnswer(Healthy):
    breaks = "test_logs_show_no_value"

    def found(self, ref, value):
        logging.getLogger(__name__).debug("200 OK %s", list(value))
        return super().found(ref, value)


class WarnsOfTheValue(Healthy):
    breaks = "test_warnings_show_no_value"

    def found(self, ref, value):
        warnings.warn(f"not a passphrase: {value.hex()}", stacklevel=1)
        return super().found(ref, value)


class RemembersTheValue(Healthy):
    breaks = "test_repr_shows_no_value"

    def found(self, ref, value):
        self.last = value
        return super().found(ref, value)


class RemembersItsToken(Healthy):
    breaks = "test_repr_shows_no_setting"

    @classmethod
    def open(cls, place):
        opened = super().open(place)
        token = place.settings["token"]
        assert isinstance(token, SensitiveBytes)
        opened.token = token.reveal().decode()
        return opened


class PassesArguments(Healthy):
    breaks = "test_no_program_is_started_with_a_value"

    def found(self, ref, value):
        if len(value) == 48:
            with suppress(OSError):
                subprocess.run(["no-such-tool-anywhere", "check", value.decode()], check=False)
        return super().found(ref, value)
