"""What a node remembers of leases: through kills, other processes, old copies and years of work."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palyra_kernel.device import journal as journal_room
from palyra_kernel.device.journal import DEVICE_LEASES, Journal
from palyra_kernel.device.work import FINAL, Report
from palyra_kernel.errors import DeniedError, IntegrityError, PalyraError, UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ulid import ulid_ms
from tests.device.node_world import Node, lease_id, work

LEASES = 4
OFFER = st.tuples(st.just("offer"), st.integers(1, LEASES))
ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["die before", "die after"]), st.integers(1, 2)),
        OFFER,
        st.tuples(st.just("settle"), st.integers(1, LEASES)),
        st.tuples(st.sampled_from(["again", "restart"]), st.just(0)),
        OFFER,
    ),
    min_size=5,
    max_size=14,
)
"""``die``: at the next write, or at the one behind it."""


class Gateway:
    """What a gateway may rely on: a final report never changes, and comes with one run or none."""

    def __init__(self) -> None:
        self.finals: dict[str, Report] = {}

    def hear(self, node: Node) -> None:
        for report in node.wait():
            if report.state in FINAL:
                assert self.finals.setdefault(report.lease, report) == report
        assert all(count == 1 for count in node.ran.values())
        for lease, report in self.finals.items():
            number = int(lease[10:])
            assert report.holder == b"holder %d" % number
            assert report.state == "succeeded" or report.code == "interrupted", report
            assert report.state != "succeeded" or node.ran[number] == 1


def live(base: Path, acts: list[tuple[str, int]], dies_at: int = 0, after: bool = False) -> None:
    """One process of a node after the other: the first is killed at commit *dies_at*, others as *acts* say."""
    ran: Counter[int] = Counter()
    gateway = Gateway()

    def begun() -> Node:
        return Node(base, ran).start()

    node = Node(base, ran)
    node.store.dies_at, node.store.after = dies_at, after
    try:
        node.start()
    except UnavailableError:
        node = begun()
    first = node  # the records in memory live as long as one store has them open
    for act, number in acts:
        if node.store.dead or act == "restart":
            gateway.hear(node)
            node = begun()
        if act.startswith("die"):
            node.store.dies_at, node.store.after = node.store.commits + number, act == "die after"
        elif act == "offer":
            node.runner.offer(work(number))
        elif act == "settle" and lease_id(number) in gateway.finals and not node.runner.under_way:
            try:
                node.runner.settled(lease_id(number))
            except UnavailableError:
                assert node.store.dead
        elif act == "again":
            node.runner.report_again()
        gateway.hear(node)
    node = begun()
    for number in range(1, LEASES + 1):  # nothing that was acknowledged is lost
        node.runner.offer(work(number))
    gateway.hear(node)
    for number in range(1, LEASES + 1):
        settled = node.journal._steps[lease_id(number)] == "settled"
        assert settled or lease_id(number) in gateway.finals
    first.store.close()


@settings(max_examples=40, deadline=None)
@given(acts=ACTS)
def test_killed_at_any_write_nothing_runs_twice(acts):
    """Hazard H32: a torn file stopped the start, and what was acknowledged was lost. Hazard H30: work that a process
    died over was run again by the next one."""
    with tempfile.TemporaryDirectory() as base:
        live(Path(base) / "node", acts)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 7))
def test_killed_at_each_write_of_a_whole_life(tmp_path, dies_at, after):
    """Hazard H32: the same for each write in turn: begin, taken, over, settled."""
    acts = [("offer", 1), ("settle", 1), ("offer", 2), ("again", 0), ("offer", 1), ("settle", 2)]
    live(tmp_path / "node", acts, dies_at, after)


CHILD = """
import sys, threading
from pathlib import Path
from palyra_kernel import Kernel
from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.device.journal import Journal
from palyra_kernel.device.runner import Runner
from tests.device.node_world import DEVICE, work

class Once(Capability):
    name = "toy"
    def run(self, input, call):
        with Path(sys.argv[2]).open("a") as ran:
            ran.write("x")
        print("ran", flush=True)
        threading.Event().wait(60)

state = Path(sys.argv[1])
with Kernel.open(state_root=state / "state", config_dir=state / "config", plugins=["file"]) as kernel:
    say = lambda report: print(report.state, report.code, flush=True)
    runner = Runner(Journal(kernel._records), {"toy": Once()}, DEVICE, check_grant=lambda _: None, report=say)
    runner.start()
    runner.offer(work())
    threading.Event().wait(60)
