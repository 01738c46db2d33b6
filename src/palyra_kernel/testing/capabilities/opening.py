"""A capability is opened with the node, and asked only later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from palyra_kernel.contracts.capabilities import Capability, CapabilityPlace
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.testing.capabilities.base import CapabilityRules, asked
from palyra_kernel.testing.io_calls import reaching_out


class OpeningRules(CapabilityRules):
    """All enabled capabilities are opened when a node starts."""

    def test_it_opens_with_its_settings(self, capability: Capability, place: CapabilityPlace) -> None:
        """A node that starts anew opens it again; the settings are read only."""
        _again(capability, place, MappingProxyType(dict(place.settings))).close()

    def test_an_unknown_setting_is_refused(self, capability: Capability, place: CapabilityPlace) -> None:
        """A misspelt setting that is ignored leaves the default in force, and nobody is told (hazard U9)."""
        with pytest.raises(InvalidInputError) as caught:
            _again(capability, place, {**place.settings, "no_such_setting": "x"}).close()
        assert caught.value.code == "invalid_config"

    def test_opening_reaches_nobody(self, capability: Capability, place: CapabilityPlace) -> None:
        """What is not there must be unavailable, not keep the node from starting."""
        with reaching_out() as seen:
            _again(capability, place, place.settings).close()
        assert seen == []

    def test_closing_one_spares_another(
        self, capability: Capability, place: CapabilityPlace, good: Sequence[bytes]
    ) -> None:
        """One connection for the whole process ends with the first who closes it."""
        with closing(_again(capability, place, place.settings)):
            pass
        for each in good:
            asked(capability, each)


def _again(capability: Capability, place: CapabilityPlace, settings: Mapping[str, Any]) -> Capability:
    return type(capability).open(msgspec.structs.replace(place, settings=settings))
