"""Connections that are open when something changes: revocation, rotation, a watch that fails."""

from threading import Event

import pytest

from palyra_kernel.errors import UnavailableError
from tests.daemon.client import RefusedError, Wire
from tests.daemon.running import running
from tests.daemon.until import until


def streaming(daemon, context):
    """A connection with lines coming in."""
    wire = Wire(daemon.work_port, context)
    wire.send(b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n")
    while b"ping" not in wire.read():
        pass
    return wire


def let_in(port, context):
    try:
        with Wire(port, context) as wire:
            return wire.who()["principal"]
    except RefusedError:
        return None


@pytest.mark.parametrize("other_process", [False, True], ids=["here", "elsewhere"])
def test_a_revoked_device_is_cut_off_in_the_middle_of_a_line(gateway, daemon, tmp_path, other_process):
    """Hazards H23, H34: revocation did not touch open connections, and one by another process was never seen."""
    lost, kept = gateway.paired(), gateway.paired()
    context = gateway.client(lost, tmp_path)
    with (
        streaming(daemon, context) as wire,
        streaming(daemon, gateway.client(kept, tmp_path)) as beside,
        Wire(daemon.work_port, context) as idle,
    ):
        idle.who()
        gateway.revoke(lost, gateway.process() if other_process else None)
        wire.until_cut()
        idle.until_cut()
        assert let_in(daemon.work_port, context) is None
        until(lambda: daemon.devices.devices() == {kept.id: 1})
        beside.read()
    assert daemon.devices.cuts  # the idle one; the other may have asked first


class Deaf:
    """A watch that hears of nothing."""

    def __init__(self, identity):
        self.authority = identity.authority

    def watch(self):
        return self

    def poll(self):
        return ()


def test_every_line_is_a_question(gateway, tmp_path):
    """Hazard H23: the event stream asked about revocation when it was opened, and never again."""
    with running(gateway.identity, watched=Deaf(gateway.identity)) as daemon:
        until(lambda: daemon.devices.accepting)
        known = gateway.paired()
        with streaming(daemon, gateway.client(known, tmp_path)) as wire:
            gateway.revoke(known)
            wire.until_cut()


def test_every_request_is_a_question(gateway, tmp_path):
    """Hazard H24: the device was looked at in the handshake alone, and a connection that stayed open stayed good."""
    with running(gateway.identity, watched=Deaf(gateway.identity)) as daemon:
        until(lambda: daemon.devices.accepting)
        known = gateway.paired()
        with Wire(daemon.work_port, gateway.client(known, tmp_path)) as wire:
            wire.who()
            gateway.revoke(known)
            with pytest.raises(RefusedError):
                wire.get()


class Failing:
    """A watch whose store stops to answer, and comes back."""

    def __init__(self, identity):
        self._identity = identity
        self.authority = identity.authority
        self.broken = Event()

    def watch(self):
        if self.broken.is_set():
            raise UnavailableError("os_error", "the disk is gone")
        self._watch = self._identity.watch()
        return self

    def poll(self):
        if self.broken.is_set():
            raise RuntimeError("the disk is gone")
        return self._watch.poll()


def test_nobody_is_connected_while_nobody_watches(gateway, tmp_path):
    """Hazard H23: the copy of the list was that of the start; what could not be read was taken for empty."""
    watched = Failing(gateway.identity)
    with running(gateway.identity, watched=watched) as daemon:
        until(lambda: daemon.devices.accepting)
        known = gateway.paired()
        context = gateway.client(known, tmp_path)
        with streaming(daemon, context) as wire:
            watched.broken.set()
            wire.until_cut()
        until(lambda: not daemon.devices.accepting)
        assert let_in(daemon.work_port, context) is None
        with Wire(daemon.enrolment_port, gateway.client(None, tmp_path)) as stranger:
            assert stranger.who()["door"] == "enrolment"
        watched.broken.clear()
        until(lambda: daemon.devices.accepting)
        assert let_in(daemon.work_port, context) == f"device:{known.id}"


def test_a_renewal_that_waits_keeps_no_revocation_waiting(gateway, daemon, tmp_path, monkeypatch):
    """Hazard H38: whoever wrote kept everybody else waiting, for up to three seconds."""
    waiting, on = Event(), Event()

    def stuck():
        waiting.set()
        on.wait(20)

    monkeypatch.setattr(daemon.contexts, "refresh", stuck)
    known = gateway.paired()
    with Wire(daemon.work_port, gateway.client(known, tmp_path)) as idle:
        idle.who()
        assert waiting.wait(20)
        gateway.revoke(known)
        idle.until_cut()
        assert not on.is_set()
    on.set()


def test_a_certificate_that_was_replaced_is_cut_with_the_next_line(gateway, daemon, tmp_path):
    """Hazard H18: an older fingerprint of a device went on standing for it."""
    old = gateway.paired()
    with streaming(daemon, gateway.client(old, tmp_path)) as wire:
        renewed = gateway.renewed(old)
        wire.read()  # the next one was only issued: nothing changes
        with Wire(daemon.work_port, gateway.client(renewed, tmp_path)) as other:
            assert other.who()["principal"] == f"device:{old.id}"
            wire.until_cut()
            other.who()


def test_a_device_has_so_many_connections(gateway, tmp_path):
    """Hazard H39: one peer could take every connection that there was."""
    with running(gateway.identity, per_device=2) as daemon:
        known, other = gateway.paired(), gateway.paired()
        context = gateway.client(known, tmp_path)
        with (
            streaming(daemon, context) as first,
            Wire(daemon.work_port, gateway.client(other, tmp_path)) as beside,
            Wire(daemon.work_port, context) as second,
            Wire(daemon.work_port, context) as third,
        ):
            beside.who()
            second.who()
            third.who()
            first.until_cut()
            second.who()
            beside.who()
            assert daemon.devices.devices() == {known.id: 2, other.id: 1}


def test_the_certificate_of_the_server_is_swapped_under_open_connections(gateway, tmp_path):
    """Hazard H19: the server's certificate was good for 24 hours from the start on, and never renewed."""
    gateway.offset_ms = -17 * 3_600_000
    with running(gateway.identity) as daemon:
        known = gateway.paired()
        context = gateway.client(known, tmp_path)
        with Wire(daemon.work_port, context) as before:
            shown = before.who()["server"]
            gateway.offset_ms = 0  # two thirds of its life are over
            until(lambda: daemon.contexts.current.leaf_hash.hex() != shown)
            with Wire(daemon.work_port, context) as behind:
                assert behind.who()["server"] == daemon.contexts.current.leaf_hash.hex() != shown
            assert before.who()["server"] == shown


def test_nobody_notices_that_another_ca_signs(gateway, daemon, tmp_path):
    """Hazard H20: there was one CA for ever; another one would have cut everybody off."""
    old = gateway.paired()
    context = gateway.client(old, tmp_path)
    with streaming(daemon, context) as wire:
        shown = daemon.contexts.current.leaf_hash
        gateway.identity.authority.rotate()
        new = gateway.paired()
        assert let_in(daemon.work_port, gateway.client(new, tmp_path)) == f"device:{new.id}"
        until(lambda: daemon.contexts.current.leaf_hash != shown)
        for known in (old, new):
            assert let_in(daemon.work_port, gateway.client(known, tmp_path)) == f"device:{known.id}"
        wire.read()
    assert daemon.devices.cuts == 0


def test_an_emergency_ends_every_connection_of_before(gateway, daemon, tmp_path):
    """Hazard H20: after the theft of a CA key, what it had signed stayed connected."""
    old = gateway.paired()
    before = gateway.client(old, tmp_path)
    with streaming(daemon, before) as wire:
        shown = daemon.contexts.current.leaf_hash
        gateway.process().authority.rotate_emergency()
        wire.until_cut()
        until(lambda: daemon.contexts.current.leaf_hash != shown)
        before.load_verify_locations(cadata=b"".join(gateway.identity.authority.bundle().roots))
        assert let_in(daemon.work_port, before) is None
        renewed = gateway.renewed(old)
        assert let_in(daemon.work_port, gateway.client(renewed, tmp_path)) == f"device:{old.id}"
        assert (
            let_in(daemon.enrolment_port, gateway.client(None, tmp_path)) is None
        )  # as a stranger: no principal
