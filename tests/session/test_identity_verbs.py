"""Every verb on devices, pairings and the CA: permitted, or refused; done with one event, or not done with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from palyra_kernel.errors import PalyraError
from palyra_kernel.values.ulid import new_ulid
from tests.session.house import ME, NOBODY, STRANGER, Commits, Sure
from tests.session.paired import Candidate, Gateway
from tests.session.test_events import state
from tests.support import Places

MISSING = new_ulid(1_700_000_000_000)
ADDRESS = "https://gateway.test:7443"


class Verb(NamedTuple):
    """*do* it in a session on what *of* finds; the log says *action*. *missing*: the code of the same on nothing."""

    action: str
    do: Callable[[Any, str], Any]
    of: str = ""
    missing: str = ""
    changes: bool = True


VERBS = {
    "devices.list": Verb("device.list", lambda s, _: s.devices.list("node", "active"), changes=False),
    "devices.show": Verb("device.show", lambda s, it: s.devices.show(it), "paired", "device_missing", False),
    "devices.crls": Verb("device.list", lambda s, _: s.devices.crls(), changes=False),
    "devices.rotate": Verb("device.manage", lambda s, it: s.devices.rotate(it), "paired", "device_missing"),
    "devices.remove": Verb(
        "device.manage", lambda s, it: s.devices.remove(it, ""), "paired", "device_missing"
    ),
    "devices.revoke": Verb("device.revoke", lambda s, it: s.devices.revoke(it, "lost"), "paired"),
    "devices.unban": Verb("device.manage", lambda s, it: s.devices.unban(it), "banned", "device_not_banned"),
    "pairing.mint_pin": Verb("pairing.code", lambda s, _: s.pairing.mint_pin(60_000, "lamp")),
    "pairing.mint_qr": Verb("pairing.code", lambda s, _: s.pairing.mint_qr(ADDRESS)),
    "pairing.codes": Verb("pairing.list", lambda s, _: s.pairing.codes(), changes=False),
    "pairing.drop_code": Verb("pairing.code", lambda s, it: s.pairing.drop_code(it), "code", "code_missing"),
    "pairing.list": Verb("pairing.list", lambda s, _: s.pairing.list(past=True), changes=False),
    "pairing.show": Verb("pairing.list", lambda s, it: s.pairing.show(it), "run", "pairing_missing", False),
    "pairing.approve": Verb(
        "approval.decide", lambda s, it: s.pairing.approve(it, proof=Sure()), "run", "pairing_missing"
    ),
    "pairing.reject": Verb(
        "approval.decide",
        lambda s, it: s.pairing.reject(it, reason="no", proof=Sure()),
        "run",
        "pairing_missing",
    ),
    "pairing.reopen": Verb("pairing.open", lambda s, _: s.pairing.reopen()),
    "ca.status": Verb("ca.status", lambda s, _: s.ca.status(), changes=False),
    "ca.bundle": Verb("ca.status", lambda s, _: s.ca.bundle(), changes=False),
    "ca.issued": Verb("ca.status", lambda s, _: s.ca.issued(2), changes=False),
    "ca.rotate": Verb("ca.rotate", lambda s, _: s.ca.rotate()),
    "ca.rotate_root": Verb("ca.rotate", lambda s, _: s.ca.rotate_root()),
    "pairing.cancel": Verb("device.manage", lambda s, it: s.pairing.cancel(it), "run", "pairing_missing"),
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        gateway = Gateway(Places(tmp_path_factory.mktemp("gateway")), patch)
        yield gateway
        gateway.house.close()


def subject(gateway, what):
    """The id of a fresh one of what a verb is about."""
    if what == "code":
        with gateway.house.session(ME) as session:
            return session.pairing.mint_pin().code.id
    if what == "banned":
        device = new_ulid(gateway.now())
        with gateway.house.session(ME) as session:
            session.devices.revoke(device, "lost")
        return device
    if not what:
        return ""
    candidate = Candidate(gateway)
    if what == "run":
        return candidate.run
    candidate.paired()
    return candidate.id


def the_event(gateway):
    (event,) = gateway.house.durable()
    return event


def test_every_verb_is_in_the_table():
    from palyra_kernel.session.ca import SessionCa
    from palyra_kernel.session.devices import SessionDevices
    from palyra_kernel.session.pairing import SessionPairing

    rooms = {"devices": SessionDevices, "pairing": SessionPairing, "ca": SessionCa}
    verbs = {
        f"{room}.{name}" for room, kind in rooms.items() for name in vars(kind) if not name.startswith("_")
    }
    assert verbs == VERBS.keys() | {"ca.rotate_emergency"}


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_denied_or_done_with_one_event(gateway, name):
    """Hazard H29: verbs were asked of no policy, and neither what they did nor what they refused was written down."""
    verb = VERBS[name]
    of = subject(gateway, verb.of)
    for who in (NOBODY, STRANGER):
        gateway.mark()
        before = state(gateway.house)
        with gateway.house.session(who) as session, pytest.raises(PalyraError) as caught:
            verb.do(session, of)
        assert caught.value.code.startswith("policy.")
        assert state(gateway.house) == before
        event = the_event(gateway)
        assert (event.action, event.outcome, event.principal) == (verb.action, "denied", who)
    gateway.identity.pairings.codes.sweep(gateway.now())
    gateway.mark()
    with gateway.house.session(ME) as session, Commits(gateway.kernel) as commits:
        verb.do(session, of)
        assert commits.count == verb.changes
    event = the_event(gateway)
    assert (event.action, event.outcome, event.code) == (verb.action, "allowed", "policy.allow")
    if verb.missing:
        gateway.mark()
        with gateway.house.session(ME) as session, pytest.raises(PalyraError) as caught:
            verb.do(session, "999999" if verb.of == "code" else MISSING)
        assert caught.value.code == verb.missing
        assert the_event(gateway).outcome == "missing"


def test_an_emergency_is_one_event_and_every_key_before_is_gone(tmp_path, monkeypatch):
    """Hazard H29: whether somebody replaced the CA stood nowhere."""
    gateway = Gateway(Places(tmp_path), monkeypatch)
    old = gateway.identity.authority.state()
    gateway.mark()
    with gateway.house.session(ME) as session:
        new = session.ca.rotate_emergency()
    event = the_event(gateway)
    assert (event.action, event.details) == ("ca.rotate", {"act": "emergency", "bundle": str(new.bundle)})
    assert new.find(old.root.id) is None
    gateway.house.close()


def test_what_there_was_nothing_to_do_for_is_written_down_too(gateway):
    with gateway.house.session(ME) as session:
        session.ca.rotate_root()
        gateway.mark()
        session.ca.rotate_root()
    assert the_event(gateway).details == {"act": "root"}


def test_what_the_verbs_answer(gateway):
    lamp = Candidate(gateway)
    with gateway.house.session(ME) as session:
        assert lamp.run in [each.id for each in session.pairing.list()]
        lamp.paired()
        assert lamp.run not in [each.id for each in session.pairing.list()]
        assert session.pairing.show(lamp.run).state == "acknowledged"
        assert session.devices.show(lamp.id).name == "the lamp"
        assert session.devices.rotate(lamp.id).renewal_wanted
        assert [each.id for each in session.devices.list(state="revoked")] != []
        assert lamp.id in [each.id for each in session.devices.list("node")]
        assert session.devices.list("cli") == []
        newest, before = session.ca.issued(2)
        assert newest.sequence == before.sequence + 1
        assert newest.subject == f"device:{lamp.id}"
        minted = session.pairing.mint_qr(ADDRESS, name="lamp")
        assert minted.text not in str(session.pairing.codes())
        session.pairing.drop_code(minted.code.id)
        assert minted.code.id not in [code.id for code in session.pairing.codes()]


def test_crls_are_signed_by_each_issuing_ca(gateway):
    """Hazard H44: a CRL of one CA stood for all."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    lamp = Candidate(gateway)
    certificate = x509.load_der_x509_certificate(lamp.paired())
    with gateway.house.session(ME) as session:
        session.devices.revoke(lamp.id, "stolen")
        crls = session.devices.crls()
        issuing = session.ca.status().authorities.issuing
    assert crls.keys() == {ca.id for ca in issuing}
    for ca in issuing:
        crl = x509.load_der_x509_crl(crls[ca.id])
        key = x509.load_der_x509_certificate(ca.certificate).public_key()
        assert isinstance(key, EllipticCurvePublicKey)
        assert crl.is_signature_valid(key)
    found = [
        x509.load_der_x509_crl(der).get_revoked_certificate_by_serial_number(certificate.serial_number)
        for der in crls.values()
    ]
    assert sum(each is not None for each in found) == 1
