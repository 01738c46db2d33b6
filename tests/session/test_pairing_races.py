"""Any two who decide on one pairing at once: whatever wins, approval and pairing say the same."""

from __future__ import annotations

import itertools

import pytest

from palyra_kernel.approvals import Verdict
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.pairing.runs import RUNS
from tests.session.house import ME, OTHER, Sure
from tests.session.paired import Candidate, Gateway
from tests.support import Places


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        gateway = Gateway(Places(tmp_path_factory.mktemp("gateway")), patch)
        yield gateway
        gateway.house.close()


def decided(lamp, session, *, allow):
    session.approvals.decide(lamp.pairing.approval, Verdict(allow=allow), proof=Sure())


VERBS = {
    "approve": lambda lamp, session: session.pairing.approve(lamp.run, proof=Sure()),
    "deny": lambda lamp, session: decided(lamp, session, allow=False),
    "cancel": lambda lamp, session: session.pairing.cancel(lamp.run),
    "take back": lambda lamp, session: session.approvals.cancel(lamp.pairing.approval),
    "revoke": lambda lamp, session: session.devices.revoke(lamp.id, "lost"),
    "fetch": lambda lamp, session: lamp.poll(),
}
AGREE = {
    ("awaiting_approval", "pending"),
    ("approved", "allowed"),
    ("rejected", "denied"),
    ("cancelled", "cancelled"),
    ("cancelled", "revoked"),
    ("cancelled", "consumed"),
    ("issued", "consumed"),
}


@pytest.mark.parametrize(("first", "second"), [*itertools.product(VERBS, repeat=2)])
def test_two_at_once_leave_one_answer(gateway, first, second, monkeypatch):
    """Hazards H15, H16: of two decisions at once both counted, or one of the two states was left behind."""
    lamp = Candidate(gateway)
    if first == "fetch" or second == "fetch":
        lamp.approve()
    records = gateway.kernel._records
    commit, due = records.commit, [True]

    def second_comes_first(change):
        if RUNS.key(lamp.run) in change.puts and due and due.pop():
            with gateway.house.session(OTHER) as session:
                attempt(second, lamp, session)
        commit(change)

    monkeypatch.setattr(records, "commit", second_comes_first)
    with gateway.house.session(ME) as session:
        attempt(first, lamp, session)
    monkeypatch.undo()
    with gateway.house.session(OTHER) as session:
        attempt(second, lamp, session)  # where the first was refused before there was anything to commit
    approval = gateway.kernel._shared_by_sessions().grants.find(lamp.pairing.approval)
    assert (lamp.pairing.state, approval.state) in AGREE
    if "revoke" in (first, second):
        assert lamp.pairing.state != "issued"
        assert not lamp.poll().certificates


def attempt(verb, lamp, session):
    """It is done, or refused."""
    try:
        VERBS[verb](lamp, session)
    except PalyraError:
        return
