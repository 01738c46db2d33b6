"""A request that waits for a human, the answer, and what it is good for: exactly that, once, and no longer."""

import time

import pytest

from palyra_kernel.approvals import planning
from palyra_kernel.errors import ApprovalRequiredError
from palyra_kernel.values.decisions import Allow, Deny, RequireApproval
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.session.acts import decided, other_bundle
from tests.session.house import GATEWAY, MARKED, ME, OTHER, PLANNER, READER, SECRETS, House, answer

ASKS = "secret.read.approval_required"
SHELL = {"arguments": {"argv": ["deploy", "--to", "production"]}, "capabilities": ["ProcessExec"]}


def ask(house: House, act=None, who=PLANNER, **facts) -> str:
    """Ask as *who*; the id of what waits for a human then, which stands in the hint."""
    with house.session(who, **facts) as session, pytest.raises(ApprovalRequiredError) as caught:
        act(session) if act else session.secrets.get(MARKED)
    assert caught.value.hint is not None
    return caught.value.hint.rpartition(" ")[2]


def read(house: House, who=PLANNER, ref=MARKED, **facts) -> str:
    with house.session(who, **facts) as session:
        return answer(lambda: session.secrets.get(ref))


def state(house: House, waiting: str) -> str:
    return house.kernel._shared_by_sessions().grants.find(waiting).state


def listed(house: House) -> None:
    """The policies of a vault that lists a tool."""
    from palyra_kernel.policy.bundle import Bundle

    files = dict(Bundle.default().files)
    files["bundle.toml"] = files["bundle.toml"].replace("allowed_tools = []", 'allowed_tools = ["shell"]')
    with house.session(ME) as session:
        session.policies.apply(Bundle(files))


def test_a_marked_secret_is_read_once_with_the_approval_of_the_owner(house):
    """Hazard P16: a secret that needed an approval was refused for ever. The proof is a real passphrase."""
    waiting = ask(house)
    with house.session(ME) as session, SensitiveBytes(b"otter lantern gravel nine") as passphrase:
        session.approvals.set_passphrase(passphrase)
        from palyra_kernel.approvals import Verdict

        session.approvals.decide(waiting, Verdict(allow=True), passphrase=passphrase)
    with house.session(PLANNER) as session, session.secrets.get(MARKED) as value:
        assert value.reveal() == SECRETS[MARKED]
    assert state(house, waiting) == "consumed"
    again = ask(house)
    assert again != waiting
    used = [event for event in house.events() if event.approval == waiting]
    assert [(event.action, event.outcome) for event in used] == [
        ("secret.read", "approval_required"),
        ("secret.read", "allowed"),
    ]


@pytest.mark.parametrize("way", ["get_many", "get_each", "resolve", "run"])
def test_every_way_to_the_value_uses_the_grant_up(house, way):
    """Hazard P2: on one surface the act ran while its approval was pending, on another for ever after."""
    ways = {
        "get_many": lambda s: s.secrets.get_many([MARKED]),
        "get_each": lambda s: s.secrets.get_each([MARKED]),
        "resolve": lambda s: s.resolver.resolve(f"vault://{MARKED}").value is None,
        "run": lambda s: s.resolver.run().resolve(f"vault://{MARKED}").value is None,
    }
    waiting = ask(house)
    with house.session(PLANNER) as session:
        assert answer(lambda: ways["get_many"](session)) == ASKS
        if way in ("resolve", "run"):
            assert ways[way](session) is True
        house.decide(waiting)
        assert ways[way](session) is not True
        assert state(house, waiting) == "consumed"
        assert answer(lambda: session.secrets.get(MARKED)) == ASKS


def test_pending_and_denied_are_no_permission(house):
    """Hazards P1, P2: a denial by a human was discarded; a tool ran while its approval was pending."""
    waiting = ask(house)
    assert read(house) == ASKS
    assert ask(house) == waiting  # asking twice is one request
    house.decide(waiting, allow=False)
    assert state(house, waiting) == "denied"
    assert read(house) == "approval.denied"
    with house.session(PLANNER) as session:
        decision = session.decide("secret.read", f"secret:{MARKED}")
    assert isinstance(decision, Deny)
    assert decision.code == "approval.denied"
    outcomes = [(event.outcome, event.code) for event in house.events()[-2:]]
    assert outcomes == [("denied", "approval.denied")] * 2


@pytest.mark.parametrize("verdicts", [(True, False), (False, True), (True, True)])
def test_what_was_decided_stays(house, verdicts):
    """Hazard P5: allow, deny, allow on one waiting, and each time the row was changed."""
    first, second = verdicts
    waiting = ask(house)
    house.decide(waiting, allow=first)
    assert answer(lambda: house.decide(waiting, allow=second, by=OTHER)) == "approval.final"
    assert state(house, waiting) == ("allowed" if first else "denied")


