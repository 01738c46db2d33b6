"""When certificates are renewed, and how a device that was away gets in again without pairing."""

import json
import random
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.identity import reentry
from palyra_kernel.identity.certificates.times import renew_ms
from palyra_kernel.identity.keys import identity_print
from palyra_kernel.identity.reentry import Challenges, Proof, check_proof, signed_text
from palyra_kernel.identity.renewal import (
    REENTRY_MS,
    check_reentry,
    renew_at_ms,
    retry_after_ms,
)
from tests.identity.devices.registry import DAY, MINUTE, NOW, Registry, device_of, leaf_at
from tests.identity.devices.test_devices import code_of

REQUEST, GATEWAY = b"\x01" * 32, b"\x02" * 32
HOUR = DAY // 24
VECTORS = Path(__file__).parents[2] / "vectors"

chances = st.floats(0, 1, exclude_max=True)


@given(chances, st.integers(MINUTE, 400 * DAY))
def test_a_renewal_is_due_about_two_thirds_through(chance, life):
    """Hazard H19: a threshold that nobody asked; and renewals that were paired together come together. The begin of a
    certificate is not its issue: one of a minute was due before it arrived."""
    leaf = leaf_at(NOW, life)
    share = (renew_at_ms(leaf, chance) - NOW) / life
    assert 0.6 - 1e-4 <= share <= 0.7334
    assert abs(renew_at_ms(leaf, 0.5) - renew_ms(leaf.not_before_ms, leaf.not_after_ms)) <= 1
    assert renew_at_ms(leaf, 0.0) <= renew_at_ms(leaf, chance) < leaf.not_after_ms


@given(st.integers(1, 10_000), chances)
def test_pauses_between_tries_grow_to_a_quarter_of_an_hour(failures, chance):
    """Hazard H19: a device that exits when its stream closes, and ten thousand that come back in one second."""
    pause = retry_after_ms(failures, chance)
    assert 500 <= pause <= 15 * MINUTE
    assert retry_after_ms(failures + 1, chance) >= pause
    assert pause >= min(2 ** min(failures - 1, 20) * 500, 7 * MINUTE)


def test_ninety_days_of_renewals_by_the_rules(registry):
    """Hazard H19: a fake clock; the device is away for 7 hours each day, and holds a certificate that stands for it
    whenever it is there."""
    chance = random.Random(19)
    ulid, leaf = registry.paired()
    moment, drawn = NOW, chance.random()
    renewed = 0
    while moment < NOW + 90 * DAY:
        moment += HOUR // 2
        if (moment - NOW) % DAY < 7 * HOUR:
            continue
        assert registry.known(leaf, moment) == ulid
        if moment >= renew_at_ms(leaf, drawn):
            new, drawn = leaf_at(moment), chance.random()
            registry.issue(ulid, new, moment)
            registry.use(ulid, new, moment)
            assert registry.known(leaf, moment) is None
            leaf, renewed = new, renewed + 1
    assert 90 <= renewed <= 160


class Lamp:
    """A device's side of re-entry."""

    def __init__(self, registry, kind="node"):
        self.key = Ed25519PrivateKey.generate()
        self.registry = registry
        self.challenges = Challenges()
        device, self.leaf = device_of(kind, key=self.key), leaf_at(NOW)
        self.id = device.id
        registry.enrol(device, self.leaf)
        registry.use(self.id, self.leaf)

    def proof(self, nonce, at_ms, **changes):
        signed = signed_text(self.id, nonce, at_ms, REQUEST, GATEWAY)
        proof = Proof(
            version=1,
            device=self.id,
            nonce=nonce,
            at_ms=at_ms,
            request=REQUEST,
            gateway=GATEWAY,
            signature=self.key.sign(signed),
        )
        return replace(proof, **changes)

    def come_back(self, now_ms, proof=None):
        """The gateway's side: what a listener will do with a proof."""
        proof = proof or self.proof(self.challenges.draw(self.id, now_ms), now_ms)
        self.challenges.take(proof.nonce, self.id, now_ms)
        device = self.registry.devices.find(self.id)
        check_proof(proof, device, request=REQUEST, gateway=GATEWAY, now_ms=now_ms)
        leaf = leaf_at(now_ms)
        self.registry.issue(self.id, leaf, now_ms, proven_ms=proof.at_ms)
        return leaf