"""


def test_kill_nine(places, tmp_path):
    """Hazard H32: kill -9 of a real process over a real store: what it began, the next one does not begin again."""
    places.create().close()
    ran, root = tmp_path / "ran", Path(__file__).parents[2]
    heard: list[str] = []
    for last in ("ran", "failed interrupted"):
        command = [sys.executable, "-c", CHILD, str(places.state_root.parent), str(ran)]
        child = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        try:
            while not heard or heard[-1] != last:
                heard.append(child.stdout.readline().strip())
                assert heard[-1], heard
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
    assert heard == ["acknowledged", "running", "ran", "failed interrupted"]
    assert ran.read_text() == "x"


def test_two_processes_are_one_too_many(tmp_path):
    """Hazard H34: two processes with one state, each of which knew nothing of the other, ran everything twice."""
    old = Node(tmp_path / "node").start()
    old.toy.gate.clear()
    old.runner.offer(work(1))
    old.toy.began.wait(20)
    new = Node(tmp_path / "node", old.ran).start()
    assert (new.last().state, new.last().code) == ("failed", "interrupted")
    old.runner.offer(work(2))
    assert (old.said[-1].state, old.said[-1].code) == ("refused", "superseded")
    old.toy.gate.set()
    assert (old.last().state, old.last().code) == (
        "failed",
        "interrupted",
    )  # and not a second word for lease 1
    new.runner.offer(work(2))
    assert new.last().state == "succeeded"
    assert old.ran == {1: 1, 2: 1}


@pytest.mark.parametrize(("first", "code"), [(True, "record_changed"), (False, "superseded")])
def test_of_two_that_begin_at_the_same_moment_one_is_refused(tmp_path, monkeypatch, first, code):
    """Hazard H34: two that started at once both believed that they were alone."""
    one, other = Node(tmp_path / "node"), Node(tmp_path / "node")
    commit = one.store.commit

    def beside(checks, puts, deletes):
        monkeypatch.undo()
        if first:
            other.start()
        commit(checks, puts, deletes)
        if not first:
            other.start()

    monkeypatch.setattr(one.store, "commit", beside)
    with pytest.raises(PalyraError) as caught:
        one.start()
    assert caught.value.code == code
    other.runner.offer(work(1))
    assert other.last().state == "succeeded"


@pytest.mark.parametrize("key", ["run", "lease"])
def test_an_old_copy_of_the_journal_is_noticed(tmp_path, key):
    """Hazard H35: an older record was taken for the present one: here a lease would run twice."""
    node = Node(tmp_path / "node").start()
    key = DEVICE_LEASES.key("run" if key == "run" else f"lease/{lease_id(1)}")
    node.runner.offer(work(1))
    node.wait()
    old = node.store.get(key)
    assert old is not None
    if key.endswith(b"run"):
        old = old._replace(value=None)
    else:
        node.runner.settled(lease_id(1))
    node.store.shelf.records[key] = old
    with pytest.raises(IntegrityError) as caught:
        Node(tmp_path / "node").start()
    assert caught.value.code == "set_tampered"


@pytest.mark.parametrize(
    "document", [b"", b"{}", b"\xff", b'{"format":2,"step":"over","terms":""}', b"[" * 9999]
)
def test_a_record_that_cannot_be_understood_stops_the_start(tmp_path, document):
    """Hazard H32: what could not be read was taken for nothing, and everything ran again."""
    node = Node(tmp_path / "node").start()
    change = Change()
    change.put(DEVICE_LEASES.key(f"lease/{lease_id(1)}"), document)
    node.parts.records.commit(change)
    with pytest.raises(IntegrityError) as caught:
        Node(tmp_path / "node").start()
    assert caught.value.code == "record_damaged"


def test_what_cannot_be_written_down_is_not_done(tmp_path):
    """Hazard H33: memory was ahead of the disk after a write that failed."""
    node = Node(tmp_path / "node").start()
    node.store.dies_at = node.store.commits + 1
    node.runner.offer(work(1))
    node.wait()
    assert not node.ran


def test_an_end_that_was_not_written_down_is_no_success(tmp_path):
    """Hazard H33: a result that was told, and that the next process knew nothing of."""
    node = Node(tmp_path / "node").start()
    node.toy.gate.clear()
    node.runner.offer(work(1))
    node.toy.began.wait(20)
    node.store.full = True
    node.toy.gate.set()
    assert (node.last().state, node.last().code) == ("failed", "interrupted")
    node.runner.offer(work(1))
    assert (node.last().state, node.last().code) == ("failed", "interrupted")
    node.store.full = False
    after = Node(tmp_path / "node", node.ran).start()
    assert (after.last().state, after.last().code) == ("failed", "interrupted")
    after.runner.offer(work(1))
    assert after.last().code == "interrupted"
    assert node.ran == {1: 1}


def test_results_wait_for_the_gateway_and_then_no_more_is_taken(tmp_path, monkeypatch):
    """Hazard H37: history grew without bounds."""
    monkeypatch.setattr(journal_room, "MOST_UNSETTLED", 3)
    node = Node(tmp_path / "node").start()
    for number in (1, 2, 3, 4):
        node.runner.offer(work(number))
        node.wait()
    assert (node.last().state, node.last().code) == ("refused", "journal_full")
    node.said.clear()
    node.runner.report_again()
    assert [report.lease for report in node.said] == [lease_id(number) for number in (1, 2, 3)]
    node.runner.settled(lease_id(2))
    node.runner.offer(work(4))
    assert node.last().state == "succeeded"


def test_what_is_forgotten_is_not_done_again(tmp_path, monkeypatch):
    """Hazard H30: what had aged out of the history was done again. Hazard H37: the history has to be bounded."""
    monkeypatch.setattr(journal_room, "MOST_SETTLED", 3)
    monkeypatch.setattr(journal_room, "_AT_ONCE", 2)
    node = Node(tmp_path / "node").start()
    for number in range(1, 9):
        node.runner.offer(work(number))
        node.wait()
        node.runner.settled(lease_id(number))
    kept = [key for key in node.store.shelf.records if key.startswith(DEVICE_LEASES.key("lease/"))]
    assert 3 <= len(kept) <= 4
    for process in (node, Node(tmp_path / "node", node.ran).start()):
        for number in range(1, 9):
            process.runner.offer(work(number))
            assert process.last().code in ("lease_forgotten", "lease_settled")
    process.runner.offer(work(9))
    assert process.last().state == "succeeded"
    assert set(node.ran.values()) == {1}


def test_in_another_life_of_the_vault_nothing_of_before_is_done(tmp_path):
    """Hazard H30: a node that was restored from a backup knew nothing of what it had done since, and did it again."""
    node = Node(tmp_path / "node", incarnation="first").start()
    node.runner.offer(work(1))
    node.wait()
    node.runner.settled(lease_id(1))
    again = Node(tmp_path / "node", node.ran, incarnation="first").start()
    again.runner.offer(work(2))
    assert again.last().state == "succeeded"
    restored = Node(tmp_path / "node", node.ran, incarnation="second")
    restored.journal.begin(ulid_ms(lease_id(5)))
    for number in (1, 2, 3, 4, 5):
        restored.runner.offer(work(number))
    known = ["lease_settled", "", "lease_forgotten", "lease_forgotten", "lease_forgotten"]
    assert [report.code for report in restored.wait()] == known
    restored.runner.offer(work(6))
    assert restored.last().state == "succeeded"
    assert node.ran == {1: 1, 2: 1, 6: 1}


def test_a_lease_that_is_over_is_not_taken_and_one_that_is_not_is_not_settled(tmp_path):
    node = Node(tmp_path / "node").start()
    node.toy.gate.clear()
    node.runner.offer(work(1))
    node.runner.settled(lease_id(1))
    node.runner.settled(lease_id(2))
    node.toy.gate.set()
    node.wait()
    assert node.journal.unsettled() == [lease_id(1)]
    with pytest.raises(DeniedError):
        node.journal.step(work(1, invoker="user:2"))


def test_reading_writes_nothing(tmp_path):
    """Hazard H32: reads rewrote the state."""
    node = Node(tmp_path / "node").start()
    node.runner.offer(work(1))
    node.wait()
    commits = node.store.commits
    node.runner.offer(work(1))
    node.runner.report_again()
    assert node.store.commits == commits
    assert isinstance(node.journal, Journal)
    node.runner.close(Deadline.after(1))
    assert node.store.commits == commits
