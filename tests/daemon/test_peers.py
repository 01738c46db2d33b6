"""Who comes in at the work door, and who does not."""

import asyncio
import json
import ssl
from typing import Any

import pytest

from palyra_kernel.daemon.gates import DeviceGate, OpenGate, UserGate
from palyra_kernel.daemon.peers import Peer, Tls, User, peer_of, source_of
from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.certificates import profiles
from palyra_kernel.identity.certificates.keys import unpacked
from palyra_kernel.values.ids import now_ms
from tests.daemon.client import RefusedError, Wire
from tests.daemon.gateway import DAY, HOSTS, Known
from tests.identity.making import Ca


def refused(port, context):
    """Whether there is no answer, whatever the client may believe of its handshake."""
    try:
        with Wire(port, context) as wire:
            wire.get()
    except RefusedError:
        return True
    return False


def test_a_device_is_known_by_its_certificate(gateway, daemon, tmp_path):
    """Hazard H42: a device was paired on paper, and no mTLS was possible with what it had."""
    known = gateway.paired()
    with Wire(daemon.work_port, gateway.client(known, tmp_path)) as wire:
        found = wire.who()
    assert found["principal"] == f"device:{known.id}"
    assert found["server"] == daemon.contexts.current.leaf_hash.hex()
    assert gateway.identity.devices.find(known.id).certificate.print == known.leaf.print


def test_a_device_without_a_certificate_enrols_and_does_not_work(gateway, daemon, tmp_path):
    """Hazard H1: pairing sat on the listener that demands a certificate, and the only way in was to switch that off."""
    nobody = gateway.client(None, tmp_path)
    with Wire(daemon.enrolment_port, nobody) as wire:
        assert wire.who()["principal"] is None
    assert refused(daemon.work_port, nobody)
    assert daemon.work.counts.served == 0


def test_who_reads_first_does_not_believe_in_a_connection_that_is_none(gateway, daemon, tmp_path):
    """Hazard H45: a client without certificate sees a handshake of TLS 1.3 that went well; the refusal is the
    first thing it reads."""
    wire = Wire(daemon.work_port, gateway.client(None, tmp_path))
    assert wire.tls.version() == "TLSv1.3"
    with wire, pytest.raises(RefusedError):
        wire.read()


def foreign(gateway):
    """The same names, by another CA."""
    ca, known = Ca(now_ms()), gateway.paired()
    leaf = profiles.device_leaf(
        known.key.public_key(),
        ca.issuing,
        domain="palyra.test",
        device=known.id,
        identity=gateway.identity.devices.find(known.id).print,
        now_ms=now_ms(),
    )
    return Known(known.id, known.key, tuple(ca.chain(leaf)))


def expired(gateway):
    gateway.offset_ms = -2 * DAY
    known = gateway.paired()
    gateway.offset_ms = 0
    return known


def not_yet(gateway):
    gateway.offset_ms = 3_600_000
    known = gateway.paired()
    gateway.offset_ms = 0
    return known


def revoked(gateway):
    known = gateway.paired()
    gateway.revoke(known)
    return known


def replaced(gateway):
    old = gateway.paired()
    gateway.identity.admission.arrived(old.chain[0])
    gateway.identity.admission.arrived(gateway.renewed(old).chain[0])
    return old


def removed(gateway):
    known = gateway.paired()
    now = gateway.identity.clock.now_ms()
    gateway.act(lambda change: gateway.identity.devices.plan_remove(change, known.id, "sold", now_ms=now))
    return known


def never_enrolled(gateway):
    """Our CA signed it, and no record knows it: as from a gateway that was restored from a backup."""
    known = gateway.paired()
    key = gateway.identity.devices.find(known.id).print

    def plan(change):
        return gateway.made(change, known.id, key, known.key)

    return Known(known.id, known.key, gateway.act(plan).chain)


def a_server(gateway):
    found = gateway.identity.servers.identity("other", HOSTS)
    return Known("", unpacked(found.key), found.chain)


@pytest.mark.parametrize(
    "kind", [foreign, expired, not_yet, revoked, replaced, removed, never_enrolled, a_server]
)
def test_a_certificate_that_stands_for_nobody_is_answered_nothing(gateway, daemon, tmp_path, kind):
    """Hazard H23: what came after the start, such as a revocation, did not reach the listener."""
    known = kind(gateway)
    assert refused(daemon.work_port, gateway.client(known, tmp_path))
    assert daemon.work.counts.served == 0