@pytest.mark.parametrize("who", [PLANNER, READER, GATEWAY])
def test_whoever_asks_does_not_answer(house, who):
    """Hazard P3: the requester answered its own prompt."""
    waiting = ask(house)
    assert answer(lambda: house.decide(waiting, by=who)) in ("policy.deny.agent", "policy.baseline_deny")
    assert state(house, waiting) == "pending"


def test_who_works_alone_answers_for_a_tool_of_their_own_elsewhere(house):
    """Hazard P3: a tool answered its own prompt. Who may is the policies' to say; where it was asked nobody may."""
    waiting = ask(house, who=ME, tool="shell", session="the tool's")
    with house.session(ME, session="the tool's") as session:
        assert answer(lambda: decided(session, waiting)) == "approval.self_decision"
    house.decide(waiting)
    assert read(house, ME, tool="shell") == "ok"


def test_where_two_are_to_agree_an_owner_does_not_answer_for_their_own_tool(house):
    """Hazard P3: what a tool asks for its user is asked of that user, who is not another person."""
    from palyra_kernel.policy.bundle import Bundle

    files = dict(Bundle.default().files)
    files["organisation.cedar"] = files["organisation.cedar"].replace('@self_decision("allow")\n', "")
    with house.session(ME) as session:
        session.policies.apply(Bundle(files))
    waiting = ask(house, who=ME, tool="shell")
    assert answer(lambda: house.decide(waiting)) == "approval.self_decision"
    house.decide(waiting, by=OTHER)
    assert read(house, ME, tool="shell") == "ok"


