"""What a source says about itself is true, and quick to ask."""

from __future__ import annotations

import inspect
import re

from palyra_kernel.contracts.sources import SecretSource, SourceCapabilities
from palyra_kernel.testing.io_calls import io_calls
from palyra_kernel.testing.sources.base import SourceRules
from palyra_kernel.values.secret_ref import SecretRef

_METHODS = ("open", "capabilities", "resolve", "batch_key", "refuses", "close")


class SelfReportRules(SourceRules):
    """How a source is asked, and what its values cost, follows from these answers alone."""

    def test_the_scheme_can_be_written(self, source: SecretSource) -> None:
        """It stands in every configuration file, and in front of `://`; one with a capital is never found."""
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", source.scheme)

    def test_capabilities_are_sane(self, source: SecretSource) -> None:
        """'Yes' and 1 are true by accident, and an unknown cache class has no rule at all."""
        capabilities = source.capabilities()
        assert isinstance(capabilities, SourceCapabilities)
        assert type(capabilities.may_block) is bool
        assert type(capabilities.batch) is bool
        assert capabilities.cache in ("local", "remote")

    def test_capabilities_need_no_io(self, source: SecretSource) -> None:
        """They are asked on every call, and before there is a thread that could be abandoned."""
        assert io_calls(source.capabilities) == []

    def test_transforms_are_known(self, source: SecretSource) -> None:
        """A misspelt transform fails each reference, a bare string is a list of letters."""
        assert isinstance(source.default_transforms, tuple)
        assert set(source.default_transforms) <= {"strip_newline", "base64", "hex"}
        assert type(source.fragment_is_id) is bool

    def test_the_batch_key_is_text_and_stays(self, source: SecretSource, nothing: SecretRef) -> None:
        """A key that changes from call to call makes every batch one reference long."""
        assert isinstance(source.batch_key(nothing), str)
        assert source.batch_key(nothing) == source.batch_key(nothing)

    def test_no_method_is_a_coroutine(self, source: SecretSource) -> None:
        """Nobody awaits it: the caller gets an object that never does anything."""
        for name in _METHODS:
            method = getattr(source, name)
            assert not inspect.iscoroutinefunction(method), name
            assert not inspect.isasyncgenfunction(method), name
