"""Every state of a device and everything that can happen to it, against a table."""

import itertools

import pytest
from msgspec.structs import replace

from palyra_kernel.errors import ConflictError, PalyraError
from palyra_kernel.records import Change
from tests.identity.devices.registry import HINT, NOW, Registry, device_of, leaf_at

STATES = ("unknown", "banned", "active", "unused", "revoked", "removed", "removed_banned")
EVENTS = ("enrol", "other_key", "issue", "use", "ask", "replace", "revoke", "remove", "unban")

# What becomes of it, or the code of the refusal. "unused" is active, with no certificate that was ever used.
TABLE = {
    "unknown": {
        "enrol": "unused",
        "other_key": "unused",
        "issue": "device_missing",
        "use": "device_missing",
        "ask": "device_missing",
        "replace": "device_missing",
        "revoke": "banned",
        "remove": "device_missing",
        "unban": "device_not_banned",
    },
    "banned": {
        "enrol": "device_banned",
        "other_key": "device_banned",
        "issue": "device_missing",
        "use": "device_missing",
        "ask": "device_missing",
        "replace": "device_missing",
        "revoke": "device_revoked",
        "remove": "device_missing",
        "unban": "unknown",
    },
    "active": {
        "enrol": "active",
        "other_key": "device_key_changed",
        "issue": "active",
        "use": "active",
        "ask": "active",
        "replace": "unused",
        "revoke": "revoked",
        "remove": "removed",
        "unban": "device_not_banned",
    },
    "unused": {
        "enrol": "unused",
        "other_key": "device_key_changed",
        "issue": "unused",
        "use": "active",
        "ask": "unused",
        "replace": "unused",
        "revoke": "revoked",
        "remove": "removed",
        "unban": "device_not_banned",
    },
    "revoked": {
        "enrol": "device_banned",
        "other_key": "device_banned",
        "issue": "device_revoked",
        "use": "device_revoked",
        "ask": "device_revoked",
        "replace": "device_banned",
        "revoke": "device_revoked",
        "remove": "removed_banned",
        "unban": "removed",
    },
    "removed": {
        "enrol": "unused",
        "other_key": "device_key_changed",
        "issue": "device_removed",
        "use": "device_removed",
        "ask": "device_removed",
        "replace": "unused",
        "revoke": "revoked",
        "remove": "device_removed",
        "unban": "device_not_banned",
    },
    "removed_banned": {
        "enrol": "device_banned",
        "other_key": "device_banned",
        "issue": "device_removed",
        "use": "device_removed",
        "ask": "device_removed",
        "replace": "device_banned",
        "revoke": "device_revoked",
        "remove": "device_removed",
        "unban": "removed",
    },
}


class Actor:
    """One device and all that can be done to it."""

    def __init__(self, registry):
        self.registry = registry
        self.device = device_of()
        self.id = self.device.id
        self.leaf = leaf_at(NOW)

    def bring_to(self, state):
        match state:
            case "unknown":
                return
            case "banned":
                self.do("revoke")
                return
        self.registry.enrol(self.device, self.leaf)
        if state != "unused":
            self.registry.use(self.id, self.leaf)
        if state in ("revoked", "removed_banned"):
            self.do("revoke")
        if state in ("removed", "removed_banned"):
            self.do("remove")

    def do(self, event):
        registry, ulid = self.registry, self.id
        match event:
            case "enrol":
                registry.enrol(replace(self.device, paired_at_ms=NOW), leaf_at(NOW))
            case "other_key":
                registry.enrol(device_of(id=ulid), leaf_at(NOW))
            case "issue":
                registry.issue(ulid, leaf_at(NOW))
            case "use":
                registry.use(ulid, self.leaf)
            case "ask":
                registry.ask_renewal(ulid)
            case "replace":
                newcomer = device_of(id=ulid)
                registry.replace(registry.devices.replacement(newcomer), newcomer, leaf_at(NOW))
            case "revoke":
                registry.revoke(ulid)
            case "remove":
                registry.remove(ulid)
            case "unban":
                registry.unban(ulid)

    def state(self):
        banned = self.registry.revocations.device(self.id) is not None
        try:
            device = self.registry.devices.find(self.id)
        except PalyraError:
            return "banned" if banned else "unknown"
        if device.state == "active":
            assert not banned
            return "unused" if device.certificate is None else "active"
        if device.state == "revoked":
            assert banned
            return "revoked"
        return "removed_banned" if banned else "removed"


def test_the_table_has_every_cell():
    assert {(state, event) for state in TABLE for event in TABLE[state]} == set(
        itertools.product(STATES, EVENTS)
    )


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_meets_every_event(registry, parts, state, event):
    """Hazards H10 and H18: there were no guards; what had been refused could be approved, and removing a ban was a
    matter of removing the device. A refusal leaves everything as it was."""
    actor, wanted = Actor(registry), TABLE[state][event]
    actor.bring_to(state)
    assert actor.state() == state
    before = parts.records.check_head().generation
    if wanted in STATES:
        actor.do(event)
        assert actor.state() == wanted
    else:
        with pytest.raises(PalyraError) as caught:
            actor.do(event)
        assert caught.value.code == wanted
        assert actor.state() == state
        assert parts.records.check_head().generation == before
    assert other_view(parts, actor) == actor.state()  # what is stored reads the same to another process


def other_view(parts, actor):
    other = Actor(Registry(parts.records))
    other.id = actor.id
    return other.state()


@pytest.mark.parametrize(
    ("state", "event"), [(s, e) for s in STATES for e in EVENTS if TABLE[s][e] in STATES]
)
def test_of_many_that_planned_the_same_step_one_wins(registry, parts, state, event):
    """Hazard H34 of two writers that know nothing of each other: 32 plans of one moment, one is committed."""
    actor = Actor(registry)
    actor.bring_to(state)
    plans = [planned(actor, event) for _ in range(32)]
    if not (plans[0].puts or plans[0].deletes):
        assert (state, event) == ("active", "use")  # the second use is no news: there is nothing to win
        return
    for change in plans:
        del change.checks[HINT]  # it would do that too, and is a hint
    won = [committed(parts, change) for change in plans]
    assert won.count(None) == 1
    assert won.count("record_changed") == 31
    assert actor.state() == TABLE[state][event]


def committed(parts, change):
    """None, or the code of the refusal."""
    try:
        parts.records.commit(change)
    except ConflictError as error:
        return error.code
    return None


def planned(actor, event):
    change, devices, ulid = Change(), actor.registry.devices, actor.id
    match event:
        case "enrol":
            devices.plan_enrol(change, actor.device, leaf_at(NOW))
        case "other_key":
            devices.plan_enrol(change, device_of(id=ulid), leaf_at(NOW))
        case "issue":
            devices.plan_certificate(change, ulid, leaf_at(NOW), now_ms=NOW)
        case "use":
            devices.plan_first_use(change, ulid, actor.leaf.print, now_ms=NOW)
        case "ask":
            devices.plan_ask_renewal(change, ulid)
        case "replace":
            newcomer = device_of(id=ulid)
            shown = devices.replacement(newcomer)
            devices.plan_replace_key(change, shown, newcomer, leaf_at(NOW), now_ms=NOW)
        case "revoke":
            devices.plan_revoke(change, ulid, "lost", now_ms=NOW)
        case "remove":
            devices.plan_remove(change, ulid, "sold", now_ms=NOW)
        case "unban":
            devices.plan_unban(change, ulid)
    return change
