"""A node at a real gateway, over real connections: taken, run, told, cut short, and back."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread

import pytest
from msgspec.structs import replace

from palyra_kernel.device.held_grants import HeldGrants
from palyra_kernel.errors import DeniedError, NotFoundError, UnavailableError
from palyra_kernel.kernel.node import node_of
from palyra_kernel.values.deadline import Deadline
from tests.daemon.nodes.world import HOUR_MS, house_of, opened
from tests.daemon.until import until
from tests.device.lent import Laptop, paired, working


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    base = tmp_path_factory.mktemp("house")
    with opened(base, create=True) as kernel, house_of(kernel, base, ping_seconds=0.5) as house:
        yield house


@pytest.fixture
def laptop(house, tmp_path):
    with opened(tmp_path / "laptop", create=True) as kernel:
        laptop = Laptop(kernel, house)
        laptop.grants()
        yield laptop


def ended(house, lease):
    return house.nodes.wait(lease.id, Deadline.after(30))


def state(house, lease):
    return ended(house, lease).lease.state


def hold(laptop):
    """Whatever runs, goes on until :meth:`let`."""
    laptop.toy.began.clear()
    laptop.toy.gate.clear()


def test_a_lease_is_run_and_told(house, laptop):
    """Hazard H42: what was paired really works, over mutual TLS."""
    with working(laptop):
        result = ended(house, laptop.ask(7))
        assert (result.lease.state, result.output) == ("succeeded", b'{"done":true}')
        assert laptop.ran == {7: 1}
        until(lambda: not laptop.node._journal.unsettled())
        assert laptop.said == [f"lending asking toy to https://localhost:{house.daemon.work_port}"]


def test_what_is_called_off_stops(house, laptop):
    """Hazard H30: work that nobody waited for any more went on, and its result counted."""
    with working(laptop):
        hold(laptop)
        lease = laptop.ask()
        assert laptop.toy.began.wait(20)
        house.nodes.cancel(lease.id)
        until(lambda: not laptop.node._runner.under_way)
        assert state(house, lease) == "cancelled"
        until(lambda: not laptop.node._journal.unsettled())
    assert laptop.ran == {1: 1}


def test_what_waited_too_long_is_not_begun(house, laptop):
    """Hazard H30: what had timed out was delivered when the node came back, and ran."""
    with working(laptop):
        pass
    late = laptop.ask(1, timeout_ms=1_000)
    assert state(house, late) == "expired"
    with working(laptop):
        assert state(house, laptop.ask(2)) == "succeeded"
    assert laptop.ran == {2: 1}


def test_a_result_waits_for_the_gateway(house, laptop, monkeypatch):
    """Hazard H30: the result of work that was done while nobody was connected was lost, and it was done again."""
    laptop.chance = lambda: 0.0
    with working(laptop):
        hold(laptop)
        lease = laptop.ask()
        assert laptop.toy.began.wait(20)
        with away(laptop, monkeypatch):
            laptop.toy.gate.set()
            until(lambda: laptop.node._journal.unsettled() == [lease.id])
            until(lambda: any("no gateway: connect_failed" in line for line in laptop.said))
        assert state(house, lease) == "succeeded"
        until(lambda: not laptop.node._journal.unsettled())
    assert laptop.ran == {1: 1}


@contextmanager
def away(laptop, monkeypatch):
    """The gateway cannot be reached."""

    def refuse(url, context):
        raise UnavailableError("connect_failed", "no connection: nothing was sent")

    with monkeypatch.context() as patched:
        patched.setattr(laptop.kernel.device.work, "_dial", refuse)
        laptop.node._speaker.close()
        laptop.node._hang_up()
        yield


def test_a_revoked_capability_is_refused_here_too(house, laptop):
    """Hazard H27: revoking changed a record, and nothing looked at it."""
    with working(laptop):
        hold(laptop)
        lease = laptop.ask()
        assert laptop.toy.began.wait(20)
        old = laptop.node._grants._raw
        (grant,) = (each for each in house.nodes.show(laptop.id).grants if each.capability == "toy")
        house.nodes.revoke_grant(laptop.id, grant.id)
        until(lambda: not laptop.node._runner.under_way)
        assert state(house, lease) == "cancelled"
        until(lambda: laptop.node._grants._raw != old)
        with pytest.raises(DeniedError) as refused:
            laptop.node._grants.take(old)
        assert refused.value.code == "grants_old"
    again = HeldGrants(laptop.kernel._records, laptop.kernel.device.holder)  # the next process
    with pytest.raises(DeniedError) as refused:
        again.take(old)
    assert refused.value.code == "grants_old"


def test_a_new_certificate_is_asked_for_by_itself(house, laptop):
    """Hazard H19: a node never renewed, and ended with the day."""
    with working(laptop):
        hold(laptop)
        lease = laptop.ask()
        assert laptop.toy.began.wait(20)
        before = laptop.kernel.device.holder.read().current
        house.session().devices.rotate(laptop.id)
        until(lambda: laptop.kernel.device.holder.read().current.key != before.key)
        laptop.toy.gate.set()
        assert state(house, lease) == "succeeded"
        assert not house.kernel.identity.devices.find(laptop.id).renewal_wanted
        until(lambda: laptop.said.count(laptop.said[0]) == 2)  # it came again, with the new one


def test_it_is_back_without_a_certificate(house, laptop):
    """Hazard H19: a node that was away for longer than its certificate had to be paired again."""
    holder = laptop.kernel.device.holder
    holder._kept.step(lambda known: replace(known, current=None, next=None))
    with working(laptop):
        assert state(house, laptop.ask()) == "succeeded"
        assert any(line == "a new certificate: reentered" for line in laptop.said)


def test_it_is_back_behind_an_emergency(house, laptop):
    """Hazard H19: with new CAs every node had to be paired again."""
    with working(laptop):
        house.session().ca.rotate_emergency()
        until(lambda: "a new certificate: reentered" in laptop.said)
        assert state(house, laptop.ask()) == "succeeded"


def test_who_is_not_let_in_any_more_stops(house, laptop):
    """Hazard H19: a closed stream ended the program; and what it did for a gateway that had cut it off, went on."""
    with working(laptop):
        hold(laptop)
        lease = laptop.ask()
        assert laptop.toy.began.wait(20)
        house.session().devices.revoke(laptop.id, "lost")
        until(lambda: not laptop.node._runner.under_way)
        until(lambda: any("no gateway: " in line for line in laptop.said))
        assert laptop._thread.is_alive()
        assert state(house, lease) == "cancelled"


def test_a_result_that_is_too_long_is_a_failure(house, laptop, monkeypatch):
    """Hazard H31: the most that a payload may have was advice."""
    monkeypatch.setattr(type(laptop.toy), "run", lambda *_: b'"%s"' % (b"x" * 70_000))
    with working(laptop):
        lease = ended(house, laptop.ask()).lease
        assert (lease.state, lease.ended) == ("failed", "output_too_large")
        until(lambda: not laptop.node._journal.unsettled())


def test_the_person_here_decides(house, laptop):
    asked = []

    def decide(work, _):
        asked.append(work.invoker)
        return len(asked) > 1

    with working(laptop, consent=decide):
        no = ended(house, laptop.ask(1, "asking")).lease
        assert (no.state, no.ended) == ("failed", "consent_denied")
        assert state(house, laptop.ask(2, "asking")) == "succeeded"
    assert laptop.ran == {2: 1}
    assert len(set(asked)) == 1


def test_what_cannot_be_had_is_not_asked_for(house, laptop):
    """Hazard H27: dispatch did not look at whether the node could do it."""
    laptop.toy.reason = "no printer"
    with working(laptop):
        with pytest.raises(UnavailableError) as refused:
            laptop.ask()
        assert refused.value.code == "capability_unavailable"
        laptop.toy.reason = None  # said with the next ping
        until(lambda: all(each.available for each in house.nodes.show(laptop.id).node.capabilities))
        assert state(house, laptop.ask()) == "succeeded"


def test_a_stop_lets_it_finish(house, laptop):
    with working(laptop):
        hold(laptop)
        lease = laptop.ask()
        assert laptop.toy.began.wait(20)
        laptop._stop.set()
        until(lambda: any(line.startswith("stopping; 1 leases") for line in laptop.said))
        laptop.toy.gate.set()
        laptop.join()
    assert state(house, lease) == "succeeded"


def test_a_stop_does_not_wait_for_ever(house, laptop):
    with working(laptop, grace_seconds=1.0):
        hold(laptop)
        lease = laptop.ask()
        assert laptop.toy.began.wait(20)
        laptop.stop()
    with working(laptop):  # what the grace did not suffice to say, the next process says
        assert ended(house, lease).lease.ended in ("cancelled", "interrupted")
    assert laptop.ran == {1: 1}


def test_the_newest_process_runs_the_node(house, laptop):
    """Hazard H30: two processes took the work of one node from each other."""
    with working(laptop):
        before, thread = laptop.node, laptop._thread
        laptop.start().up()
        until(lambda: not thread.is_alive())
        assert laptop.failure.code == "superseded"
        laptop.failure = None
        assert before is not laptop.node
        assert state(house, laptop.ask()) == "succeeded"


def test_what_the_machine_brings_is_lent(house, tmp_path):
    """Hazard H29: who had a machine do what was written down nowhere, least of all on that machine."""
    with opened(tmp_path / "laptop", create=True) as kernel:
        laptop, stop = paired(kernel.device, house), Event()
        said: list[str] = []
        with node_of(kernel, said=said.append) as node:
            thread = Thread(target=node.run, args=(stop,))
            thread.start()
            try:
                until(lambda: said)
                assert said[0].startswith("lending echo system.health system.identity to https://")
                house.nodes.grant(laptop, "echo", ttl_ms=HOUR_MS)
                result = ended(house, house.nodes.invoke(laptop, "echo", b"[1]"))
                assert result.output == b"[1]"
                until(
                    lambda: [each.action for each in told(kernel)] == ["self.lease_taken", "self.lease_ended"]
                )
                assert told(kernel)[0].details["capability"] == "echo"
                assert told(kernel)[0].details["invoker"] == result.lease.invoker
            finally:
                stop.set()
                thread.join(30)


def told(kernel):
    events = [each.opened.event for each in kernel.audit.tail(100)]
    return [each for each in events if each.action.startswith("self.lease_")]


def test_a_device_that_gives_work_takes_none(house, tmp_path):
    """Hazard H25: the kind of a device was not looked at."""
    with opened(tmp_path / "laptop", create=True) as kernel:
        paired(kernel.device, house, "cli")
        with pytest.raises(DeniedError) as refused, node_of(kernel):
            pass
        assert refused.value.code == "wrong_device_kind"


def test_a_machine_that_is_no_device_is_no_node(tmp_path):
    with opened(tmp_path / "nobody", create=True) as kernel:
        with pytest.raises(NotFoundError) as refused, node_of(kernel):
            pass
        assert refused.value.code == "not_paired"
