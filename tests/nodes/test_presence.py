"""Whether a node is there, and what it costs to know."""

from __future__ import annotations

from itertools import pairwise

import pytest

from palyra_kernel.nodes.heartbeats import LAG_MS, PAUSE_MS, PRESENCE, ROWS_AT_ONCE
from palyra_kernel.nodes.presence import ONLINE_MS, STALE_MS, presence
from tests.identity.devices.registry import NOW
from tests.nodes.world import MINUTE, Gateway


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, "online"),
        (ONLINE_MS - 1, "online"),
        (ONLINE_MS, "stale"),
        (STALE_MS - 1, "stale"),
        (STALE_MS, "offline"),
        (-1, "offline"),
    ],
)
def test_one_function_for_everybody(age, expected):
    """Hazard H40: three thresholds in three places: a node was there for one and gone for another. One function, at
    each of its edges; what is degraded is stale at best; a time that is still to come says nothing."""
    assert presence(NOW, NOW + age) == expected
    assert presence(NOW, NOW + age, degraded=True) == ("stale" if expected == "online" else expected)
    assert presence(0, NOW + age) == "offline"


def test_everybody_agrees_on_a_sweep_of_time(gateway):
    """Hazard H40: on a sweep of six minutes, the process that hears the node and one that reads what was written
    never differ; only the clock of the gateway is asked."""
    device = gateway.node()
    gateway.nodes.heartbeats.beat(device)
    assert gateway.nodes.heartbeats.flush() == 1
    reader = gateway.again()
    node = gateway.nodes.registry.find(device)
    for _ in range(360):
        assert gateway.nodes.heartbeats.presence(node) == reader.nodes.heartbeats.presence(node)
        gateway.time.pass_ms(1_000)
    assert gateway.nodes.heartbeats.presence(node) == "offline"
    gateway.nodes.heartbeats.beat(device)
    assert gateway.nodes.heartbeats.presence(node) == "online"
    gateway.register(device, available=False)
    assert gateway.nodes.heartbeats.presence(gateway.nodes.registry.find(device)) == "stale"


def test_beats_are_in_memory(parts):
    """Hazard H37: each heartbeat rewrote all state. A hundred nodes at 1 Hz for ten minutes, by two gateways: at most
    one write in five seconds between them, and each node's row at most once in fifteen."""
    commits = []
    gateway = Gateway(parts.records)
    other = gateway.again()
    nodes = [gateway.node(granted=False) for _ in range(100)]
    before = len(list(gateway.records.stored(PRESENCE.prefix)))
    assert before == 0
    for second in range(600):
        for number, device in enumerate(nodes):
            (gateway, other)[number % 2].nodes.heartbeats.beat(device)
        for each in (gateway, other):
            rows = each.nodes.heartbeats.flush()
            if rows:
                commits.append((second, rows))
        gateway.time.pass_ms(1_000)
    moments = [second for second, _ in commits]
    assert all(later - earlier >= PAUSE_MS / 1000 for earlier, later in pairwise(moments))
    assert sum(rows for _, rows in commits) <= 100 * (600_000 // LAG_MS + 1)
    assert len(list(gateway.records.stored(PRESENCE.prefix))) == 101


def test_a_write_has_an_end(gateway, monkeypatch):
    """Hazard H37: a write that grows with the number of nodes stops all others. A thousand at a time, those that wait
    longest first."""
    monkeypatch.setattr("palyra_kernel.nodes.heartbeats.ROWS_AT_ONCE", 3)
    nodes = [gateway.node(granted=False) for _ in range(7)]
    beats, written = gateway.nodes.heartbeats, []
    while rows := beats.flush():
        written.append(rows)
        gateway.time.pass_ms(PAUSE_MS)
    assert written == [3, 3, 1]
    assert all(gateway.again().nodes.heartbeats.last_seen_ms(device) == NOW for device in nodes)
    assert ROWS_AT_ONCE == 1_000


def test_a_write_that_waited_counts_from_its_end(gateway, monkeypatch):
    """Hazard H37: under load a commit waits for its turn, and the next one, on time, came half a second behind it."""
    gateway.node(granted=False)
    beats, commit = gateway.nodes.heartbeats, gateway.records.commit

    def late(change):
        gateway.time.pass_ms(PAUSE_MS // 2)
        commit(change)

    with monkeypatch.context() as patch:
        patch.setattr(gateway.records, "commit", late)
        assert beats.flush() == 1
    gateway.node(granted=False)
    gateway.time.pass_ms(PAUSE_MS - 1)
    assert beats.flush() == 0
    gateway.time.pass_ms(1)
    assert beats.flush() == 1


def test_who_is_no_node_is_forgotten(gateway):
    """Hazard H28: a beat that was heard before the revocation wrote the presence of a device that is gone."""
    device, other = gateway.node(), gateway.again()
    for each in (gateway, other):
        each.nodes.heartbeats.beat(device)
    gateway.end(device)
    gateway.time.pass_ms(MINUTE)
    assert other.nodes.heartbeats.flush() == 0
    assert gateway.records.read(PRESENCE.key(device)).document is None
    assert other.nodes.heartbeats.last_seen_ms(device) == 0


def test_a_clock_that_was_set_back_keeps_nobody_alive(gateway):
    """Hazard H40: with the clock an hour back, what was written in the hour to come would be fresh for an hour. It says
    nothing; the next beat does, and is written."""
    device = gateway.node()
    gateway.nodes.heartbeats.beat(device)
    gateway.nodes.heartbeats.flush()
    gateway.time.pass_ms(-60 * MINUTE)
    node = gateway.nodes.registry.find(device)
    assert gateway.nodes.heartbeats.presence(node) == "offline"
    gateway.nodes.heartbeats.beat(device)
    assert gateway.nodes.heartbeats.presence(node) == "online"
    assert gateway.nodes.heartbeats.flush() == 1
    assert gateway.again().nodes.heartbeats.presence(node) == "online"


def test_presence_that_is_damaged_was_never_there(gateway):
    """Hazard H32: a torn file stopped the start. A row of presence that means nothing is that of a node that was not
    seen yet."""
    device = gateway.node()
    for document in (b"{", b'{"format":9,"at_ms":1}', b"\xff"):

        def damage(change, document=document):
            change.put(PRESENCE.key(device), document)

        gateway.act(damage)
        assert gateway.again().nodes.heartbeats.last_seen_ms(device) == 0
