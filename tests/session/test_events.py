"""Every method of a session: decided before, done, and written down; or refused, not done, and written down."""

import os

import pytest

from palyra_kernel.errors import ApprovalRequiredError
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.durable.processes import eventually, in_child
from tests.session.acts import ACTS
from tests.session.house import MARKED, ME, NOBODY, PLANNER, SECRETS, STRANGER, Commits, answer


@pytest.fixture
def asking(house):
    """With a request that waits for a human, and a secret that is deleted."""
    house.kernel.vault.put("global/deleted", b"1")
    house.kernel.vault.delete("global/deleted")
    with house.session(PLANNER) as session, pytest.raises(ApprovalRequiredError):
        session.secrets.get(MARKED)
    house.kernel.audit.group.flush()
    house.begun = house.kernel.audit.head().last
    return house


def state(house):
    """Everything that an act could change."""
    kernel = house.kernel
    journal = (b"g/audit/", b"g/journal/")
    records = [
        (stored.key, stored.value)
        for prefix in (b"g/", b"p/")
        for stored in kernel._records.stored(prefix)
        if not stored.key.startswith(journal)
    ]
    return records, {ref: house.value(ref) for ref in SECRETS}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("who", [NOBODY, STRANGER])
def test_what_is_refused_does_not_happen_and_is_durable_before_the_answer(asking, name, who):
    """Hazard P23: refusals and reads left no trace, so nobody saw who tried."""
    act, before = ACTS[name], state(asking)
    with asking.session(who) as session, Commits(asking.kernel) as commits:
        code = answer(
            lambda: None if act.do(session) is None else 1 / 0
        )  # the resolver says blocked: no value
        assert code == "ok" or code.startswith("policy.")
        assert commits.count <= 1  # the subject of an unknown principal is refused before anything is asked
        assert state(asking) == before
        events = asking.durable()
    (event,) = events
    assert (event.action, event.outcome, event.principal) == (act.action, "denied", who)
    assert event.code.startswith("policy.")


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if act.kind == "change"])
def test_what_is_done_is_one_commit_with_its_event(asking, name):
    """Hazard P4: what was done could not be joined to a decision, because the two were written apart."""
    act = ACTS[name]
    with asking.session(ME) as session, Commits(asking.kernel) as commits:
        act.do(session)
        assert commits.count == 1
        (event,) = asking.durable()
    assert (event.action, event.outcome, event.code) == (act.action, "allowed", "policy.allow")
    assert event.principal == ME
    assert event.policy
    assert event.session == session.who.session


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if act.kind != "change"])
def test_a_read_in_a_process_is_grouped_and_written_by_itself(asking, name):
    """Hazard P23: reads were not written down at all, or each cost a commit."""
    act = ACTS[name]
    session = asking.session(ME)
    with Commits(asking.kernel) as commits:
        for _ in range(3):
            act.do(session)
        assert commits.count < 3  # the thread may have been quicker than the third, and not than each
        assert eventually(lambda: sum(event.count for event in asking.durable()) == 3)
        assert commits.count <= 3
    assert {(event.action, event.outcome) for event in asking.durable()} == {(act.action, "allowed")}


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if act.kind == "value"])
def test_a_value_that_leaves_the_process_is_written_down_before(asking, name):
    """Hazard P23: a program printed a secret and died, and no log knew of it."""
    with asking.session(ME, reveals=True) as session, Commits(asking.kernel) as commits:
        ACTS[name].do(session)
        assert commits.count == 1
        (event,) = asking.durable()
    assert (event.action, event.outcome) == ("secret.read", "allowed")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_ends_right_behind_a_value_leaves_the_event(house, places):
    """Hazard P23: the last thing that a crashed program read was in no log."""
    house.close()

    def reads():
        kernel = places.open()
        kernel.session(ME, reveals=True).secrets.get("global/plain").reveal()
        kernel.session(ME, reveals=True).resolver.resolve("vault://plain")
        os._exit(0)

    in_child(reads)
    with places.open() as kernel:
        events = [told.opened.event for told in kernel.audit.tail(2)]
    assert [(event.action, event.outcome) for event in events] == [("secret.read", "allowed")] * 2


