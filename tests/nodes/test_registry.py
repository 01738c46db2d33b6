"""Who is a node, what it says of itself, and how that ends."""

from __future__ import annotations

import pytest

from palyra_kernel.errors import DeniedError, InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.identity.names import KINDS
from palyra_kernel.nodes.capability import Capability, capabilities, capability_name, platform
from palyra_kernel.nodes.heartbeats import PRESENCE
from palyra_kernel.nodes.kinds import MAY, VERBS, require
from palyra_kernel.nodes.ledger import INPUTS, LEASES
from palyra_kernel.nodes.registry import NODES
from tests.identity.devices.registry import NOW
from tests.nodes.world import ECHO, MINUTE

WORKS = {"register", "beat", "take", "answer"}
ASKS = {"invoke", "cancel", "look"}
TABLE = {"node": WORKS, "desktop": WORKS | ASKS, "cli": ASKS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", VERBS)
def test_every_kind_with_every_verb(kind, verb):
    """Hazard H25: the kind of a device was not enforced: a command line registered as a node. All 21 pairs, against a
    table of the test's own."""
    assert MAY.keys() == TABLE.keys()
    if verb in TABLE[kind]:
        require(kind, verb)
        return
    with pytest.raises(DeniedError) as caught:
        require(kind, verb)
    assert caught.value.code == "wrong_device_kind"


@pytest.mark.parametrize("kind", KINDS)
def test_who_registers(gateway, kind):
    """Hazard H25: the kind is what was paired, and not what is in the message. A command line is no node."""
    device = gateway.paired(kind)
    if kind == "cli":
        with pytest.raises(DeniedError) as caught:
            gateway.register(device)
        assert caught.value.code == "wrong_device_kind"
        assert list(gateway.nodes.registry.all()) == []
    else:
        assert gateway.register(device).kind == kind


def test_a_stranger_is_no_node(gateway):
    """Hazard H25: neither a device that was never paired, nor one that was revoked or removed, registers."""
    revoked, removed = gateway.paired(), gateway.paired()
    gateway.end(revoked)
    gateway.end(removed, "plan_remove")
    for device in (revoked, removed, "01JD8Z6N6V4J1G5E1Q0QK5Z9XW"):
        with pytest.raises(DeniedError) as caught:
            gateway.register(device)
        assert caught.value.code == "device_unknown"
    assert list(gateway.nodes.registry.all()) == []


def test_registering_twice_writes_once(gateway):
    """Hazard H37: each message rewrote everything. A node that says what it said before writes nothing; all processes
    see what it says now."""
    device = gateway.node()
    generation = gateway.records.check_head().generation
    first = gateway.register(device)
    gateway.time.pass_ms(MINUTE)
    moment = gateway.records.store.shelf.moment
    assert gateway.register(device) == first
    assert (gateway.records.check_head().generation, gateway.records.store.shelf.moment) == (
        generation,
        moment,
    )
    other = gateway.again()
    gateway.register(device, "camera", ECHO)
    seen = other.nodes.registry.find(device)
    assert [each.name for each in seen.capabilities] == ["camera", ECHO]
    assert (seen.registered_ms, seen.changed_ms) == (NOW, NOW + MINUTE)


def test_the_end_of_a_device_is_the_end_of_its_work(gateway):
    """Hazard H28: a revoked device kept its node record. In the commit of its revocation go its registration, its
    presence, its grants, what waits for it and what it has; nobody can ask it for anything."""
    device, other = gateway.node(), gateway.node()
    gateway.invoke(device)
    held = gateway.begun(device)
    waiting, elsewhere = gateway.invoke(device), gateway.invoke(other)
    gateway.nodes.heartbeats.flush()
    assert gateway.records.read(PRESENCE.key(device)).document is not None
    before = gateway.records.check_head().generation
    gateway.end(device)
    assert gateway.records.check_head().generation == before + 1
    assert {gateway.state(waiting.id), gateway.state(held.lease.id)} == {"cancelled"}
    assert gateway.nodes.registry.get(device) is None
    assert gateway.nodes.grants.of(device) == ()
    assert gateway.nodes.heartbeats.last_seen_ms(device) == 0
    for key in (PRESENCE.key(device), NODES.key(device), LEASES.key(waiting.id), INPUTS.key(waiting.id)):
        assert gateway.records.read(key).document is None
    for act in (gateway.take, gateway.invoke, gateway.register, gateway.grant):
        with pytest.raises(PalyraError):
            act(device)
    with pytest.raises(DeniedError):
        gateway.say(held, "succeed")
    assert gateway.take(other).lease.id == elsewhere.id


def test_a_device_that_comes_back_begins_anew(gateway):
    """Hazard H27: what was granted before the revocation is granted to nobody who was paired again under that id."""
    device = gateway.node()
    key = gateway.devices.devices.find(device)
    number = gateway.nodes.grants.number(device)
    gateway.end(device)
    gateway.devices.unban(device)
    gateway.devices.enrol(key)
    gateway.register(device)
    with pytest.raises(DeniedError) as caught:
        gateway.invoke(device)
    assert caught.value.code == "capability_not_granted"
    gateway.grant(device)
    assert gateway.nodes.grants.number(device) > number + 1


def test_reading_writes_nothing(gateway):
    """Hazard H32: reads rewrote the state. Looking at nodes, lines, leases and grants, and asking for work where there
    is none, leaves the store as it is."""
    device = gateway.node()
    gateway.invoke(device)
    lease = gateway.done(device)
    before = gateway.records.check_head().generation, gateway.records.store.moment()
    other = gateway.again()
    assert list(other.nodes.registry.all())
    assert other.nodes.grants.of(device)
    assert other.nodes.asking.find(lease.id) == lease
    assert other.take(device) is None
    assert other.nodes.heartbeats.last_seen_ms(device) == 0
    assert (gateway.records.check_head().generation, gateway.records.store.moment()) == before


@pytest.mark.parametrize(
    "name", ["", "a" * 65, "Echo", "a b", ".a", "-a", "ä", "a/b", "a\n", "a\x1b", 5, None, b"a"]
)
def test_what_a_capability_is_not_called(name):
    """Hazard H41: names were free text, trimmed and no more."""
    with pytest.raises(InvalidInputError) as caught:
        capability_name(name)
    assert caught.value.code == "invalid_capability"


@pytest.mark.parametrize("name", ["a", "0", "desktop.open_url", "system.health", "a-b_c.9", "a" * 64])
def test_what_a_capability_is_called(name):
    """The names of the field fit."""
    assert capability_name(name) == name


@pytest.mark.parametrize(
    "text", ["", " ", "a" * 65, "a\n", "\x1b[2J", "linux ", " linux", "län", "x" * 1_048_576, 5]
)
def test_what_is_no_platform(text):
    """Hazard H41: a platform of 1 MiB, and one that moves the cursor of whoever lists nodes."""
    with pytest.raises(InvalidInputError) as caught:
        platform(text)
    assert caught.value.code == "invalid_platform"
    assert platform("macOS 15.1 (arm64)")
    assert platform("x")


def test_how_many_capabilities_a_node_has(gateway):
    """Hazard H41: a count without bounds; and a capability that is there twice, once available and once not."""
    device = gateway.paired()
    for offered in (
        [Capability(f"c{n}") for n in range(65)],
        [Capability(ECHO), Capability(ECHO, available=False)],
    ):
        with pytest.raises(InvalidInputError) as caught:
            gateway.nodes.register(device, platform="linux", offered=offered)
        assert caught.value.code == "invalid_capabilities"
    assert len(capabilities([Capability(f"c{n}") for n in range(64)])) == 64


def test_a_node_that_is_not_there(gateway):
    """What was never registered is said to be missing."""
    with pytest.raises(NotFoundError) as caught:
        gateway.nodes.registry.find(gateway.paired())
    assert caught.value.code == "node_missing"