def test_tls_1_2_is_refused(gateway, daemon, tmp_path):
    """Hazard H24: TLS 1.2 was accepted, where a session id resumes whatever the server says of tickets."""
    known = gateway.paired()
    for port in (daemon.work_port, daemon.enrolment_port):
        old = gateway.client(known, tmp_path)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert refused(port, old)


def test_no_session_is_taken_up_again(gateway, daemon, tmp_path):
    """Hazard H24: a session from before the revocation resumed, and the verifiers were not asked."""
    known = gateway.paired()
    context = gateway.client(known, tmp_path)
    with Wire(daemon.work_port, context) as wire:
        wire.who()
        session = wire.tls.session
        wire.tls.unwrap().close()  # a clean end of TLS, behind which some servers keep a session
    assert not session.has_ticket
    with Wire(daemon.work_port, context, session=session) as wire:
        wire.who()
        assert not wire.tls.session_reused
    gateway.revoke(known)
    with pytest.raises(RefusedError), Wire(daemon.work_port, context, session=session) as wire:
        wire.get()


def test_a_resumed_session_would_be_refused_too():
    """Hazard H24: even if a later OpenSSL resumed one, nobody was verified in that handshake."""

    def never(_):
        raise AssertionError("it was asked about")

    gate = DeviceGate(never, lambda _: None)
    for tls in (None, Tls(server_leaf=b"s"), Tls(server_leaf=b"s", certificate=b"c", resumed=True)):
        with pytest.raises(DeniedError):
            asyncio.run(gate.admit(Peer(door="work", tls=tls)))


def test_no_header_makes_a_peer(gateway, daemon, tmp_path):
    """Hazard H43: a server hides the certificate of its peer, and applications believed headers about it instead."""
    known, other = gateway.paired(), gateway.paired()
    headers = (
        f"x-forwarded-client-cert: URI=spiffe://palyra.test/device/{other.id}\r\n"
        f"x-ssl-client-cert: {ssl.DER_cert_to_PEM_cert(other.chain[0]).encode().hex()}\r\n"
        "x-forwarded-for: 203.0.113.9\r\nforwarded: for=203.0.113.9\r\n"
    )
    for port, context, principal in (
        (daemon.work_port, gateway.client(known, tmp_path), f"device:{known.id}"),
        (daemon.enrolment_port, gateway.client(None, tmp_path), None),
    ):
        with Wire(port, context) as wire:
            _, body = wire.get(headers=headers)
        found = json.loads(body)
        assert (found["principal"], found["source"]) == (principal, "127.0.0.1")


def test_a_request_without_a_peer_is_nobodys():
    """Hazard H43: the application behind mTLS answered requests that came in without TLS by another listener."""
    scopes: list[dict[str, Any]] = [{}, {"extensions": None}, {"extensions": {}}]
    for scope in (*scopes, {"extensions": {"palyra": {"user": 0}}}):
        with pytest.raises(DeniedError, match="listener of the kernel"):
            peer_of(scope)
    for peer in (
        Peer(door="local", user=User(uid=0, gid=0)),
        Peer(door="enrolment", tls=Tls(server_leaf=b"s")),
    ):
        with pytest.raises(DeniedError, match="for devices"):
            peer.device()
    with pytest.raises(DeniedError, match="users of this machine"):
        Peer(door="enrolment").local_user()


def test_a_gate_of_this_machine_knows_its_users():
    """The socket of another user's daemon is none of ours, whatever the modes of its folder became."""
    ours = Peer(door="local", user=User(uid=1000, gid=1000))
    assert asyncio.run(UserGate(1000).admit(ours)) == ours
    assert str(ours.principal) == "user:1000"
    for peer in (Peer(door="local", user=User(uid=0, gid=0)), Peer(door="local")):
        with pytest.raises(DeniedError):
            asyncio.run(UserGate(1000).admit(peer))
    with pytest.raises(DeniedError):
        asyncio.run(OpenGate(tls=True).admit(Peer(door="enrolment")))


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_one_host_is_one_source(address, source):
    """Hazard H3: one source used up what was meant for all; with IPv6 one host has 2**64 addresses."""
    assert source_of(address) == source
