"""Many at the same time: a grant for once is used once, and what changed since a decision is noticed."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from palyra_kernel import Kernel
from palyra_kernel.access.member import Grants
from palyra_kernel.errors import ApprovalRequiredError, PalyraError
from palyra_kernel.policy.bundle import Bundle
from tests.session.acts import other_bundle
from tests.session.house import MARKED, ME, OTHER, PLANNER, READER, SECRETS, answer

spawn = multiprocessing.get_context("spawn")
MANY = 50
ASKS = "secret.read.approval_required"


def granted(house, who=PLANNER):
    with house.session(who) as session, pytest.raises(ApprovalRequiredError) as caught:
        session.secrets.get(MARKED)
    house.decide(str(caught.value.hint).rpartition(" ")[2])


def test_fifty_threads_and_one_grant(house):
    """Hazard P27: of two uses of one approval at the same moment both were let through."""
    granted(house)
    together = threading.Barrier(MANY)

    def use(_number):
        with house.session(PLANNER) as session:
            together.wait(60)
            return answer(lambda: session.secrets.get(MARKED))

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(use, range(MANY)))
    assert sorted(answers) == ["ok"] + [ASKS] * (MANY - 1)
    reads = [event for event in house.events() if event.action == "secret.read"]
    assert sum(event.outcome == "allowed" for event in reads) == 1
    with house.session(ME) as session:
        assert [each.state for each in session.approvals.list()] == ["pending"]  # the losers ask, as one


def use_it(state_root, config_dir, ready, go, answers):
    """One process; it says what it got."""
    folders = {"state_root": state_root, "config_dir": config_dir}
    with Kernel.open(**folders, plugins=["file"]) as kernel, kernel.session(PLANNER) as session:
        ready.release()
        go.wait(120)
        answers.put([answer(lambda: session.secrets.get(MARKED)) for _ in range(5)])


@pytest.mark.timeout(180)
def test_fifty_uses_in_processes_and_one_grant(house):
    """Hazard P27: what is atomic between threads is not between processes."""
    granted(house)
    processes = 10
    ready, go, answers = spawn.Semaphore(0), spawn.Event(), spawn.Queue()
    folders = str(house.places.state_root), str(house.places.config_dir)
    workers = [spawn.Process(target=use_it, args=(*folders, ready, go, answers)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    for _ in workers:
        assert ready.acquire(timeout=120)
    go.set()
    got = [each for _ in workers for each in answers.get(timeout=120)]
    for worker in workers:
        worker.join(60)
    assert sorted(got) == ["ok"] + [ASKS] * (MANY - 1)
    assert sum(event.outcome == "allowed" for event in house.events() if event.action == "secret.read") == 1


class Between:
    """Something happens behind the decision and before the commit of an act: as its first commit begins."""

    def __init__(self, house, happens):
        self._records = house.kernel._records
        self._happens = [happens]
        self._commit = self._records.commit

    def __enter__(self):
        def commit(change):
            if self._happens:
                self._happens.pop()()
            return self._commit(change)

        self._records.commit = commit
        return self

    def __exit__(self, *_error):
        del self._records.commit
        assert not self._happens


def revoked(house, who):
    """By another process."""

    def happens():
        with house.places.open() as kernel, kernel.session(ME) as session:
            session.principals.revoke(who)

    return happens


def forbidden(house):
    """By another process: policies that let nobody write."""
    files = dict(Bundle.default().files)
    files["organisation.cedar"] += '\n@id("stop") forbid (principal, action in Action::"secret", resource);\n'

    def happens():
        with house.places.open() as kernel, kernel.session(ME) as session:
            session.policies.apply(Bundle(files))

    return happens


MUTATIONS = {
    "put": lambda s: s.secrets.put("plain", b"late"),
    "put_many": lambda s: s.secrets.put_many({"plain": b"late"}),
    "delete": lambda s: s.secrets.delete("plain"),
    "destroy": lambda s: s.secrets.destroy("plain"),
    "reveal": lambda s: s.secrets.get("plain"),
    "reveal by reference": lambda s: s.resolver.resolve("vault://plain").value,
    "grant": lambda s: s.principals.grant("agent:late", Grants()),
    "apply": lambda s: s.policies.apply(other_bundle()),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_who_is_revoked_between_decision_and_commit_does_nothing_more(house, name):
    """Hazard P6: what was decided was done, however long after, and whoever was gone meanwhile."""
    with house.session(OTHER, reveals=True) as session, Between(house, revoked(house, OTHER)):
        assert answer(lambda: MUTATIONS[name](session)) == "policy.deny.unknown_principal"
    assert house.value("global/plain") == SECRETS["global/plain"]
    assert house.kernel.policy.active() is Bundle.default()
    last = house.events()[-1]
    assert (last.principal, last.outcome, last.code) == (OTHER, "denied", "policy.deny.unknown_principal")


@pytest.mark.parametrize("name", ["put", "put_many", "delete", "destroy", "reveal", "reveal by reference"])
def test_policies_that_change_between_decision_and_commit_count(house, name):
    """Hazard P6: the policies that a decision stood on were replaced before it was carried out."""
    with house.session(ME, reveals=True) as session, Between(house, forbidden(house)):
        assert answer(lambda: MUTATIONS[name](session)) == "policy.deny.rule"
    assert house.value("global/plain") == SECRETS["global/plain"]
    assert [event.outcome for event in house.events() if event.action.startswith("secret.")] == ["denied"]


def test_what_changes_and_leaves_the_answer_as_it_is_does_not_disturb(house):
    """Hazard P6: the event has the policies that it was decided under at last, and there is one of it."""

    def happens():
        with house.places.open() as kernel, kernel.session(ME) as session:
            session.policies.apply(other_bundle())

    with house.session(ME) as session, Between(house, happens):
        session.secrets.put("plain", b"late")
    assert house.value("global/plain") == b"late"
    (write,) = [event for event in house.events() if event.action == "secret.write"]
    assert write.policy == other_bundle().digest


def test_a_grant_that_is_taken_back_between_decision_and_commit_is_not_used(house):
    """Hazard P27: a grant was revoked while its use was under way."""
    granted(house)

    def happens():
        with house.places.open() as kernel, kernel.session(ME) as session:
            (grant,) = session.approvals.list()
            session.approvals.cancel(grant.id)

    with house.session(PLANNER) as session, Between(house, happens):
        assert answer(lambda: session.secrets.get(MARKED)) == ASKS
    assert [event.outcome for event in house.events() if event.action == "secret.read"] == [
        "approval_required",
        "approval_required",
    ]


def test_sessions_of_many_threads_do_not_mix(house):
    """Hazard P9: what one principal asked was written down as of another, or answered to another."""
    whos = [ME, OTHER, PLANNER, READER] * 6

    def work(who):
        with house.session(who, purpose=f"of {who}") as session:
            return [answer(lambda: session.secrets.get("plain")) for _ in range(10)]

    with ThreadPoolExecutor(len(whos)) as pool:
        answers = dict(zip(whos, pool.map(work, whos), strict=False))
    assert {who: set(each) for who, each in answers.items()} == {
        ME: {"ok"},
        OTHER: {"ok"},
        PLANNER: {"secret.read.capability_not_granted"},
        READER: {"ok"},
    }
    events = house.events()
    assert all(event.purpose == f"of {event.principal}" for event in events)
    assert sum(event.count for event in events) == len(whos) * 10


def test_denials_of_many_threads_are_all_written(house):
    """Hazard P23: what was refused at the same moment was counted once, or failed with another error."""
    with ThreadPoolExecutor(20) as pool:

        def work(_number):
            with house.session(PLANNER) as session, pytest.raises(PalyraError) as caught:
                session.secrets.put("plain", b"1")
            return caught.value.code

        assert set(pool.map(work, range(100))) == {"policy.baseline_deny"}
    assert sum(event.outcome == "denied" for event in house.events()) == 100
