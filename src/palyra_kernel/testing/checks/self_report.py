"""What a check says about itself is true."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Sequence

import pytest

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.testing.checks.base import CheckRules, ask
from palyra_kernel.testing.io_calls import io_calls
from palyra_kernel.values.decisions import ActionRequest

_METHODS = ("open", "objection", "close")
_PICKLING = ("dump", "dumps", "load", "loads", "Pickler", "Unpickler")


class SelfReportRules(CheckRules):
    """Where a check runs, and what its denials are called, follows from these answers alone."""

    def test_the_name_can_be_written(self, check: PolicyCheck) -> None:
        """It stands in configuration files, and between two colons in the code of each denial."""
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", check.name)

    def test_may_block_is_true_or_false(self, check: PolicyCheck) -> None:
        """'Yes' and 1 are true by accident."""
        assert type(check.may_block) is bool

    def test_what_does_not_block_does_no_io(
        self, check: PolicyCheck, questions: Sequence[ActionRequest]
    ) -> None:
        """A file on a share that is gone hangs like a server does, and only what declares `may_block` can be left
        behind. Read what you need when you are opened."""
        if check.may_block:
            pytest.skip("may_block is True")
        for request in questions:
            ask(check, request)  # what is imported on the first call was read once
            assert io_calls(lambda request=request: ask(check, request)) == []  # type: ignore[misc]

    def test_nothing_is_pickled(
        self, check: PolicyCheck, questions: Sequence[ActionRequest], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever can write what is unpickled runs code where acts are decided on."""
        for name in _PICKLING:
            monkeypatch.setattr(pickle, name, _refuse)
        for request in questions:
            ask(check, request)

    def test_no_method_is_a_coroutine(self, check: PolicyCheck) -> None:
        """Nobody awaits it: the answer is an object that is neither None nor a reason."""
        for name in _METHODS:
            method = getattr(check, name)
            assert not inspect.iscoroutinefunction(method), name
            assert not inspect.isasyncgenfunction(method), name


def _refuse(*_arguments: object, **_options: object) -> None:
    raise AssertionError("the check pickles")
