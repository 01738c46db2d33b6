"""What is asked on a terminal, and when."""

CHEAP = ("--memory-kib", "8192", "--iterations", "1", "--lanes", "1")


def _slot(call, kind):
    return next(slot["id"] for slot in call("--json", "slots", "list").json["slots"] if slot["kind"] == kind)


def test_a_new_passphrase_is_asked_twice(call, prompts):
    prompts += ["correct horse", "correct hose", "correct horse", "correct horse"]
    outcome = call("slots", "add", "passphrase", *CHEAP, terminal=True)
    assert outcome.code == 0, outcome
    assert prompts == [], "the second pair counted"
    assert "correct horse" not in outcome.text + outcome.err


def test_a_drill_asks_for_what_its_slot_needs_though_another_slot_opens(call, prompts):
    prompts += ["correct horse", "correct horse"]
    call("slots", "add", "passphrase", *CHEAP, terminal=True)
    slot = _slot(call, "passphrase")
    prompts += ["correct horse", "wrong horse"]
    assert call("slots", "drill", slot, terminal=True).code == 0
    assert call("slots", "drill", slot, terminal=True).code == 8
    key = call("slots", "add", "recovery").text.splitlines()[0]
    prompts += [key]
    assert call("slots", "drill", _slot(call, "recovery"), terminal=True).code == 0


def test_a_passphrase_that_opened_the_vault_is_not_asked_again(call, prompts):
    prompts += ["correct horse", "correct horse"]
    call("slots", "add", "passphrase", *CHEAP, terminal=True)
    call("slots", "remove", _slot(call, "file"), "--yes")
    prompts += ["correct horse"]
    listed = call("--json", "slots", "list", terminal=True)
    (slot,) = listed.json["slots"]
    prompts += ["correct horse"]
    assert call("slots", "drill", slot["id"], terminal=True).code == 0
    assert prompts == []


def test_removing_asks_and_takes_no_for_an_answer(call, prompts):
    call("slots", "add", "recovery")
    slot = _slot(call, "recovery")
    prompts += ["n"]
    outcome = call("slots", "remove", slot, terminal=True)
    assert outcome.code == 130
    assert "still opens" in outcome.err, "the warning comes before the question"
    prompts += ["y", "n"]
    outcome = call("slots", "remove", slot, terminal=True)
    assert outcome.code == 0
    assert "rekey --root" in outcome.err


def test_removing_offers_a_new_root_key(call, prompts):
    """Removing a slot whose key was stolen changes nothing for whoever copied keyring.json before."""
    call("slots", "add", "recovery")
    prompts += ["y", "y"]
    outcome = call("slots", "remove", _slot(call, "recovery"), terminal=True)
    assert outcome.code == 0
    assert "The root key is new" in outcome.err


def test_giving_up_at_a_prompt_changes_nothing(call, prompts):
    prompts += [KeyboardInterrupt()]
    assert call("slots", "add", "passphrase", *CHEAP, terminal=True).code == 130
    assert len(call("--json", "slots", "list").json["slots"]) == 1
