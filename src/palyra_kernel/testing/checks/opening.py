"""A check is made from the operator's settings, as often as needed, and closing one ends that one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import Any

import pytest

from palyra_kernel.contracts.checks import CheckPlace, PolicyCheck
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.testing.checks.base import CheckRules, ask
from palyra_kernel.testing.io_calls import reaching_out
from palyra_kernel.values.decisions import ActionRequest


class OpeningRules(CheckRules):
    """All enabled checks are opened with the vault."""

    def test_it_opens_with_its_settings(
        self, check: PolicyCheck, settings: Mapping[str, Any], questions: Sequence[ActionRequest]
    ) -> None:
        """A second kernel in one process opens it again; the settings are read only."""
        with closing(_again(check, MappingProxyType(dict(settings)))) as second:
            assert [ask(second, each) for each in questions] == [ask(check, each) for each in questions]

    def test_an_unknown_setting_is_refused(self, check: PolicyCheck, settings: Mapping[str, Any]) -> None:
        """A misspelt setting that is ignored leaves the default in force, and nobody is told (hazard U9)."""
        with pytest.raises(InvalidInputError) as caught:
            _again(check, {**settings, "no_such_setting": "x"}).close()
        assert caught.value.code == "invalid_config"

    def test_opening_reaches_nobody(self, check: PolicyCheck, settings: Mapping[str, Any]) -> None:
        """A server that is down must deny, not keep the vault from being opened and repaired."""
        with reaching_out() as seen:
            _again(check, settings).close()
        assert seen == []

    def test_closing_one_spares_another(
        self, check: PolicyCheck, settings: Mapping[str, Any], questions: Sequence[ActionRequest]
    ) -> None:
        """One connection for the whole process ends with the first who closes it."""
        before = [ask(check, each) for each in questions]
        _again(check, settings).close()
        assert [ask(check, each) for each in questions] == before


def _again(check: PolicyCheck, settings: Mapping[str, Any]) -> PolicyCheck:
    return type(check).open(CheckPlace(settings=settings))
