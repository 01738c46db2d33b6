"""Values go to the one who asked, and nowhere else."""

from __future__ import annotations

import logging
import os
import secrets
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import pytest

from palyra_kernel.contracts.sources import SecretError, SecretSource
from palyra_kernel.testing.io_calls import reaching_out
from palyra_kernel.testing.leaks import collecting, shows, text_of
from palyra_kernel.testing.sources.base import SourceRules, Store, ask, past, put, soon
from palyra_kernel.values import SensitiveBytes
from palyra_kernel.values.secret_ref import SecretRef

Questions: TypeAlias = Sequence[Sequence[SecretRef]]
"""What is asked together."""


class SecrecyRules(SourceRules):
    """Clients of stores were written to be debugged: their messages and logs quote what they carry (hazard S21)."""

    @pytest.fixture
    def canary(self) -> bytes:
        """Random text: it looks the same plain, escaped, and in UTF-8."""
        return secrets.token_hex(24).encode()

    @pytest.fixture
    def questions(self, store: Store, canary: bytes, nothing: SecretRef) -> Questions:
        """For *canary*, in full and with too small a limit, and for what is not there. It is stored before anybody
        listens: what ``store`` shows is not the source's fault."""
        good = put(store, canary)
        tight = msgspec.structs.replace(good, max_bytes=1)
        return [good], [tight], [nothing, *map(SecretRef.parse, self.malformed)]

    def provoke(self, source: SecretSource, questions: Questions) -> list[str]:
        """Ask the *questions*, in time and too late; return everything that the errors on the way say."""
        raised: list[Exception] = []
        said: list[str] = []
        for refs in questions:
            for deadline in (soon(), past()):
                with collecting(raised):
                    answers = ask(source, *refs, deadline=deadline).values()
                    said += [repr(answer) for answer in answers if isinstance(answer, SecretError)]
        return [*said, *map(text_of, raised)]

    def test_errors_show_no_value(self, source: SecretSource, questions: Questions, canary: bytes) -> None:
        """'Invalid value: …' is the most helpful message there is, and it ends up in the ticket."""
        for text in self.provoke(source, questions):
            assert not shows(text, canary)

    def test_logs_show_no_value(
        self, source: SecretSource, questions: Questions, canary: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Debug logs of clients show whole responses; somebody will switch them on."""
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            self.provoke(source, questions)
        assert not shows(caplog.text, canary)

    def test_warnings_show_no_value(self, source: SecretSource, questions: Questions, canary: bytes) -> None:
        """A warning is printed with the line that caused it, and often with its data."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.provoke(source, questions)
        assert not any(shows(str(warning.message), canary) for warning in caught)

    def test_repr_shows_no_value(self, source: SecretSource, questions: Questions, canary: bytes) -> None:
        """A source keeps no value, so it has none to print into the first traceback with locals."""
        self.provoke(source, questions)
        fields = getattr(source, "__dict__", {})
        assert not shows(f"{source!r} {source!s} {fields!r} {source.capabilities()!r}", canary)

    def test_repr_shows_no_setting(self, source: SecretSource, settings: Mapping[str, Any]) -> None:
        """What opens the store is worth more than anything in it."""
        fields = getattr(source, "__dict__", {})
        for setting in settings.values():
            if isinstance(setting, SensitiveBytes):
                assert not shows(f"{source!r} {source!s} {fields!r}", setting.reveal())

    def test_no_program_is_started_with_a_value(
        self, source: SecretSource, questions: Questions, canary: bytes
    ) -> None:
        """Every user of the machine reads the arguments of programs; children inherit the environment."""
        before = dict(os.environ)
        with reaching_out() as seen:
            self.provoke(source, questions)
        assert not shows(repr(seen), canary)
        assert {name for name, value in os.environ.items() if before.get(name) != value} == set()