@pytest.fixture
def lamp(registry):
    return Lamp(registry)


@pytest.mark.parametrize("away", [23 * HOUR, 25 * HOUR, 7 * DAY, 29 * DAY, DAY + REENTRY_MS])
def test_a_device_that_was_away_comes_back(lamp, away):
    """Hazard H19: offline for 23 hours, 25 hours, a week or 29 days: no pairing."""
    back = NOW + away
    leaf = lamp.come_back(back)
    assert lamp.registry.known(leaf, back) == lamp.id
    assert lamp.registry.use(lamp.id, leaf, back)


def test_who_was_away_too_long_pairs_again(lamp):
    """Hazard H19: 30 days after the certificate expired the key alone opens nothing; revoked, never."""
    assert code_of(DeniedError, lamp.come_back, NOW + DAY + REENTRY_MS + 1) == "reentry_over"
    lamp.registry.revoke(lamp.id)
    assert code_of(DeniedError, lamp.come_back, NOW) == "device_revoked"
    lamp.registry.remove(lamp.id)
    assert code_of(DeniedError, check_reentry, lamp.registry.devices.find(lamp.id), NOW) == "device_removed"


def test_a_proof_counts_once(lamp, parts):
    """Hazard H11: sent again to the same process, to another, or after a restart."""
    nonce = lamp.challenges.draw(lamp.id, NOW)
    proof = lamp.proof(nonce, NOW)
    lamp.come_back(NOW, proof)
    assert code_of(DeniedError, lamp.come_back, NOW, proof) == "challenge_unknown"
    lamp.challenges = Challenges()  # restarted
    assert code_of(DeniedError, lamp.come_back, NOW, proof) == "challenge_unknown"
    lamp.challenges._waiting[nonce] = lamp.id, NOW  # a process that believes in this challenge all the same
    lamp.registry = Registry(parts.records)
    assert code_of(DeniedError, lamp.come_back, NOW, proof) == "proof_replayed"
    assert code_of(DeniedError, lamp.registry.issue, lamp.id, leaf_at(NOW), proven_ms=NOW) == "proof_replayed"
    lamp.come_back(NOW + 1)


@pytest.mark.parametrize("skew", [-10, -5, -4, 0, 4, 5, 10])
def test_clocks_may_differ_by_five_minutes(lamp, skew):
    """Hazards H11 and H20: a stale time is refused, and the refusal says by how much."""
    proof = lamp.proof(lamp.challenges.draw(lamp.id, NOW), NOW + skew * MINUTE)
    if abs(skew) <= 5:
        lamp.come_back(NOW, proof)
        return
    with pytest.raises(DeniedError) as caught:
        lamp.come_back(NOW, proof)
    assert caught.value.code == "clock_skewed"
    assert "600 s " + ("ahead of" if skew > 0 else "behind") in caught.value.message


def test_a_challenge_is_for_one_device_and_five_minutes(lamp):
    """Hazard H11: and it is used up by whoever answers it wrongly."""
    other = Lamp(lamp.registry)
    nonce = lamp.challenges.draw(other.id, NOW)
    assert code_of(DeniedError, lamp.come_back, NOW, lamp.proof(nonce, NOW)) == "challenge_unknown"
    late = lamp.challenges.draw(lamp.id, NOW)
    after = NOW + 5 * MINUTE + 1
    assert code_of(DeniedError, lamp.come_back, after, lamp.proof(late, after)) == "challenge_unknown"
    nonce = lamp.challenges.draw(lamp.id, NOW)
    forged = lamp.proof(nonce, NOW, signature=bytes(64))
    assert code_of(DeniedError, lamp.come_back, NOW, forged) == "signature_invalid"
    assert code_of(DeniedError, lamp.come_back, NOW, lamp.proof(nonce, NOW)) == "challenge_unknown"


