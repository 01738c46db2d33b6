"""A pairing and its approval are one: whatever happens to the one happens to the other in the same commit."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from palyra_kernel.approvals import Verdict
from palyra_kernel.errors import ConflictError, DeniedError, NotFoundError, PalyraError
from palyra_kernel.values.decisions import Resource
from palyra_kernel.values.ids import now_ms
from tests.session.acts import other_bundle
from tests.session.house import ME, OPERATOR, OTHER, Commits, Sure
from tests.session.paired import Candidate, Gateway, new_device
from tests.support import Places


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        gateway = Gateway(Places(tmp_path_factory.mktemp("gateway")), patch)
        yield gateway
        gateway.house.close()


@pytest.fixture
def house(places, monkeypatch):
    """A gateway of its own, for whoever changes the policies or who is known."""
    gateway = Gateway(places, monkeypatch)
    yield gateway
    gateway.house.close()


def approval(gateway, candidate):
    return gateway.kernel._shared_by_sessions().grants.find(candidate.pairing.approval)


def test_a_pairing_from_code_to_certificate(gateway):
    lamp = Candidate(gateway)
    assert lamp.state == "awaiting_approval"
    waiting = approval(gateway, lamp)
    assert (waiting.state, waiting.binding.principal, waiting.binding.action) == (
        "pending",
        ME,
        "device.pair",
    )
    assert waiting.until_ms - waiting.asked_ms == 600_000
    for fact in (lamp.id, lamp.pairing.words, lamp.pairing.transcript.hex(), lamp.source, "the lamp"):
        assert fact in waiting.shown
    assert lamp.poll().state == "waiting"
    gateway.mark()
    certificate = lamp.paired()
    assert gateway.identity.admission.arrived(certificate).device == lamp.id
    assert approval(gateway, lamp).state == "consumed"
    assert gateway.told() == [
        ("approval.decide", "allowed", "policy.allow"),
        ("device.pair", "allowed", "policy.allow"),
        ("pairing.acknowledged", "allowed", "acknowledged"),
    ]
    assert gateway.identity.devices.find(lamp.id).approved_by == ME


def by_pairing(gateway, lamp, *, allow):
    with gateway.house.session(ME) as session:
        if allow:
            session.pairing.approve(lamp.run, proof=Sure())
        else:
            session.pairing.reject(lamp.run, reason="the words differ", proof=Sure())


def by_approval(gateway, lamp, *, allow):
    gateway.house.decide(lamp.pairing.approval, allow=allow)


@pytest.mark.parametrize("allow", [True, False])
@pytest.mark.parametrize("route", [by_pairing, by_approval])
def test_every_route_moves_approval_and_pairing_in_one_commit(gateway, route, allow):
    """Hazard H16: one route denied the approval, and the request could still be approved by another."""
    lamp = Candidate(gateway)
    with Commits(gateway.kernel) as commits:
        route(gateway, lamp, allow=allow)
        assert commits.count == 1
    assert (lamp.state, approval(gateway, lamp).state) == (
        ("approved", "allowed") if allow else ("rejected", "denied")
    )
    for other in (by_pairing, by_approval):
        for answer in (True, False):
            with pytest.raises(ConflictError):
                other(gateway, lamp, allow=answer)
    assert lamp.poll().state == ("issued" if allow else "rejected")


def test_nothing_is_approved_by_default(gateway):
    """Hazard H16: approve-once was chosen beforehand; who looked away had approved."""
    lamp = Candidate(gateway)
    gateway.ahead += 600_001
    assert lamp.state == "expired"
    assert lamp.poll().state == "expired"
    with pytest.raises(ConflictError, match="expired"):
        lamp.approve()
    gateway.ahead = 0
    assert approval(gateway, lamp).state == "pending", "the clock of approvals stands still here"


@pytest.mark.parametrize("answered", [False, True])
def test_an_approval_that_ends_by_time_ends_its_pairing_in_the_same_commit(gateway, answered):
    """Hazard H16: the approval was over, and what had waited for it went on."""
    lamp = Candidate(gateway)
    if answered:
        lamp.approve()
    grants = gateway.kernel._shared_by_sessions().grants
    clock, grants._clock = grants._clock, lambda: now_ms() + 3_700_000
    radio = Candidate(gateway)
    grants._clock = clock
    assert (lamp.pairing.state, approval(gateway, lamp).state) == ("cancelled", "expired")
    assert lamp.pairing.reason == "its approval is expired"
    assert lamp.poll().state == "cancelled"
    assert radio.pairing.state == "awaiting_approval"


def test_an_approval_of_something_else_moves_no_pairing(gateway):
    """Hazard H16: any approval of the same device would do."""
    from palyra_kernel.kernel.identity import followed

    lamp, radio = Candidate(gateway), Candidate(gateway)
    lamp.approve()
    runs, given = gateway.identity.pairings.runs, approval(gateway, lamp)
    forged = replace(given, key=f"pairing/{radio.run}")
    with pytest.raises(ConflictError, match="not this pairing"):
        followed(runs, forged, gateway.now())
    assert not followed(runs, replace(forged, state="cancelled"), gateway.now()).puts
    with pytest.raises(NotFoundError):
        followed(runs, replace(given, key=None), gateway.now())


def test_an_approval_that_is_taken_back_takes_the_pairing_along(gateway):
    lamp, radio = Candidate(gateway), Candidate(gateway)
    radio.approve()
    with gateway.house.session(ME) as session:
        session.approvals.cancel(lamp.pairing.approval)
        session.approvals.cancel(radio.pairing.approval)
    assert (lamp.state, radio.state) == ("cancelled", "cancelled")
    assert radio.poll().state == "cancelled"
    assert radio.id not in [device.id for device in gateway.identity.devices.all()]


def test_a_pairing_that_is_taken_back_takes_the_approval_along(gateway):
    lamp, radio = Candidate(gateway), Candidate(gateway)
    radio.approve()
    gateway.mark()
    with gateway.house.session(ME) as session, Commits(gateway.kernel) as commits:
        session.pairing.cancel(lamp.run, "wrong lamp")
        session.pairing.cancel(radio.run)
        assert commits.count == 2
        with pytest.raises(ConflictError):
            session.pairing.cancel(lamp.run)
    assert (approval(gateway, lamp).state, approval(gateway, radio).state) == ("cancelled", "revoked")
    assert lamp.pairing.reason == "wrong lamp"
    assert [told[:2] for told in gateway.told()] == [
        ("device.manage", "allowed"),
        ("device.manage", "allowed"),
        ("device.manage", "failed"),
    ]


STEPS = {
    "prove": lambda lamp: lamp.prove(),
    "approve": lambda lamp: lamp.approve(),
    "pick up": lambda lamp: lamp.picked_up(),
    "use": lambda lamp: lamp.use(),
}


@pytest.mark.parametrize("verb", ["revoke", "remove"])
@pytest.mark.parametrize("steps", range(5))
def test_a_device_that_is_thrown_out_between_two_steps_is_out(gateway, steps, verb):
    """Hazard H10: nobody looked again whether a device was revoked between its proof and the certificate."""
    lamp = known(gateway)
    for name in [*STEPS][:steps]:
        STEPS[name](lamp)
    with gateway.house.session(ME) as session, Commits(gateway.kernel) as commits:
        getattr(session.devices, verb)(lamp.id, "lost")
        assert commits.count == 1
    assert lamp.state == ("acknowledged" if steps == 4 else "cancelled")
    assert_out(gateway, lamp, verb)


@pytest.mark.parametrize("step", STEPS)
def test_a_device_that_is_revoked_while_a_step_is_committed_is_out(gateway, step, monkeypatch):
    """Hazard H10: the step was planned before the revocation, and committed behind it."""
    lamp = known(gateway)
    for name in [*STEPS][: [*STEPS].index(step)]:
        STEPS[name](lamp)
    records = gateway.kernel._records
    commit, due = records.commit, [True]

    def behind_a_revocation(change):
        if due and due.pop():
            with gateway.house.session(ME) as session:
                session.devices.revoke(lamp.id, "stolen")
        commit(change)

    monkeypatch.setattr(records, "commit", behind_a_revocation)
    with pytest.raises((PalyraError, AttributeError, ValueError)):
        STEPS[step](lamp)
    assert not due
    assert_out(gateway, lamp, "revoke")


def known(gateway):
    """A device that was paired before, and begins to pair anew."""
    first = Candidate(gateway)
    first.paired()
    return Candidate(gateway, first.device, prove=False)


def assert_out(gateway, lamp, verb):
    """Nothing of what it has is good, and nothing is left to wait for."""
    assert gateway.identity.devices.find(lamp.id).state == f"{verb}d"
    waiting = gateway.kernel._shared_by_sessions().grants.all()
    live = [each for each in waiting if each.state in ("pending", "allowed")]
    assert str(Resource("device", lamp.id)) not in [each.binding.resource for each in live]
    assert lamp.pairing.state not in ("awaiting_approval", "approved", "issued")
    for name in ("prove", "approve", "pick up"):
        with pytest.raises((PalyraError, AttributeError, ValueError)):
            STEPS[name](lamp)
    if lamp.certificate:
        with pytest.raises(DeniedError):
            lamp.use()


def test_other_policies_between_approval_and_pickup_give_no_certificate(house):
    """Hazard H10: what was approved under rules that are gone was carried out under others."""
    lamp = Candidate(house)
    lamp.approve()
    with house.house.session(ME) as session:
        session.policies.apply(other_bundle())
    house.mark()
    assert lamp.poll().state == "cancelled"
    assert lamp.poll().state == "cancelled"
    assert list(house.identity.devices.all()) == []
    assert house.told() == [("pairing.cancelled", "failed", "not_granted")]


def test_other_keys_for_a_known_device_are_another_louder_question(gateway):
    """Hazard H9: a known id with another key was a pairing like any other."""
    lamp = Candidate(gateway)
    old = lamp.paired()
    before = gateway.identity.devices.find(lamp.id).print
    other = Candidate(gateway, new_device(lamp.id))
    asked = approval(gateway, other)
    assert asked.binding.action == "device.replace_key"
    assert asked.obligation.code == "device.replace_key.approval_required"
    assert before in asked.shown
    assert gateway.identity.admission.arrived(old).device == lamp.id, "until it is approved"
    new = other.paired()
    assert gateway.identity.admission.arrived(new).device == lamp.id
    with pytest.raises(DeniedError):
        gateway.identity.admission.arrived(old)


def test_who_may_not_pair_gets_no_further_than_the_proof(house):
    """Hazard H14: whoever had a code had asked for it, under any name they liked."""
    with house.house.session(OPERATOR) as session, pytest.raises(DeniedError):
        session.pairing.mint_pin()
    lamp = Candidate(house, by=OTHER)
    assert lamp.pairing.issued_by == OTHER
    with house.house.session(ME) as session:
        session.principals.revoke(OTHER)
    lamp.approve()
    assert lamp.poll().state == "cancelled"
    assert lamp.pairing.reason == "not_granted"


def test_a_code_of_somebody_who_was_revoked_pairs_nothing(house):
    with house.house.session(OTHER) as session:
        minted = session.pairing.mint_pin()
    with house.house.session(ME) as session:
        session.principals.revoke(OTHER)
    from palyra_kernel.identity.pairing.codes import parse_pin
    from palyra_kernel.identity.pairing.messages import REFUSED
    from tests.identity.pairing_world import TLS, Device

    run = Device().run(parse_pin(minted.text))
    begun = house.identity.pairings.begin(run.hello(), "192.0.2.1", house.identity.terms(TLS))
    assert house.identity.pairings.finish(begun.run, run.prove(begun.reply)) == REFUSED


def test_two_people_where_the_house_wants_two(house):
    from palyra_kernel.policy.bundle import Bundle

    files = dict(Bundle.default().files)
    files["organisation.cedar"] += (
        '\n@id("two") @approval("house.two") @quorum("2") @options("once")\n'
        'forbid (principal, action == Action::"device.pair", resource) unless { context.approved };\n'
    )
    with house.house.session(ME) as session:
        session.policies.apply(Bundle(files))
        session.principals.grant("user:third", _owner())
    lamp = Candidate(house)
    with pytest.raises(DeniedError, match="asks does not decide"):
        lamp.approve(ME)
    lamp.approve(OTHER)
    assert lamp.state == "awaiting_approval"
    lamp.approve("user:third")
    assert lamp.state == "approved"
    assert lamp.pairing.decided_by == "user:third"
    assert lamp.picked_up()


def _owner():
    from palyra_kernel.access.member import Grants

    return Grants(roles=("Owner",))


def test_a_long_reason_denies_all_the_same(gateway):
    lamp = Candidate(gateway)
    with gateway.house.session(ME) as session:
        session.approvals.decide(
            lamp.pairing.approval, Verdict(allow=False, reason="no\n" * 300), proof=Sure()
        )
    assert lamp.state == "rejected"
    assert lamp.pairing.reason.startswith("no no")
