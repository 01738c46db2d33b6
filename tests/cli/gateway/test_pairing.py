"""``palyra pairing``: what an operator sees before a device is let in, and that nothing lets it in by itself."""

from __future__ import annotations

import re

import pytest

from palyra_kernel.access.system import system_principal
from palyra_kernel.cli.pairing.approve import _sentence
from palyra_kernel.identity.keys import identity_print
from tests.cli.gateway.conftest import PASSPHRASE, SOURCE, approve, device

ME = str(system_principal())


def state(gateway, coming):
    return gateway("--json", "pairing", "show", coming.id).json["state"]


def test_everything_is_shown_before_it_is_approved(gateway, passphrase):
    """Hazard H9: whoever approved saw no key, and no words to compare."""
    coming = gateway.comes()
    listed = gateway("pairing", "list").text
    shown = gateway("pairing", "show", coming.id).text
    for text in (listed, shown):
        for fact in (coming.id, coming.device.self.device, "work laptop", "node", SOURCE, coming.words):
            assert fact in text
    assert identity_print(coming.device.self.identity) in shown
    assert coming.digits in shown
    (found,) = gateway("--json", "pairing", "list").json["pairings"]
    assert (found["state"], found["digits"], found["issued_by"]) == ("awaiting_approval", coming.digits, ME)


def test_a_device_is_let_in(gateway, passphrase):
    coming = gateway.comes()
    outcome = approve(gateway, coming, passphrase)
    assert outcome.code == 0, outcome
    assert outcome.text.startswith(f"{coming.id}: approved; ")
    coming.arrive()
    assert state(gateway, coming) == "acknowledged"
    (known,) = gateway("--json", "devices", "list").json["devices"]
    assert (known["device_id"], known["name"], known["approved_by"]) == (
        coming.device.self.device,
        "work laptop",
        ME,
    )
    assert gateway("pairing", "list").text == "no device wants in\n"


@pytest.mark.parametrize("answer", ["", "n"])
def test_enter_lets_nobody_in(gateway, passphrase, prompts, answer):
    """Hazard H16: approve was selected beforehand."""
    coming = gateway.comes()
    prompts += [answer]
    outcome = gateway("pairing", "approve", coming.id, terminal=True)
    assert outcome.code == 130
    assert coming.words in outcome.err
    assert f"palyra pairing reject {coming.id}" in outcome.err
    assert state(gateway, coming) == "awaiting_approval"


def test_yes_has_to_be_said_and_proved(gateway, passphrase, prompts):
    coming = gateway.comes()
    prompts += ["y", "something else"]
    refused = gateway("--json", "pairing", "approve", coming.id, terminal=True)
    assert (refused.code, refused.error["code"]) == (4, "approval.wrong_passphrase")
    prompts += ["y", PASSPHRASE]
    outcome = gateway("pairing", "approve", coming.id, terminal=True)
    assert outcome.code == 0, outcome
    assert coming.poll().state == "issued"


def test_without_a_passphrase_nobody_is_let_in(gateway):
    """Hazard H16: a route past the approval."""
    coming = gateway.comes()
    outcome = gateway("--json", "pairing", "approve", coming.id, "--words", coming.words)
    assert (outcome.code, outcome.error["code"]) == (4, "approval.proof_required")
    assert coming.poll().state == "waiting"


def test_other_words_let_nobody_in(gateway, passphrase):
    """Hazard H6: nobody compared what both screens show."""
    coming = gateway.comes()
    for words in ("acid acorn actor agent", "000000", ""):
        outcome = gateway(
            "--json",
            "pairing",
            "approve",
            coming.id,
            "--words",
            words,
            "--approval-passphrase-file",
            passphrase,
        )
        assert (outcome.code, outcome.error["code"]) == (4, "other_words")
    assert state(gateway, coming) == "awaiting_approval"
    assert gateway("pairing", "approve", coming.id).code == 2


@pytest.mark.parametrize("parted", ["-", "", " "])
def test_the_digits_do_as_well(gateway, passphrase, parted):
    coming = gateway.comes()
    options = ("--words", coming.digits.replace("-", parted), "--approval-passphrase-file", passphrase)
    assert gateway("pairing", "approve", coming.id, *options).code == 0


