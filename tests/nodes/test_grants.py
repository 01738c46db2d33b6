"""What may be asked of a device: granted, signed, bounded, and over when it is over, on both sides."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from palyra_kernel.errors import ConflictError, DeniedError, InvalidInputError, NotFoundError, PalyraError
from palyra_kernel.identity.granted import MAX_BYTES, SKEW_MS, SignedGrants, accepted_grants
from tests.identity.devices.registry import DAY, NOW
from tests.identity.making import DOMAIN
from tests.nodes.world import ECHO, MINUTE, OPERATOR, OTHER


def signed(gateway, device):
    return gateway.nodes.grants.signed(device, DOMAIN, gateway.signer.sign, gateway.time.at)


def accepted(gateway, device, data, **expected):
    signer = gateway.signer.public_key().public_bytes_raw()
    return accepted_grants(data, signer, DOMAIN, device, **expected)


def code_of(act, *arguments, **named):
    with pytest.raises(PalyraError) as caught:
        act(*arguments, **named)
    return caught.value.code


def test_registering_grants_nothing(gateway):
    """Hazard H27: what a node said of itself was what it could be asked for. And what was revoked is not restored by
    registering again, by a restart, or by taking the capability away and back."""
    device = gateway.node(granted=False)
    assert code_of(gateway.invoke, device) == "capability_not_granted"
    grant = gateway.grant(device)
    assert gateway.invoke(device).grant == grant.id
    gateway.revoke_grant(device, grant.id)
    gateway.register(device, "other")
    gateway.register(device, ECHO)
    assert code_of(gateway.invoke, device) == "capability_not_granted"
    assert code_of(gateway.again().invoke, device) == "capability_not_granted"


def test_revoking_ends_what_stands_on_it(gateway):
    """Hazard H27: revoking was cosmetic. In its commit, what waits and what runs under that grant is cancelled; what
    runs under another one goes on."""
    device = gateway.node(granted=False)
    mine, other = gateway.grant(device, invoker=OPERATOR), gateway.grant(device, invoker=OTHER)
    gateway.invoke(device)
    running = gateway.begun(device)
    waiting, foreign = gateway.invoke(device), gateway.invoke(device, invoker=OTHER)
    before = gateway.records.check_head().generation
    assert {each.id for each in gateway.revoke_grant(device, mine.id)} == {running.lease.id, waiting.id}
    assert gateway.records.check_head().generation == before + 1
    assert {gateway.state(running.lease.id), gateway.state(waiting.id)} == {"cancelled"}
    assert code_of(gateway.say, running, "succeed") == "lease_over"
    assert gateway.take(device).lease.id == foreign.id
    assert foreign.grant == other.id
    assert code_of(gateway.revoke_grant, device, mine.id) == "grant_missing"


def test_a_grant_is_of_one_capability_for_one_principal(gateway):
    """Hazard H27: whoever could ask for anything could ask for everything. Another capability, another device, another
    principal: not granted; a grant for anybody is for all."""
    one, two = gateway.node(ECHO, "camera", granted=False), gateway.node(granted=False)
    gateway.grant(one, invoker=OPERATOR)
    assert gateway.invoke(one).state == "queued"
    assert code_of(gateway.invoke, one, capability="camera") == "capability_not_granted"
    assert code_of(gateway.invoke, one, invoker=OTHER) == "capability_not_granted"
    assert code_of(gateway.invoke, two) == "capability_not_granted"
    gateway.grant(two)
    assert gateway.invoke(two, invoker=OTHER).state == "queued"


def test_a_grant_ends_by_the_clock(gateway):
    """Hazard H27: a grant without end. Work is over with its grant at the latest; behind it nothing is asked for and
    nothing that waits is handed over."""
    device = gateway.node(granted=False)
    gateway.grant(device, life_ms=10 * MINUTE)
    lease = gateway.invoke(device, within_ms=DAY)
    assert lease.deadline_ms == NOW + 10 * MINUTE
    gateway.time.pass_ms(10 * MINUTE)
    assert code_of(gateway.invoke, device) == "capability_not_granted"
    assert gateway.take(device) is None
    assert gateway.state(lease.id) == "expired"


def test_a_grant_that_is_gone_at_the_hand_over(gateway):
    """Hazard H27: it was checked, if at all, when work was asked for. It is checked again at the hand-over: even if
    what revoked it had forgotten the lease, it is cancelled there and not handed over."""
    device = gateway.node(granted=False)
    grant = gateway.grant(device)
    lease = gateway.invoke(device)
    gateway.act(lambda change: gateway.nodes.grants.plan_revoke(change, device, grant.id))
    assert gateway.take(device) is None
    assert gateway.state(lease.id) == "cancelled"


def test_the_longest_of_several(gateway):
    """Two grants cover the same: work stands on the one that lasts longer."""
    device = gateway.node(granted=False)
    gateway.grant(device, life_ms=MINUTE)
    long = gateway.grant(device, life_ms=DAY)
    assert gateway.invoke(device, within_ms=2 * MINUTE).grant == long.id


@pytest.mark.parametrize("life_ms", [-1, 0, MINUTE - 1, 367 * DAY])
def test_how_long_a_grant_lasts(gateway, life_ms):
    """A grant that is over before it began, and one for ever, are mistakes."""
    device = gateway.node(granted=False)
    with pytest.raises(InvalidInputError) as caught:
        gateway.grant(device, life_ms=life_ms)
    assert caught.value.code == "invalid_expiry"


def test_how_many_grants_a_device_has(gateway):
    """Hazard H37: records without bounds. 64, and those that are over do not count."""
    device = gateway.node(granted=False)
    for _ in range(64):
        gateway.grant(device, life_ms=MINUTE)
    with pytest.raises(ConflictError) as caught:
        gateway.grant(device)
    assert caught.value.code == "too_many_grants"
    gateway.time.pass_ms(MINUTE)
    gateway.grant(device)
    assert len(gateway.nodes.grants.of(device)) == 1


def test_the_node_checks_for_itself(gateway):
    """Hazard H27: the node did whatever it was sent. It asks the gateway's identity key, which it pinned: what was
    signed is accepted, and allows what was granted, five minutes of clock either way."""
    device = gateway.node(granted=False)
    gateway.grant(device, invoker=OPERATOR, life_ms=DAY)
    found = accepted(gateway, device, signed(gateway, device).encoded())
    for at in (NOW - SKEW_MS, NOW, NOW + DAY + SKEW_MS - 1):
        assert found.require(ECHO, str(OPERATOR), at).capability == ECHO
    for wanted in (
        (ECHO, str(OPERATOR), NOW + DAY + SKEW_MS),
        (ECHO, str(OPERATOR), NOW - SKEW_MS - 1),
        (ECHO, str(OTHER), NOW),
        ("camera", str(OPERATOR), NOW),
    ):
        assert code_of(found.require, *wanted) == "capability_not_granted"


def test_the_node_refuses_what_was_revoked(gateway):
    """Hazard H27: with a revoked grant the node was as willing as before. Once it has seen a newer set, it accepts no
    older one, though that was signed by the right key; the same one is fine."""
    device = gateway.node(granted=False)
    grant = gateway.grant(device)
    old = signed(gateway, device)
    gateway.revoke_grant(device, grant.id)
    new = accepted(gateway, device, signed(gateway, device).encoded(), least=old.number)
    assert code_of(new.require, ECHO, str(OPERATOR), NOW) == "capability_not_granted"
    assert code_of(accepted, gateway, device, old.encoded(), least=new.number) == "grants_old"
    assert accepted(gateway, device, new.encoded(), least=new.number) == new


def test_forged_grants(gateway):
    """Hazard H27: changed in any field, signed by another key, for another device or of another gateway, too long or no
    JSON at all: refused."""
    device, other = gateway.node(granted=False), gateway.node()
    gateway.grant(device, life_ms=MINUTE)
    good = signed(gateway, device)
    stretched = msgspec.structs.replace(good.grants[0], expires_ms=good.grants[0].expires_ms + 1)
    for changes in (
        {"number": good.number + 1},
        {"grants": (stretched,)},
        {"grants": ()},
        {"signature": b""},
    ):
        forged = msgspec.structs.replace(good, **changes)
        assert code_of(accepted, gateway, device, forged.encoded()) == "signature_invalid"
    alien = msgspec.structs.replace(good, signature=Ed25519PrivateKey.generate().sign(good.signed_text()))
    assert code_of(accepted, gateway, device, alien.encoded()) == "signature_invalid"
    others = signed(gateway, other).encoded()
    negative = msgspec.structs.replace(good, number=-1).encoded()
    for data in (others, negative, b"", b"{}", b"\xff", b'{"domain":"\\ud800"}', b" " * (MAX_BYTES + 1)):
        assert code_of(accepted, gateway, device, data) == "grants_refused"
    moved = msgspec.structs.replace(good, domain="other.example")
    assert code_of(accepted, gateway, device, moved.encoded()) == "grants_refused"


def test_what_is_signed_is_unambiguous(gateway):
    """Hazard H7: fields without lengths, so that a byte moved from one to the next. Here it changes what is signed."""
    device = gateway.node(granted=False)
    gateway.grant(device, "ab", invoker=OPERATOR)
    good = signed(gateway, device)
    first = good.grants[0]
    shifted = msgspec.structs.replace(first, capability="a", invoker="b" + first.invoker)
    assert msgspec.structs.replace(good, grants=(shifted,)).signed_text() != good.signed_text()
    assert isinstance(good, SignedGrants)


def test_granting_needs_a_device_that_works(gateway):
    """Hazard H25: a grant for a command line, or for nobody, would wait for whoever gets that id."""
    for device in (gateway.paired("cli"), "01JD8Z6N6V4J1G5E1Q0QK5Z9XW"):
        with pytest.raises(DeniedError):
            gateway.grant(device)
    with pytest.raises(NotFoundError):
        gateway.revoke_grant(gateway.node(granted=False), "01JD8Z6N6V4J1G5E1Q0QK5Z9XW")


def test_grants_that_were_put_back_count_for_nothing(gateway):
    """Hazard H35: an older record in the place of the present one. A set of grants with a revoked one in it, put back
    in the store, is found before it is used."""
    device = gateway.node(granted=False)
    grant, store = gateway.grant(device), gateway.records.store
    (old,) = gateway.records.stored(b"g/node_grants/")
    gateway.revoke_grant(device, grant.id)
    gateway.register(device)
    store.shelf.records[old.key] = old
    assert code_of(gateway.again().invoke, device) == "set_tampered"