def test_challenges_do_not_pile_up(monkeypatch):
    """Hazard H11: anybody may ask for one."""
    monkeypatch.setattr(reentry, "_MOST", 3)
    challenges = Challenges()
    nonces = [challenges.draw(device_of().id, NOW) for _ in range(5)]
    assert len(challenges._waiting) == 3
    assert nonces[0] not in challenges._waiting


@pytest.mark.parametrize("field", ["device", "nonce", "at_ms", "request", "gateway", "signature"])
def test_every_field_is_signed(lamp, field):
    """Hazard H11: what is not signed can be changed on the way."""
    nonce = lamp.challenges.draw(lamp.id, NOW)
    proof = lamp.proof(nonce, NOW)
    changes = {
        "device": device_of().id,
        "nonce": bytes(32),
        "at_ms": NOW + 1,
        "request": bytes(32),
        "gateway": bytes(32),
        "signature": bytes(64),
    }
    changed = replace(proof, **{field: changes[field]})
    device = lamp.registry.devices.find(lamp.id)
    with pytest.raises(DeniedError) as caught:
        check_proof(changed, device, request=REQUEST, gateway=GATEWAY, now_ms=NOW)
    assert caught.value.code in ("signature_invalid", "proof_misplaced")
    with pytest.raises(DeniedError):
        check_proof(changed, device, request=changed.request, gateway=changed.gateway, now_ms=NOW)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=3, max_size=3), st.integers(1, 2**62))
def test_no_two_proofs_sign_the_same(fields, at_ms):
    """Hazard H11: a byte that moves from one field to its neighbour is another text."""
    nonce, request, gateway = fields
    ulid = device_of().id
    texts = {
        signed_text(ulid, nonce, at_ms, request, gateway),
        signed_text(ulid, nonce + request[:1], at_ms, request[1:], gateway),
        signed_text(ulid, nonce, at_ms, request + gateway[:1], gateway[1:]),
        signed_text(ulid, nonce, at_ms + 1, request, gateway),
    }
    assert len(texts) == 4


@pytest.mark.parametrize("version", [0, 2, -1])
def test_another_version_is_refused(lamp, version):
    """Hazard H11: version 0 was raised to 1."""
    assert code_of(InvalidInputError, lamp.proof, bytes(32), NOW, version=version) == "unknown_version"


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(raw):
    """What comes from outside is refused as what it is, whatever it is."""
    with pytest.raises(InvalidInputError):
        Proof.decoded(raw)


def test_the_signed_text_is_the_one_that_is_published():
    """Devices are written elsewhere too: what they sign is byte for byte what ``docs/devices.md`` says."""
    golden = json.loads((VECTORS / "reentry-v1.json").read_text("utf-8"))
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(golden["identity_private_key"]))
    proof = Proof.decoded(json.dumps(golden["proof"]).encode())
    assert proof.signed.hex() == golden["signed"]
    assert key.sign(proof.signed) == proof.signature
    device = device_of(id=proof.device, key=key, now_ms=proof.at_ms)
    assert identity_print(device.identity_key) == golden["identity_fingerprint"]
    check_proof(proof, device, request=proof.request, gateway=proof.gateway, now_ms=proof.at_ms)


def test_a_proof_travels_as_json(lamp):
    proof = lamp.proof(bytes(32), NOW)
    assert Proof.decoded(msgspec.json.encode(proof)) == proof
    for name in ("nonce", "request", "gateway", "signature"):
        short = msgspec.to_builtins(proof) | {name: ""}
        assert code_of(InvalidInputError, Proof.decoded, msgspec.json.encode(short)) == "invalid_proof"
