"""One set of CAs becomes the next, and nobody who follows the rules is ever shut out."""

import pytest
from msgspec.structs import replace

from palyra_kernel.errors import DeniedError, IntegrityError, UnavailableError
from palyra_kernel.identity.ca import rotation
from palyra_kernel.identity.ca.bundle import accepted_bundle
from palyra_kernel.identity.ca.documents import AUTHORITY
from palyra_kernel.identity.ca.secrets import ca_ref
from palyra_kernel.identity.certificates.times import DAY
from palyra_kernel.identity.certificates.verifying import verify_device
from palyra_kernel.records import Change
from tests.identity.making import DEVICE, DOMAIN, NOW
from tests.test_arrows import MAY_IMPORT

HOUR = DAY // 24


def good(gateway, issued) -> bool:
    try:
        verify_device(issued.chain, gateway.authority.bundle().roots, DOMAIN, gateway.now)
    except DeniedError:
        return False
    return True


def tend_until(gateway, end, step=HOUR):
    while gateway.now < end:
        gateway.now = min(gateway.now + step, end)
        gateway.authority.tend()
        gateway.authority.check()


def test_a_new_issuing_ca_overlaps_with_the_old(gateway):
    """Hazard H20: the CA was never rotated. The old one is trusted until its last leaf has expired, and not longer."""
    before, old = gateway.authority.state(), gateway.issue()
    after = gateway.authority.rotate()
    assert after.bundle == before.bundle + 1
    assert [ca.stage for ca in after.issuing] == ["leaving", "active"]
    assert after.roots == before.roots
    new = gateway.issue()
    assert new.chain[1] != old.chain[1]
    tend_until(gateway, old.end_ms)
    assert good(gateway, old)
    assert len(gateway.authority.state().issuing) == 2
    tend_until(gateway, old.end_ms + HOUR)
    assert [ca.id for ca in gateway.authority.state().issuing] == [after.signing.id]
    assert f"ca/{before.signing.id}" not in gateway.secret_names()
    assert gateway.authority.signers().keys() == {after.signing.id}


def test_both_can_sign_what_they_say_of_their_leaves(gateway):
    """Hazard H44: each issuing CA needs a revocation list of its own as long as it has leaves."""
    old = gateway.authority.state().signing.id
    new = gateway.authority.rotate().signing.id
    signers = gateway.authority.signers()
    assert list(signers) == [old, new]
    assert len({signer.certificate.subject for signer in signers.values()}) == 2


def test_a_root_is_announced_before_it_signs(gateway):
    """A root that signs on the day it is made shuts out whoever was not there that day."""
    first = gateway.authority.state().root
    announced = gateway.authority.rotate_root()
    assert [ca.stage for ca in announced.roots] == ["active", "announced"]
    assert announced.signing.parent == first.id
    assert gateway.authority.rotate_root() == announced  # asked again: it is the same one
    gateway.now += 35 * DAY - 1
    gateway.authority.tend()
    assert gateway.authority.state().root == first
    gateway.now += 1
    switched = gateway.authority.tend()
    assert switched.root.id == announced.roots[1].id
    assert switched.signing.parent == switched.root.id
    assert [ca.stage for ca in switched.roots] == ["leaving", "active"]
    gateway.authority.check()
    gateway.now += rotation.OVERLAP_MS
    assert [ca.id for ca in gateway.authority.tend().roots] == [switched.root.id]
    assert len(gateway.secret_names()) == 3


def test_an_emergency_is_at_once(gateway):
    """The old root is out now, its keys are gone, and the gateway is still the one that devices know."""
    before, old, pinned = gateway.authority.state(), gateway.issue(), gateway.authority.bundle()
    gateway.authority.rotate_root()
    after = gateway.authority.rotate_emergency()
    assert gateway.authority.check() == after
    assert after.signer == before.signer
    assert {ca.id for ca in (*after.roots, *after.issuing)}.isdisjoint(
        ca.id for ca in (*before.roots, *before.issuing)
    )
    assert not good(gateway, old)
    assert good(gateway, gateway.issue())
    assert gateway.secret_names() == sorted(["signer", f"ca/{after.root.id}", f"ca/{after.signing.id}"])
    data = gateway.authority.bundle().encoded()
    bundle = accepted_bundle(data, pinned_signer(gateway), DOMAIN, above=pinned.number)
    assert bundle.roots == (after.root.certificate,)
    with pytest.raises(DeniedError):
        accepted_bundle(pinned.encoded(), before.signer, DOMAIN, above=bundle.number)


def pinned_signer(gateway):
    return gateway.authority.state().signer


@pytest.mark.parametrize(("lost", "error"), [(False, UnavailableError), (True, IntegrityError)])
def test_an_emergency_needs_none_of_the_old_keys(gateway, lost, error):
    """The day on which they are lost or expired is the day on which it is needed."""
    state = gateway.authority.state()
    if lost:
        for ca in (state.root, state.signing):
            gateway.vault.destroy(ca_ref(ca.id))
    gateway.now += 3651 * DAY
    with pytest.raises(error) as caught:
        gateway.authority.tend()
    assert "palyra ca rotate" in (caught.value.hint or "")
    gateway.authority.rotate_emergency()
    gateway.authority.check()
    assert good(gateway, gateway.issue())


