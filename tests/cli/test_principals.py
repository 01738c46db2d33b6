"""``palyra principals``: who may act, for people and for programs."""

import pytest

from palyra_kernel.access.system import system_principal

ME = str(system_principal())


def known(call):
    return {each["principal"]: each for each in call("principals", "list", "--json").json["principals"]}


def grant(call, *arguments):
    outcome = call("principals", "grant", *arguments)
    assert outcome.code == 0, outcome
    return outcome


def test_who_made_the_vault_is_its_owner(call):
    """Hazard P9: a new vault knew nobody, so everybody was let in."""
    assert {who: each["roles"] for who, each in known(call).items()} == {ME: ["Owner"]}
    lines = call("principals", "list").text.splitlines()
    assert lines[0].split() == ["Principal", "Grants", "Known", "since"]
    assert lines[1].startswith(ME)
    assert "Owner" in lines[1]


def test_grants_add_up_and_are_taken_away_one_by_one(call):
    """Hazard P33: what was granted could not be seen, and a second grant replaced the first."""
    assert grant(call, "agent:planner").text == "agent:planner: known, with no grants\n"
    grant(call, "agent:planner", "--capability", "SecretsRead", "--group", "night")
    text = grant(call, "agent:planner", "--role", "Operator", "--workspace", "lab").text
    assert text == "agent:planner: Operator, workspace lab, group night, SecretsRead\n"
    outcome = call("principals", "revoke", "agent:planner", "--capability", "SecretsRead", "--yes")
    assert (outcome.code, outcome.text) == (0, "agent:planner: SecretsRead is taken away\n")
    left = known(call)["agent:planner"]
    assert (left["capabilities"], left["groups"], left["roles"]) == ([], ["night"], ["Operator"])
    assert call("principals", "revoke", "agent:planner", "--yes").code == 0
    assert set(known(call)) == {ME}


def test_a_service_speaks_for_channels_and_skills(call):
    """Hazard P33: who speaks for whom was in no setting."""
    grant(call, "service:slack", "--speaks-for", "channel:slack:T1", "--speaks-for", "skill:mail")
    assert known(call)["service:slack"]["speaks_for"] == ["channel:slack:T1", "skill:mail"]


@pytest.mark.parametrize("terminal", [True, False])
def test_taking_away_asks_and_the_default_is_no(call, terminal):
    """Hazard P27: the prompt had yes selected."""
    grant(call, "agent:planner")
    outcome = call("principals", "revoke", "agent:planner", stdin=b"\n", terminal=terminal)
    assert outcome.code in (2, 130)
    assert "agent:planner" in known(call)


REFUSED = {
    ("grant", "planner"): (2, "invalid_principal"),
    ("grant", "agent:"): (2, "invalid_principal"),
    ("grant", "agent:a\nb"): (2, "invalid_principal"),
    ("grant", "agent:" + "x" * 300): (2, "invalid_principal"),
    ("grant", "robot:x"): (2, "invalid_principal"),
    ("grant", "channel:slack"): (2, "invalid_principal"),
    ("grant", "agent:x", "--role", "King"): (2, "invalid_grant"),
    ("grant", "agent:x", "--role", "Owner"): (2, "invalid_grant"),
    ("grant", "agent:x", "--capability", "secrets read"): (2, "invalid_grant"),
    ("grant", "agent:x", "--workspace", "../other"): (2, "invalid_grant"),
    ("grant", "service:x", "--speaks-for", "nobody"): (2, "invalid_principal"),
    ("revoke", "agent:nobody", "--yes"): (3, "principal_missing"),
    ("revoke", ME, "--yes"): (7, "last_owner"),
    ("revoke", ME, "--role", "Owner", "--yes"): (7, "last_owner"),
}


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda each: " ".join(each)[:40].replace("\n", " "))
def test_what_is_refused_changes_nothing(call, arguments):
    """Hazard P9: the last owner was removed, and programs were made owners."""
    code, error = REFUSED[arguments]
    outcome = call("--json", "principals", *arguments)
    assert (outcome.code, outcome.error["code"]) == (code, error)
    assert set(known(call)) == {ME}
    assert known(call)[ME]["roles"] == ["Owner"]


def test_a_second_owner_makes_the_first_one_dispensable(call):
    """Hazard P9: an owner who leaves could not be removed, or was without anybody behind them."""
    grant(call, "user:successor", "--role", "Owner")
    assert call("principals", "revoke", ME, "--yes").code == 0
    outcome = call("--json", "principals", "list")
    assert (outcome.code, outcome.error["code"]) == (4, "policy.deny.unknown_principal")
    assert call("secrets", "set", "a", stdin=b"1").code == 4
    assert call("--as", "user:successor", "principals", "list").code == 4  # nobody vouches for it


def test_each_change_is_in_the_log_with_who_did_it(call):
    """Hazard P23: changes of who may do what were in no log."""
    grant(call, "agent:planner", "--capability", "SecretsRead")
    call("principals", "revoke", "agent:planner", "--yes")
    call("principals", "revoke", "agent:planner", "--yes")
    told = [each["event"] for each in call("audit", "tail", "-n", "4", "--json").json["events"][:-1]]
    assert [(each["api.operation"], each["status"]) for each in told] == [
        ("principal.grant", "allowed"),
        ("principal.revoke", "allowed"),
        ("principal.revoke", "missing"),
    ]
    assert {each["actor.user.uid"] for each in told} == {ME}
    assert {each["resource.uid"] for each in told} == {"principal:agent:planner"}
    assert told[0]["unmapped.purpose"] == "palyra principals grant"
