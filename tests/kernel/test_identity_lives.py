"""What the lives of a vault mean for its devices: new keys of the vault, new CAs, backups, other backends."""

from __future__ import annotations

import base64
import json

import pytest

from palyra_kernel import Unlock
from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.reentry import VERSION, signed_text
from palyra_kernel.records import Change
from palyra_kernel.values.digest import sha256
from tests.backup.machines import Machine, add_recovery
from tests.identity.pairing_world import TLS
from tests.session.house import ME
from tests.session.paired import Candidate, Gateway
from tests.stranger import KIND, held

ADDRESS = "https://gateway.test:7443"


@pytest.fixture
def gateway(places, monkeypatch):
    gateway = Gateway(places, monkeypatch)
    yield gateway
    gateway.house.close()


def errors(kernel):
    return [finding.code for finding in kernel.verify() if finding.severity == "error"]


def comes_back(kernel, known, now_ms):
    """By its identity key; its certificate."""
    admission, device = kernel.identity.admission, known.device
    request = request_for(new_key())
    nonce = admission.challenge(known.id)
    signed = signed_text(known.id, nonce, now_ms, sha256(request), TLS)
    parts = {
        "nonce": nonce,
        "request": sha256(request),
        "gateway": TLS,
        "signature": device.identity.sign(signed),
    }
    encoded = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    proof = json.dumps({"version": VERSION, "device": known.id, "at_ms": now_ms, **encoded}).encode()
    return admission.reentered(proof, request, TLS).certificates[0]


def test_another_ca_opens_every_secret_and_another_key_of_the_vault_keeps_every_certificate(gateway, places):
    """Hazard H21: the keys of the vault were made from the key of the CA, so nobody could replace either."""
    lamp = Candidate(gateway)
    certificate = lamp.paired()
    kernel = gateway.kernel
    kernel.vault.put("global/db", b"a value")
    with gateway.house.session(ME) as session:
        session.ca.rotate()
        session.ca.rotate_emergency()
    with kernel.vault.get("global/db") as value:
        assert value.reveal() == b"a value"
    kernel.rekey()
    assert kernel.identity.admission.arrived(certificate).device == lamp.id
    before = kernel.identity.authority.state()
    minted = kernel.identity.pairings.codes.mint_pin(issued_by=ME, at_ms=gateway.now())
    kernel.rekey_root()
    with places.open() as again:
        gateway.house.kernel = again
        assert again.identity.start() == before
        assert again.identity.admission.arrived(certificate).device == lamp.id
        assert minted.code.id in [code.id for code in again.identity.pairings.codes.list()]
        assert Candidate(gateway).paired()
        assert errors(again) == []


def test_a_restored_gateway_refuses_what_was_issued_in_the_life_that_was_lost(gateway, places, tmp_path):
    """Hazard H17: after a restore, what a device held was neither good nor replaced, and it was paired anew."""
    kernel = gateway.kernel
    lamp = Candidate(gateway)
    old = lamp.paired()
    bundle = kernel.identity.authority.bundle().number
    waiting = Candidate(gateway)
    sheet = add_recovery(kernel)
    kernel.backup(tmp_path / "backup", unlock=Unlock())
    gateway.ahead += 12 * 3_600_000
    newer = kernel.identity.admission.renewed(lamp.id, request_for(new_key())).certificates[0]
    kernel.identity.admission.arrived(newer)
    with gateway.house.session(ME) as session:
        session.ca.rotate_emergency()
    seen = kernel.identity.authority.bundle().number
    gateway.house.close()
    elsewhere = Machine(tmp_path / "elsewhere")
    elsewhere.restore(tmp_path / "backup", sheet)
    gateway.house.kernel = restored = elsewhere.open(sheet)
    gateway.ahead += 2_000
    assert restored.identity.start().bundle == bundle
    with pytest.raises(DeniedError) as caught:
        restored.identity.admission.arrived(newer)
    assert caught.value.code == "device_unknown"
    restored.identity.admission.arrived(old)
    back = comes_back(restored, lamp, gateway.now())
    assert restored.identity.admission.arrived(back).device == lamp.id
    with pytest.raises(DeniedError):
        restored.identity.admission.arrived(old)
    with pytest.raises(PalyraError):
        waiting.approve()
    with restored.session(ME) as session:
        assert session.ca.rotate_emergency().bundle > seen > bundle, "devices take it"
    assert errors(restored) == []


def test_an_approval_of_another_life_approves_of_nothing(gateway, places, tmp_path):
    """Hazard H16: what somebody approved of in a vault that was lost let a device into its copy."""
    lamp, radio = Candidate(gateway), Candidate(gateway)
    lamp.approve()
    sheet = add_recovery(gateway.kernel)
    gateway.kernel.backup(tmp_path / "backup", unlock=Unlock())
    gateway.house.close()
    elsewhere = Machine(tmp_path / "elsewhere")
    elsewhere.restore(tmp_path / "backup", sheet)
    gateway.house.kernel = elsewhere.open(sheet)
    assert lamp.poll().state == "cancelled"
    with gateway.house.session(ME) as session:
        session.pairing.cancel(radio.run)
    assert radio.state == "cancelled"
    assert [*gateway.identity.devices.all()] == []


def test_verify_finds_what_is_wrong_with_an_identity(gateway):
    """Hazard H20: whether key and certificate of the CA belonged together was never looked at."""
    from palyra_kernel.identity.ca.secrets import ca_ref
    from palyra_kernel.identity.certificates.keys import packed

    lamp = Candidate(gateway)
    lamp.paired()
    kernel = gateway.kernel
    assert errors(kernel) == []
    signing = gateway.identity.authority.state().signing
    with packed(new_key()) as other:
        kernel.vault.put(ca_ref(signing.id), other)
    assert errors(kernel) == ["ca_key_mismatch"]


def test_verify_finds_a_certificate_that_stands_for_another_device(gateway):
    """Hazard H18: a fingerprint from long ago still led to a device."""
    lamp = Candidate(gateway)
    lamp.paired()
    kernel = gateway.kernel
    device = gateway.identity.devices.find(lamp.id)
    change = Change()
    gateway.identity.prints.plan_drop(change, device.certificate)
    kernel._records.commit(change)
    assert errors(kernel) == ["devices_differ"]


def test_a_clock_that_is_wrong_is_no_damage(gateway):
    gateway.ahead -= 86_400_000
    found = [finding for finding in gateway.kernel.verify() if finding.subject == "identity"]
    assert [(finding.severity, finding.code) for finding in found] == [("warning", "clock_behind")]


def test_a_vault_without_a_gateway_makes_none_to_be_verified(kernel):
    assert errors(kernel) == []
    assert kernel._identity is None


def test_the_keys_of_the_authority_move_with_the_vault(both, monkeypatch):
    """Hazard H35: keys that lay beside the data stayed where they were when the data moved."""
    gateway = Gateway(both, monkeypatch)
    certificate = Candidate(gateway).paired()
    kernel = gateway.kernel
    old = kernel.backend_kind
    kernel.migrate(KIND if old == "file" else "file", accept_volatile=True)
    assert held(kernel, old) == set()
    assert gateway.identity.admission.arrived(certificate).used
    assert Candidate(gateway).paired()
    assert errors(kernel) == []
    gateway.house.close()