def test_secrets_do_not_hang_on_the_ca(gateway):
    """Hazard H21: the key of all secrets was derived from that of the CA, so that a rotation would have lost them."""
    gateway.vault.put("global/a", b"value")
    for act in (gateway.authority.rotate, gateway.authority.rotate_root, gateway.authority.rotate_emergency):
        act()
        with gateway.vault.get("global/a") as secret:
            assert secret.reveal() == b"value"
    assert "identity" not in MAY_IMPORT["vault"] | MAY_IMPORT["records"] | MAY_IMPORT["keys"]


def test_a_gateway_that_was_off_for_months_recovers(gateway):
    """An issuing CA that expired meanwhile is no reason to pair every device again."""
    gateway.now += 100 * DAY
    with pytest.raises(UnavailableError):
        gateway.issue()
    gateway.authority.tend()
    gateway.authority.check()
    assert good(gateway, gateway.issue())
    gateway.now += 2 * DAY
    assert len(gateway.authority.tend().issuing) == 1


def test_ten_years_without_anybody_asking(gateway):
    """Roots roll over too: announced at two thirds of their life, and never is there a day without one that counts."""
    roots = set()
    for _ in range(4000 // 5):
        gateway.now += 5 * DAY
        state = gateway.authority.tend()
        roots |= {ca.id for ca in state.roots}
        assert good(gateway, gateway.issue())
    state = gateway.authority.check()
    assert len(roots) == 2
    assert len(gateway.secret_names()) <= 1 + len(state.roots) + len(state.issuing)
    assert 0 < gateway.authority.log.verify() <= 31 // 5 + 1


def test_two_processes_tend_at_once(gateway):
    """Hazard H34: two that find the same step due must not take it twice."""
    gateway.now += 29 * DAY
    one, two = gateway.process(), gateway.process()
    two.state()
    first = one.tend()
    assert two.tend() == first
    assert len(first.issuing) == 2


def test_somebody_was_first_while_the_step_was_planned(gateway, monkeypatch):
    """Hazard H33: what was planned on an older state is planned again, and its keys are left nowhere."""
    other, once = gateway.process(), [1]
    step = rotation.next_issuing

    def slow(state, signers, now):
        made = step(state, signers, now)
        if once.pop() if once else 0:
            other.rotate()
        return made

    monkeypatch.setattr(rotation, "next_issuing", slow)
    state = gateway.authority.rotate()
    gateway.authority.check()
    assert [ca.stage for ca in state.issuing] == ["leaving", "leaving", "active"]
    assert len(gateway.secret_names()) == 1 + 1 + 3


def test_the_record_of_an_act_stands_beside_it(gateway):
    """A rotation that cannot be audited does not happen, and one that happened is."""
    from palyra_kernel.records import Namespace

    seen = Namespace("seen", guarded=False).key("it")

    def beside(state):
        change = Change()
        change.put(seen, str(state.bundle).encode())
        return change

    gateway.authority.rotate(beside=beside)
    assert gateway.records.read(seen).document == str(gateway.authority.state().bundle).encode()

    def refuse(_state):
        raise UnavailableError("audit_unavailable", "no")

    before = gateway.authority.state(), gateway.secret_names()
    for act in (gateway.authority.rotate, gateway.authority.rotate_root, gateway.authority.rotate_emergency):
        with pytest.raises(UnavailableError):
            act(beside=refuse)
    assert (gateway.process().check(), gateway.secret_names()) == before


def test_a_key_that_is_left_over_is_swept(gateway):
    """A process that died between forgetting a CA and destroying its key leaves one: the next that tends takes it."""
    state = gateway.authority.rotate()
    version = gateway.records.read(AUTHORITY).version
    change = Change()
    gateway.authority.documents.plan(change, AUTHORITY, version, replace(state, issuing=(state.signing,)))
    gateway.records.commit(change)
    assert len(gateway.secret_names()) == 4
    gateway.authority.tend()
    assert len(gateway.secret_names()) == 3


def test_every_step_from_every_stage():
    """What is due is a function of the state and the moment: each stage has one step, and none comes too early."""
    from palyra_kernel.identity.ca.documents import Authorities, Ca

    def state(**until):
        stages = {"announced": "", "root": "", "leaving_root": "", "signing": "r", "leaving": "r"}
        names = {"root": "active", "signing": "active", "leaving_root": "leaving"}
        cas = [
            Ca(id=name, certificate=b"", parent=parent, stage=names.get(name, name), until_ms=until[name])  # type: ignore[arg-type]
            for name, parent in stages.items()
            if name in until
        ]
        roots = tuple(ca for ca in cas if not ca.parent)
        issuing = tuple(ca for ca in cas if ca.parent)
        return Authorities(domain="d", signer=b"", roots=roots, issuing=issuing, bundle=1, changed_ms=0)

    now, later = NOW, NOW + 1
    for until, expected in (
        (
            {"root": later, "signing": later, "leaving": later, "leaving_root": later, "announced": later},
            None,
        ),
        ({"root": now, "signing": later}, rotation.announced_root),
        ({"root": now, "signing": now}, rotation.announced_root),
        ({"root": now, "signing": later, "announced": later}, None),
        ({"root": now, "signing": now, "announced": later}, rotation.next_issuing),
        ({"root": now, "signing": now, "announced": now, "leaving": now}, rotation.announced_root_signs),
        ({"root": later, "signing": now, "leaving": now}, rotation.next_issuing),
        ({"root": later, "signing": later, "leaving": now}, rotation.without_gone),
        ({"root": later, "signing": later, "leaving_root": now}, rotation.without_gone),
    ):
        assert rotation.due(state(**until), now) is expected, until


def test_the_device_of_the_example(gateway):
    assert good(gateway, gateway.issue(DEVICE))