OTHERS = {
    "another principal": lambda h: read(h, READER),
    "another secret": lambda h: read(h, ref="global/anthropic_api_key"),
    "another version": lambda h: read(h, ref=f"{MARKED}?version=1"),
    "a tool": lambda h: read(h, tool="shell"),
    "a skill": lambda h: read(h, skill="mail", vouched_by=GATEWAY),
    "a workspace": lambda h: read(h, workspace="main"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_grant_is_for_nothing_else(house, name):
    """Hazard P6: a grant for one thing covered all that its tool did."""
    waiting = ask(house)
    house.decide(waiting, option="timeboxed", ttl_seconds=600)
    assert OTHERS[name](house) == ASKS
    assert read(house) == "ok"


def test_a_grant_is_for_exactly_these_arguments(house):
    """Hazard P6: what was approved for one list of arguments was used for another."""
    listed(house)
    with house.session(PLANNER, tool="shell") as session:
        asked = session.decide("tool.execute", "tool:shell", context=SHELL)
        assert isinstance(asked, RequireApproval)
        house.decide(asked.approval)
        other = {**SHELL, "arguments": {"argv": ["deploy", "--to", "staging"]}}
        answers = [session.decide("tool.execute", "tool:shell", context=each) for each in (other, {**SHELL})]
        assert [type(each) for each in answers] == [RequireApproval, Allow]
        assert answers[0].approval not in ("", asked.approval)
        assert isinstance(session.decide("tool.execute", "tool:shell", context=SHELL), RequireApproval)
    assert state(house, asked.approval) == "consumed"


def test_a_value_that_was_approved_is_the_one_that_is_written(house):
    """Hazard P6: approved was a write; what was written, and with which options, was the requester's."""
    from palyra_kernel.policy.bundle import Bundle

    files = dict(Bundle.default().files)
    files["bundle.toml"] = files["bundle.toml"].replace(
        "sensitive_actions = []", 'sensitive_actions = ["secret.write"]'
    )
    with house.session(ME) as session:
        session.policies.apply(Bundle(files))
    waiting = ask(house, lambda s: s.secrets.put("plain", b"right"), who=ME)
    house.decide(waiting, by=OTHER)
    with house.session(ME) as session:
        secrets, asks = session.secrets, "policy.explicit_approval_required"
        assert answer(lambda: secrets.put("plain", b"wrong")) == asks
        assert answer(lambda: secrets.put("plain", b"right", labels={"env": "test"})) == asks
        assert answer(lambda: secrets.put("other", b"right")) == asks
        assert house.value("global/plain") == SECRETS["global/plain"]
        assert answer(lambda: secrets.put("plain", b"right")) == "ok"
        assert answer(lambda: secrets.put("plain", b"right")) == asks
    assert state(house, waiting) == "consumed"


@pytest.mark.parametrize("action", ["secret.delete", "secret.destroy", "principal.revoke", "policy.apply"])
def test_every_sensitive_action_can_be_approved(house, action):
    """Hazards P10, P16: what an operator called sensitive asked on some surfaces, and could never be approved."""
    from palyra_kernel.policy.bundle import Bundle

    files = dict(Bundle.default().files)
    files["bundle.toml"] = files["bundle.toml"].replace(
        "sensitive_actions = []", f'sensitive_actions = ["{action}"]'
    )
    with house.session(ME) as session:
        session.policies.apply(Bundle(files))
    act = {
        "secret.delete": lambda s: s.secrets.delete("plain"),
        "secret.destroy": lambda s: s.secrets.destroy("plain"),
        "principal.revoke": lambda s: s.principals.revoke(PLANNER),
        "policy.apply": lambda s: s.policies.apply(other_bundle()),
    }[action]
    waiting = ask(house, act, who=ME)
    house.decide(waiting, by=OTHER)
    with house.session(ME) as session:
        assert answer(lambda: act(session)) == "ok"
    assert state(house, waiting) == "consumed"


def test_a_grant_for_a_session_is_for_that_one(house):
    """Hazard P6: a grant for a session was one for the tool, in every session."""
    waiting = ask(house, session="first")
    house.decide(waiting, option="session")
    assert read(house, session="second") == ASKS
    assert [read(house, session="first") for _ in range(3)] == ["ok"] * 3


def test_a_grant_ends_with_the_policies_it_was_given_under(house):
    """Hazard P6: the hash of the policies was kept with a grant, and never compared."""
    waiting = ask(house)
    house.decide(waiting, option="timeboxed", ttl_seconds=600)
    assert read(house) == "ok"
    with house.session(ME) as session:
        session.policies.apply(other_bundle())
    assert read(house) == ASKS
    with house.session(ME) as session:
        session.policies.rollback()
    assert read(house) == "ok"


def test_a_principal_that_was_revoked_uses_no_grant(house):
    """Hazard P6: what was granted to somebody outlived them."""
    waiting = ask(house)
    house.decide(waiting, option="timeboxed", ttl_seconds=600)
    with house.session(ME) as session:
        session.principals.revoke(PLANNER)
    assert read(house) == "policy.deny.unknown_principal"


def test_time_ends_a_request_and_a_grant(house, monkeypatch):
    """Hazard P29: pending requests never ended, and grants outlived what they were for."""
    first, now = ask(house), time.time
    grants = house.kernel._shared_by_sessions().grants
    house.decide(first, option="timeboxed", ttl_seconds=60)
    later = ask(house, who=READER)
    monkeypatch.setattr(grants, "_clock", lambda: int(now() * 1000) + 61_000)
    assert read(house) == ASKS
    assert state(house, first) == "expired"
    assert state(house, later) == "pending"
    monkeypatch.setattr(grants, "_clock", lambda: int(now() * 1000) + 3_601_000)
    assert state(house, later) == "expired"
    assert ask(house, who=READER) != later
    assert planning.Terms().pending_seconds == 3600


def test_a_grant_of_a_life_that_is_over_is_none(places):
    """Hazard P28: a backup brought grants back that had been used since."""
    house = House(places)
    waiting = ask(house)
    house.decide(waiting, option="timeboxed", ttl_seconds=600)
    house.close()
    copy = places.records_db.read_bytes()
    with places.open() as kernel:
        kernel.vault.put("more", b"1")
    places.records_db.write_bytes(copy)
    with places.open(consent="accept-rollback") as kernel, kernel.session(PLANNER) as session:
        assert answer(lambda: session.secrets.get(MARKED)) == ASKS


def test_grants_and_requests_survive_a_restart(places):
    """Hazard P28: grants and denials were in memory, and lost with the process."""
    house = House(places)
    granted, waiting = ask(house), ask(house, who=READER)
    house.decide(granted)
    house.close()
    with places.open() as kernel:
        with kernel.session(PLANNER) as session:
            assert answer(lambda: session.secrets.get(MARKED)) == "ok"
        assert kernel._shared_by_sessions().grants.find(waiting).state == "pending"


def test_nobody_is_asked_in_vain(house):
    """Hazard P15: a human was asked for what was then refused anyway."""
    with house.session(PLANNER, tool="shell") as session:
        decision = session.decide("tool.execute", "tool:shell", context=SHELL)
        assert isinstance(decision, Deny)
        assert decision.code == "tool.execute.tool_not_allowlisted"
    with house.session(ME) as session:
        assert session.approvals.list(past=True) == []


def test_a_prompt_has_the_arguments_and_no_secret(house):
    """Hazard P26: what was shown to the human was cut before secrets in it were masked."""
    listed(house)
    with house.session(PLANNER) as session, house.kernel.vault.get("global/plain") as live:
        shown = {"argv": ["curl", "-H", f"X-Key: {live.reveal().decode()}", "--data", "x" * 1_020]}
        asked = session.decide(
            "tool.execute", "tool:shell", context={"arguments": shown, "capabilities": ["Network"]}
        )
    assert isinstance(asked, RequireApproval)
    approval = house.kernel._shared_by_sessions().grants.find(asked.approval)
    assert "curl" in approval.shown
    assert "plain value" not in approval.shown


def test_too_many_requests_of_one_principal(house):
    """Hazard P30: whoever asks without end is answered without end."""
    listed(house)
    with house.session(PLANNER) as session:
        last = None
        for number in range(60):
            last = session.decide(
                "tool.execute",
                "tool:shell",
                context={"arguments": {"n": number}, "capabilities": ["Network"]},
            )
    assert isinstance(last, Deny)
    assert last.code == "approval.too_many"
    assert house.events()[-1].code == "approval.too_many"