def test_the_same_is_decided_by_approvals(gateway, passphrase):
    """Hazard H16: one route denied the approval and left the pairing to be approved by another."""
    let_in, turned_away = gateway.comes(), gateway.comes()
    asked = gateway("--json", "pairing", "show", let_in.id).json["approval"]
    shown = gateway("approvals", "show", asked).text
    assert let_in.words in shown
    proof = ("--approval-passphrase-file", passphrase)
    assert gateway("approvals", "decide", asked, "--allow", *proof).code == 0
    assert state(gateway, let_in) == "approved"
    asked = gateway("--json", "pairing", "show", turned_away.id).json["approval"]
    assert gateway("approvals", "decide", asked, "--deny", *proof).code == 0
    assert state(gateway, turned_away) == "rejected"
    outcome = approve(gateway, turned_away, passphrase, "--json")
    assert (outcome.code, outcome.error["code"]) == (7, "pairing_not_ready")


@pytest.mark.parametrize("verb", ["reject", "cancel"])
def test_no_ends_it_everywhere(gateway, passphrase, verb):
    """Hazard H15: a rejected request became approved."""
    coming = gateway.comes()
    asked = gateway("--json", "pairing", "show", coming.id).json["approval"]
    proof = ("--approval-passphrase-file", passphrase) if verb == "reject" else ()
    outcome = gateway("pairing", verb, coming.id, "--reason", "other words", *proof)
    assert outcome.code == 0, outcome
    ended = {"reject": "rejected", "cancel": "cancelled"}[verb]
    found = gateway("--json", "pairing", "show", coming.id).json
    assert (coming.poll().state, found["state"], found["reason"]) == (ended, ended, "other words")
    assert approve(gateway, coming, passphrase).code == 7
    assert gateway("--json", "approvals", "show", asked).json["state"] in ("denied", "cancelled")


def test_turning_away_needs_a_proof(gateway, passphrase, prompts):
    coming = gateway.comes()
    refused = gateway("--json", "pairing", "reject", coming.id)
    assert (refused.code, refused.error["code"]) == (4, "approval.proof_required")
    assert state(gateway, coming) == "awaiting_approval"
    prompts += [PASSPHRASE]
    assert gateway("pairing", "reject", coming.id, terminal=True).code == 0


def test_an_approved_one_is_cancelled(gateway, passphrase):
    """Hazard H15: a time-box or a change of mind that nobody enforced."""
    coming = gateway.comes()
    assert approve(gateway, coming, passphrase).code == 0
    assert gateway("pairing", "cancel", coming.id).code == 0
    assert coming.poll().state == "cancelled"


def test_one_of_several_is_told_that_others_are_needed(gateway):
    coming = gateway.comes()
    with gateway.opened() as kernel:
        waiting = kernel.identity.pairings.runs.row(coming.id).pairing
    assert _sentence(waiting).startswith(f"{coming.id}: noted; it needs others too, until 2")


def test_another_key_for_a_known_device_is_another_question(gateway, passphrase, prompts):
    """Hazard H9: pairing again replaced the key of a device without a word."""
    before = gateway.paired(passphrase)
    device_id = before.device.self.device
    coming = gateway.comes(who=device(id=device_id))
    old, new = (identity_print(each.device.self.identity) for each in (before, coming))
    shown = gateway("pairing", "show", coming.id).text
    assert re.search(r"^\*\*\* ANOTHER KEY", shown)
    assert old in shown
    assert new in shown
    assert "ANOTHER KEY FOR A KNOWN DEVICE" in gateway("pairing", "list").text
    refused = approve(gateway, coming, passphrase)
    assert (refused.code, "--replace-key" in refused.err) == (2, True)
    prompts += ["y", "yes"]
    assert gateway("pairing", "approve", coming.id, terminal=True).code == 130
    assert gateway("--json", "devices", "show", device_id).json["identity_fingerprint"] == old
    prompts += ["y", "replace", PASSPHRASE]
    outcome = gateway("pairing", "approve", coming.id, terminal=True)
    assert outcome.code == 0, outcome
    coming.arrive()
    assert gateway("--json", "devices", "show", device_id).json["identity_fingerprint"] == new


def test_what_is_not_there(gateway):
    for verb in ("show", "approve", "reject", "cancel"):
        options = ("--words", "acid") if verb == "approve" else ()
        outcome = gateway("--json", "pairing", verb, "01K0ZQ4T5N8W9XJ3V7C2M6B1HD", *options)
        assert (outcome.code, outcome.error["code"]) == (3, "pairing_missing"), verb
