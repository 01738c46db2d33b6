"""What the pages say of events and approvals of devices, against the code."""

from __future__ import annotations

import re
from typing import get_args

from palyra_kernel.identity.pairing.states import APPROVAL_MS, PICKUP_MS
from palyra_kernel.identity.pairing.telling import Step
from palyra_kernel.kernel.identity_events import REFUSALS
from palyra_kernel.policy.bundle import Bundle
from palyra_kernel.policy.rules import RAILS
from tests.docs.pages import ROOT, blocks, page, section, table_rows

EVENTS = section(page("audit-log.md"), "## Devices")
FOLLOWS = section(page("approvals.md"), "## What follows an approval")
IDENTITY = section(page("identity.md"), "## Who may do what")


def test_every_event_of_devices_is_in_the_table():
    """Hazard H29: an event that no page names is read by nobody."""
    listed = set()
    for row in table_rows(EVENTS):
        listed |= {name for name in re.findall(r"`([a-z_.]+)`", row[0]) if "." in name}
    told = {f"pairing.{step}" for step in get_args(Step)}
    for path in (ROOT / "src/palyra_kernel/identity").rglob("*.py"):
        told |= set(re.findall(r'"((?:pairing|device|ca)\.[a-z_]+)"', path.read_text()))
    assert told <= listed
    assert {name for name in listed if name.startswith(("pairing.", "device.", "ca."))} == told


def test_how_many_refusals_are_written_down():
    assert f"{REFUSALS.burst} at once\nand {int(REFUSALS.per_minute)} a minute" in EVENTS


def test_how_long_a_pairing_waits():
    assert (APPROVAL_MS, PICKUP_MS) == (600_000, 3_600_000)
    assert "for 10 minutes at most" in FOLLOWS
    assert "for one hour at most" in FOLLOWS
    (rail,) = [rule for rule in Bundle.default().rules if rule.id == "rail-pairing-asks"]
    assert rail.layer == RAILS
    assert rail.obligation is not None
    assert rail.obligation.max_ttl_seconds * 1000 == PICKUP_MS


def test_the_rule_for_two_people_loads():
    (text,) = blocks(FOLLOWS, "cedar")
    default = Bundle.default()
    loaded = Bundle(default.files | {"organisation-2.cedar": text})
    assert "two-for-devices" in {rule.id for rule in loaded.rules}


def test_every_action_of_an_operator_is_named():
    below = Bundle.default().actions.below
    for action in below["device"] | below["pairing"] | below["ca"]:
        assert f"`{action}`" in IDENTITY + FOLLOWS, action