def test_misses_and_failures_are_written_down(house):
    """Hazard P23: somebody tried names until one was there, and only that one was in the log."""
    vault = house.kernel.vault
    vault.put("global/gone", b"1")
    vault.delete("global/gone")
    with house.session(ME) as session:
        secrets = session.secrets
        assert answer(lambda: secrets.get("nothing")) == "secret_missing"
        assert answer(lambda: secrets.get_many(["plain", "gone"])) == "deleted"
        assert answer(lambda: secrets.stat("nothing")) == "secret_missing"
        assert answer(lambda: secrets.put("plain", b"2", expected_version=7)) == "version_conflict"
        assert answer(lambda: secrets.put("plain", b"2" * 70_000)) == "value_too_large"
        assert answer(lambda: secrets.undelete("plain")) == "not_deleted"
        assert answer(lambda: secrets.rollback("plain", 9)) == "version_missing"
        assert answer(lambda: session.principals.revoke("agent:nobody")) == "principal_missing"
        assert answer(session.policies.rollback) == "policy_previous_missing"
        assert answer(lambda: session.approvals.show("nothing")) == "approval.missing"
        with session.resolver.resolve("vault://nothing-else") as outcome:
            assert (outcome.status, outcome.value) == ("failed", None)
    assert house.value("global/plain") == SECRETS["global/plain"]
    assert house.told() == [
        ("secret.read", "missing", "secret_missing"),
        ("secret.read", "missing", "deleted"),
        ("secret.read", "missing", "deleted"),
        ("secret.describe", "missing", "secret_missing"),
        ("secret.write", "failed", "version_conflict"),
        ("secret.write", "failed", "value_too_large"),
        ("secret.write", "failed", "not_deleted"),
        ("secret.write", "missing", "version_missing"),
        ("principal.revoke", "missing", "principal_missing"),
        ("policy.apply", "missing", "policy_previous_missing"),
        ("approval.show", "missing", "approval.missing"),
        ("secret.read", "missing", "secret_missing"),
    ]


def test_what_a_room_refuses_is_a_denial_and_durable(house):
    """Hazard P3: answering one's own request, or without the right passphrase, was an error and left no trace."""
    with (
        house.session(ME, tool="shell", session="the tool's") as session,
        pytest.raises(ApprovalRequiredError),
    ):
        session.secrets.get(MARKED)
    own = house.session(ME, session="the tool's")
    first = SensitiveBytes(b"a long enough passphrase")
    own.approvals.set_passphrase(first)
    refused = {
        "approval.self_decision": lambda: ACTS["decide"].do(own),
        "approval.old_passphrase": lambda: own.approvals.set_passphrase(first),
        "approval.wrong_passphrase": lambda: own.approvals.set_passphrase(
            first, old=SensitiveBytes(b"another passphrase")
        ),
    }
    for code, act in refused.items():
        assert answer(act) == code
        assert (asked_last := house.durable()[-1]).code == code
        assert asked_last.outcome == "denied"


def test_the_version_that_a_write_made_is_in_its_event(house):
    """Hazard P20: which version a change made could not be told from the log."""
    with house.session(ME) as session:
        session.secrets.put("plain", b"2")
        session.secrets.put_many({"plain": b"3", "fresh": b"1"})
        session.secrets.delete("fresh")
    assert [(event.resource, event.version) for event in house.events()] == [
        ("secret:global/plain", 2),
        ("secret:global/plain", 3),
        ("secret:global/fresh", 1),
        ("secret:global/fresh", 0),
    ]


def test_an_act_that_fails_on_the_way_is_written_down(house):
    """Hazard P23: a rotation that broke off looked like one that was done."""
    with house.session(ME) as session:
        with pytest.raises(ZeroDivisionError), session.act("vault.rekey", "vault:own"):
            raise ZeroDivisionError
        with pytest.raises(KeyboardInterrupt), session.act("vault.gc", "vault:own"):
            raise KeyboardInterrupt
    assert house.told() == [
        ("vault.rekey", "allowed", "policy.allow"),
        ("vault.rekey", "failed", "internal"),
        ("vault.gc", "allowed", "policy.allow"),
        ("vault.gc", "failed", "interrupted"),
    ]


def test_no_event_has_a_value(house):
    """Hazard P24: the log of accesses held what was accessed."""
    value = b"canary-of-a-value-that-nobody-logs"
    with house.session(ME, reveals=True) as session:
        session.secrets.put("canary", value)
        session.secrets.get("canary").reveal()
        session.decide("tool.execute", "tool:shell", context={"arguments": {"argv": [value.decode()]}})
    with house.kernel.vault.get("canary"):
        assert value.decode() not in repr(house.events())
