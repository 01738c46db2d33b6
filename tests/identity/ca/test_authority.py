"""One CA for a store, whose keys fit, and whose certificates are all written down."""

import threading
from itertools import pairwise

import pytest

from palyra_kernel.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
)
from palyra_kernel.identity.ca import issued
from palyra_kernel.identity.ca.documents import AUTHORITY, ISSUED_HEAD, IssuedHead
from palyra_kernel.identity.ca.issued import IDENTITY_ISSUED
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.times import BACKDATED_MS, DAY
from palyra_kernel.identity.certificates.verifying import verify_device
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.names import new_device_id
from palyra_kernel.identity.roles import plan_role, role_of
from palyra_kernel.records import Change
from tests.identity.gateway import Gateway
from tests.identity.making import DEVICE, DOMAIN, IDENTITY, NOW


def test_what_is_made_first(gateway):
    """Hazard H20: one CA for everything, made once. Root and issuing CA, each with its own key in the vault."""
    state = gateway.authority.check()
    assert (state.domain, state.bundle) == (DOMAIN, NOW // 1000)
    assert state.signing.parent == state.root.id
    assert gateway.secret_names() == sorted([f"ca/{state.root.id}", f"ca/{state.signing.id}", "signer"])
    assert role_of(gateway.authority.documents) == "gateway"


def test_nothing_is_there_before(tmp_path):
    empty = Gateway(tmp_path / "empty", made=False)
    with pytest.raises(NotFoundError) as caught:
        empty.authority.state()
    assert caught.value.code == "ca_missing"
    assert role_of(empty.authority.documents) is None


@pytest.mark.parametrize(
    ("domain", "error"), [("other.example", ConflictError), ("Palyra", InvalidInputError)]
)
def test_another_trust_domain(gateway, domain, error):
    with pytest.raises(error):
        gateway.authority.ensure(domain)
    assert gateway.authority.state().domain == DOMAIN


def test_threads_that_all_are_first(tmp_path):
    """Hazard H34: a race at the first start gave two CAs, and devices of the one that lost."""
    gateway = Gateway(tmp_path / "gateway", made=False)
    found, start = [], threading.Barrier(16)

    def run():
        authority = gateway.process()
        start.wait()
        found.append(authority.ensure(DOMAIN))

    threads = [threading.Thread(target=run) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert {state.root.id for state in found} == {gateway.authority.check().root.id}
    assert len(gateway.secret_names()) == 3


def test_a_device_gets_a_chain_that_verifies(gateway):
    made = gateway.issue()
    roots = gateway.authority.bundle().roots
    assert verify_device(made.chain, roots, DOMAIN, gateway.now) == DEVICE
    assert (made.begin_ms, made.end_ms) == (NOW - BACKDATED_MS, NOW + DAY)


def test_every_certificate_is_in_the_log(gateway):
    """Whoever asks later which certificates there were has to be answered in full."""
    made = [gateway.issue(new_device_id(NOW)) for _ in range(5)]
    entries = list(gateway.authority.log.entries())
    assert entries == [each.entry for each in made]
    assert [entry.sequence for entry in entries] == [1, 2, 3, 4, 5]
    assert gateway.authority.log.verify() == 5
    assert all(one.before != two.before for one, two in pairwise(entries))
    assert list(gateway.authority.log.entries(after=3, limit=1)) == [made[3].entry]


def test_what_is_not_committed_was_not_issued(gateway):
    """Hazard H33: memory was ahead of the disk after a write that failed."""
    change = Change()
    gateway.authority.plan_device(change, device=DEVICE, identity=IDENTITY, key=new_key().public_key())
    assert list(gateway.authority.log.entries()) == []
    assert gateway.issue().entry.sequence == 1


def test_two_that_issue_at_once(gateway):
    """One number for two certificates, and one of them is missing in the log."""
    changes = [Change(), Change()]
    for change in changes:
        gateway.authority.plan_device(change, device=DEVICE, identity=IDENTITY, key=new_key().public_key())
    gateway.records.commit(changes[0])
    with pytest.raises(ConflictError) as caught:
        gateway.records.commit(changes[1])
    assert caught.value.code == "record_changed"
    assert gateway.issue().entry.sequence == 2
    assert gateway.authority.log.verify() == 2


def test_a_ca_that_was_rotated_meanwhile_issues_nothing(gateway):
    """A leaf under a CA that is gone would be refused by everybody, a day later or at once."""
    change = Change()
    gateway.authority.plan_device(change, device=DEVICE, identity=IDENTITY, key=new_key().public_key())
    gateway.process().rotate()
    with pytest.raises(ConflictError):
        gateway.records.commit(change)


def test_the_oldest_entries_go(gateway):
    """Hazard H37: history grew without a limit."""
    for _ in range(4):
        gateway.issue()
        gateway.now += DAY // 2
    log = gateway.authority.log
    assert [log.prune(NOW + 2 * DAY), log.prune(NOW + 2 * DAY)] == [2, 0]
    assert [entry.sequence for entry in log.entries()] == [3, 4]
    assert log.verify() == 2
    gateway.issue()
    assert log.verify() == 3
    gateway.now += 32 * DAY
    gateway.authority.tend()
    assert [log.verify(), list(log.entries())] == [0, []]
    assert gateway.issue().entry.sequence == 6
    assert log.verify() == 1


def test_many_are_forgotten_at_once(gateway, monkeypatch):
    """Hazard H37: whoever was off for long has more to forget than fits in one commit."""
    monkeypatch.setattr(issued, "_BATCH", 3)
    monkeypatch.setattr(issued, "_MOST_BATCHES", 2)
    for _ in range(8):
        gateway.issue()
    log = gateway.authority.log
    assert [log.prune(NOW + 2 * DAY) for _ in range(3)] == [6, 2, 0]
    assert log.verify() == 0


def test_a_ca_that_goes_between_two_reads(gateway, monkeypatch):
    """Hazard H34: the key of a CA that another process just rotated out is gone, and that is no damage."""
    other, signer = gateway.process(), gateway.authority._secrets.signer
    for ask in (gateway.issue, gateway.authority.check, gateway.authority.signers, gateway.authority.rotate):
        once = [1]

        def late(ca, once=once):
            if once and once.pop():
                other.rotate_emergency()
            return signer(ca)

        monkeypatch.setattr(gateway.authority._secrets, "signer", late)
        ask()
    gateway.authority.check()


def broken(gateway, edit):
    """The records as somebody with the keys of the store would leave them: only the chain itself can tell."""
    change = Change()
    edit(change)
    gateway.records.commit(change)
    with pytest.raises(IntegrityError) as caught:
        gateway.process().log.verify()
    assert caught.value.code == "issued_damaged"


def entry_key(number):
    return IDENTITY_ISSUED.key(number.to_bytes(8, "big"))


@pytest.mark.parametrize(
    "edit",
    [
        lambda change, first, _second: change.put(entry_key(1), first.replace(b"device:", b"server:")),
        lambda change, _first, second: change.put(entry_key(2), second.replace(b"device:", b"server:")),
        lambda change, first, second: (change.put(entry_key(1), second), change.put(entry_key(2), first)),
        lambda change, _first, _second: change.delete(entry_key(1)),
        lambda change, _first, _second: change.delete(entry_key(2)),
        lambda change, _first, second: change.put(entry_key(3), second),
        lambda change, _first, _second: change.put(entry_key(2), b"{}"),
        lambda change, _first, _second: change.put(entry_key(2), b"\xff"),
    ],
    ids=["edited", "last edited", "swapped", "first missing", "last missing", "added", "empty", "no JSON"],
)
def test_a_log_that_was_changed(gateway, edit):
    for _ in range(2):
        gateway.issue()
    first, second = (gateway.records.read(entry_key(number)).document for number in (1, 2))
    broken(gateway, lambda change: edit(change, first, second))


def test_a_record_of_another_day(gateway):
    """Hazard H35: a record that is put back as it was is refused."""
    shelf = gateway.parts.store.shelf.records
    old = shelf[AUTHORITY]
    gateway.authority.rotate()
    shelf[AUTHORITY] = old
    with pytest.raises(IntegrityError) as caught:
        gateway.process().state()
    assert caught.value.code == "set_tampered"


def test_a_store_has_one_role(gateway, tmp_path):
    """Hazard H36: a node host wrote its own record over the gateway's CA key; and the reverse."""
    change = Change()
    with pytest.raises(ConflictError) as caught:
        plan_role(change, gateway.authority.documents, "device")
    assert caught.value.code == "other_role"
    device = Gateway(tmp_path / "device", made=False)

    def plan() -> Change:
        change = Change()
        plan_role(change, device.authority.documents, "device")
        return change

    commit(device.records, plan)
    commit(device.records, plan)  # and again: it stays one
    with pytest.raises(ConflictError) as caught:
        device.process().ensure(DOMAIN)
    assert caught.value.code == "other_role"
    assert device.secret_names() == []
    assert role_of(device.authority.documents) == "device"


def test_two_roles_at_once(tmp_path):
    """Hazard H36: whoever comes second has to see the first."""
    gateway = Gateway(tmp_path / "gateway", made=False)
    changes = [Change(), Change()]
    plan_role(changes[0], gateway.authority.documents, "device")
    plan_role(changes[1], gateway.authority.documents, "gateway")
    gateway.records.commit(changes[0])
    with pytest.raises(ConflictError):
        gateway.records.commit(changes[1])


def test_the_head_of_the_log_is_one_of_its_own(gateway):
    gateway.issue()
    head = gateway.authority.documents.read(ISSUED_HEAD, IssuedHead)[1]
    assert (head.first, head.next) == (1, 2)
