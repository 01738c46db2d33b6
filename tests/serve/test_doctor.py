"""What ``palyra doctor`` says of a gateway."""

from __future__ import annotations

import pytest

from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.pairing.attempts import Pins
from palyra_kernel.kernel.identity_health import identity_findings
from palyra_kernel.records import Change
from palyra_kernel.values.ids import now_ms

DAY = 86_400_000


@pytest.fixture
def gateway(kernel):
    kernel.identity.start()
    return kernel


def found(kernel):
    return {finding.code: finding.severity for finding in identity_findings(kernel)}


def at(kernel, days):
    clock = Clock(now_ms=lambda: now_ms() + days * DAY)
    kernel.identity.clock = kernel.identity.authority.clock = clock


def test_a_vault_that_is_no_gateway_has_nothing_to_say(kernel):
    assert found(kernel) == {}


def test_a_gateway_in_order_has_nothing_to_say(gateway):
    assert found(gateway) == {}


@pytest.mark.parametrize("days", [30, 60])
def test_a_ca_that_nobody_looked_after(gateway, days):
    """Hazard H19: what expired was noticed by the devices that could not come in any more."""
    at(gateway, days)
    assert found(gateway) == {"ca_overdue": "warning"}


def test_a_clock_that_was_set_back(gateway):
    """Hazard H20: certificates from the future, and nobody who says why they are refused."""
    at(gateway, -1)
    assert found(gateway) == {"clock_behind": "error"}


def test_pins_that_somebody_closed(gateway):
    codes = gateway.identity.pairings.codes
    change = Change()
    codes.plan_pins(change, codes.pins()[0], Pins(closed=True))
    gateway._records.commit(change)
    assert found(gateway) == {"pins_closed": "warning"}
