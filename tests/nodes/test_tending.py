"""What is over is forgotten in time, and nothing of it stays in the store."""

from __future__ import annotations

from palyra_kernel.nodes.ledger import INPUTS, KEYS, LEASES, OUTPUTS, PAST
from tests.identity.devices.registry import DAY
from tests.nodes.world import MINUTE, Gateway

ALL = (LEASES, INPUTS, KEYS, PAST, OUTPUTS)


def rows(gateway):
    """How many rows the store has of leases, the deleted ones included."""
    shelf = gateway.records.store.shelf.records
    return {
        namespace.name: sum(key.startswith(namespace.prefix) for key in shelf)
        for namespace in ALL
        if any(key.startswith(namespace.prefix) for key in shelf)
    }


def test_the_history_has_an_end(parts):
    """Hazard H37: the history grew without bounds. A week behind it nothing of a lease is left: no record, no name, no
    row of one that was deleted."""
    gateway = Gateway(parts.records)
    device = gateway.node()
    for number in range(5):
        gateway.invoke(device, key=f"k{number}")
        gateway.done(device)
    gateway.nodes.tend()
    assert rows(gateway) == {"node_past": 5, "node_keys": 5, "node_outputs": 5}
    gateway.time.pass_ms(2 * 60 * MINUTE)
    gateway.nodes.tend()
    assert rows(gateway) == {"node_past": 5, "node_keys": 5}
    gateway.time.pass_ms(7 * DAY)
    fresh = gateway.invoke(device, key="k0") if gateway.nodes.tend() == 0 else None
    assert fresh is not None
    assert rows(gateway) == {"node_leases": 1, "node_inputs": 1, "node_keys": 1}


def test_what_another_process_left_behind_goes_too(parts):
    """Hazard H37: who deleted a record was killed before its row was forgotten. With the history go the rows of all
    that a lease ever had."""
    gateway = Gateway(parts.records)
    device = gateway.node()
    gateway.invoke(device)
    gateway.done(device)
    assert rows(gateway)["node_leases"] == 1  # deleted, and not forgotten
    gateway.time.pass_ms(8 * DAY)
    gateway.again().nodes.tend()
    assert rows(gateway) == {}


def test_the_history_has_a_size(parts):
    """Hazard H37: a thousand leases a minute are ten million a week. The oldest go when there are too many; a key that
    is in use again stays."""
    gateway = Gateway(parts.records, history=3)
    device = gateway.node()
    first = [gateway.invoke(device, key=f"k{number}").id for number in range(5)]
    for _ in first:
        gateway.done(device)
        gateway.time.pass_ms(1)
    gateway.nodes.tend()
    left = {lease.id for lease in gateway.nodes.ledger.all(past=True)}
    assert len(left) == 3
    assert rows(gateway) == {"node_past": 3, "node_keys": 3, "node_outputs": 3}


def test_what_time_has_ended_is_written_down(parts):
    """Hazard H30: rows were stuck after a restart. Whatever is overdue is over after the next tidying up, of whichever
    device, by whichever process; what is not stays."""
    gateway = Gateway(parts.records)
    one, two = gateway.node(), gateway.node()
    gateway.invoke(one, within_ms=MINUTE)
    gateway.invoke(two, within_ms=MINUTE)
    gateway.begun(one)
    late = gateway.invoke(two, within_ms=2 * MINUTE)
    gateway.time.pass_ms(MINUTE)
    again = gateway.again()
    assert again.nodes.tend() == 2
    assert [each.id for each in gateway.nodes.ledger.all(past=False)] == [late.id]
    assert len(gateway.dispatch.line(one)) == 0
    assert again.nodes.tend() == 0


def test_tidying_up_has_an_end(parts, monkeypatch):
    """Hazard H38: work that grows with the number of records stops everything else. A few leases at a time, and all of
    them in the end, again and again."""
    monkeypatch.setattr("palyra_kernel.nodes.tending._LOOKED_AT", 2)
    gateway = Gateway(parts.records)
    for _ in range(5):
        gateway.invoke(gateway.node(), within_ms=2 * MINUTE)
    assert [gateway.nodes.tend() for _ in range(2)] == [0, 0]
    gateway.time.pass_ms(2 * MINUTE)
    assert sum(gateway.nodes.tend() for _ in range(5)) == 5
    late = gateway.invoke(gateway.node(), within_ms=MINUTE)
    gateway.time.pass_ms(MINUTE)
    assert sum(gateway.nodes.tend() for _ in range(2)) == 1
    assert gateway.nodes.ledger.live(late.id) is None


def test_tidying_up_writes_nothing_where_nothing_is_due(gateway):
    """Hazard H37: whatever runs every few seconds runs all year."""
    device = gateway.node()
    gateway.invoke(device)
    gateway.nodes.tend()
    before = gateway.records.check_head().generation
    gateway.time.pass_ms(1_000)
    gateway.nodes.tend()
    assert gateway.records.check_head().generation == before


def test_two_that_tidy_up_at_once_do_no_harm(parts):
    """Hazard H34: two gateways on one store."""
    gateway = Gateway(parts.records, history=0)
    other, device = gateway.again(history=0), gateway.node()
    for _ in range(3):
        gateway.invoke(device)
        other.done(device)
    gateway.nodes.tend()
    other.nodes.tend()
    assert rows(gateway) == {}
