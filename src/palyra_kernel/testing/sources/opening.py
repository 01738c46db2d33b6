"""A source is made from the operator's settings, as often as needed, and closing one ends that one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from types import MappingProxyType
from typing import Any

import pytest

from palyra_kernel.contracts.sources import SecretSource, SourcePlace
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.testing.io_calls import reaching_out
from palyra_kernel.testing.sources.base import SourceRules, Store, ask, put, value_of


class OpeningRules(SourceRules):
    """All enabled sources are opened, whether or not anybody will ask them."""

    def test_it_opens_with_its_settings(
        self, source: SecretSource, settings: Mapping[str, Any], store: Store
    ) -> None:
        """A second kernel in one process opens it again; the settings are read only."""
        ref = put(store, b"value")
        with closing(_again(source, MappingProxyType(dict(settings)))) as second:
            assert value_of(ask(second, ref)[ref]) == b"value"

    def test_an_unknown_setting_is_refused(self, source: SecretSource, settings: Mapping[str, Any]) -> None:
        """A misspelt setting that is ignored leaves the default in force, and nobody is told (hazard U9)."""
        with pytest.raises(InvalidInputError) as caught:
            _again(source, {**settings, "no_such_setting": "x"}).close()
        assert caught.value.code == "invalid_config"

    def test_opening_reaches_nobody(self, source: SecretSource, settings: Mapping[str, Any]) -> None:
        """A store that is down must not keep those waiting who never ask it."""
        with reaching_out() as seen:
            _again(source, settings).close()
        assert seen == []

    def test_closing_one_spares_another(
        self, source: SecretSource, settings: Mapping[str, Any], store: Store
    ) -> None:
        """One connection for the whole process ends with the first who closes it."""
        ref = put(store, b"value")
        second = _again(source, settings)
        ask(second, ref)
        second.close()
        assert value_of(ask(source, ref)[ref]) == b"value"


def _again(source: SecretSource, settings: Mapping[str, Any]) -> SecretSource:
    return type(source).open(SourcePlace(settings=settings))
