"""``palyra approvals``: what is shown is everything, and every default is no."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace

import pytest

from palyra_kernel import Kernel
from palyra_kernel.access.system import system_principal
from palyra_kernel.approvals import Approval
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.kernel.approving import make_approvals
from palyra_kernel.values.principals import Principal
from tests.approvals.room import Room
from tests.cli.conftest import bare, call, palyra, prompts

__all__ = ["bare", "call", "palyra", "prompts"]  # fixtures

ME = str(system_principal())
PASSPHRASE = "correct horse battery"


class Asking:
    """A program that asks in the vault of the command line, each time in an open Kernel of its own."""

    def __init__(self, call) -> None:
        self._folders = {"state_root": call.places[1], "config_dir": call.places[3]}

    def __call__(self, arguments: object = None, **more) -> Approval:
        with Kernel.open(**self._folders) as kernel:
            return self._room(kernel).ask(arguments, **more)

    def usable(self, arguments: object = None) -> bool:
        with Kernel.open(**self._folders) as kernel:
            return self._room(kernel).usable(arguments) is not None

    def _room(self, kernel: Kernel) -> Room:
        room = Room(SimpleNamespace(records=kernel._records))
        room.approvals = make_approvals(kernel._records, kernel.config.approvals)
        room.plans = room.approvals.plans
        return room


@pytest.fixture
def ask(call):
    return Asking(call)


@pytest.fixture
def passphrase(call, prompts):
    """Set, as its owner does it; the file that has it."""
    prompts += [PASSPHRASE, PASSPHRASE]
    outcome = call("approvals", "passphrase", terminal=True)
    assert outcome.code == 0, outcome
    file = call.base / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    file.chmod(0o600)
    return str(file)


def decide(call, approval, *options):
    return call("approvals", "decide", approval.id, *options)


def test_allowed_and_used(call, ask, passphrase):
    """Hazard P8: approvals that could never be honoured."""
    asked = ask({"argv": ["deploy"]})
    listed = call("approvals", "list")
    assert asked.id in listed.text
    outcome = decide(call, asked, "--allow", "--reason", "ok", "--approval-passphrase-file", passphrase)
    assert outcome.code == 0, outcome
    assert outcome.text.startswith(f"{asked.id}: allowed (once) until 2")
    assert ask.usable({"argv": ["deploy"]})
    [vote] = call("--json", "approvals", "show", asked.id).json["votes"]
    assert (vote["decider"], vote["method"], vote["reason"]) == (ME, "passphrase", "ok")


def test_denied(call, ask, passphrase):
    asked = ask()
    outcome = decide(call, asked, "--deny", "--approval-passphrase-file", passphrase)
    assert ": denied; the same is not asked again before 2" in outcome.text
    assert not ask.usable()


@pytest.mark.parametrize("answer", ["", "n", "no"])
def test_the_prompt_shows_everything_and_enter_denies(call, ask, passphrase, prompts, answer):
    """Hazard P27: allow was selected beforehand."""
    asked = ask({"argv": ["rm", "\u202egpj.exe", "\u0440\u0430ypal"]}, purpose="clean\x1b[2J up")
    prompts += [answer, PASSPHRASE]
    outcome = call("approvals", "decide", asked.id, terminal=True)
    assert outcome.code == 0, outcome
    assert outcome.text.startswith(f"{asked.id}: denied")
    for seen in (
        "agent:planner",
        "tool:shell",
        "\\u202egpj.exe",
        "\\u0440\\u0430ypal",
        "clean\\u001b[2J",
    ):
        assert seen in outcome.err
    assert "\x1b" not in outcome.err
    assert asked.binding.arguments in outcome.err


def test_yes_has_to_be_said(call, ask, passphrase, prompts):
    asked = ask()
    prompts += ["y", PASSPHRASE]
    assert call("approvals", "decide", asked.id, terminal=True).code == 0
    assert ask.usable()


def test_without_a_terminal_the_answer_is_an_option(call, ask, passphrase):
    outcome = decide(call, ask(), "--approval-passphrase-file", passphrase)
    assert outcome.code == 2
    assert "--allow or --deny" in outcome.err


def test_without_a_proof(call, ask):
    """Hazard P3: a terminal is no proof; and without any passphrase nobody can decide."""
    asked = ask()
    for terminal in (False, True):
        outcome = call("--json", "approvals", "decide", asked.id, "--allow", terminal=terminal)
        assert (outcome.code, outcome.error["code"]) == (4, "approval.proof_required")
    assert call("--json", "approvals", "show", asked.id).json["state"] == "pending"


def test_a_wrong_passphrase(call, ask, passphrase, prompts):
    asked = ask()
    prompts.append("something else")
    outcome = call("--json", "approvals", "decide", asked.id, "--allow", terminal=True)
    assert (outcome.code, outcome.error["code"]) == (4, "approval.wrong_passphrase")
    assert not ask.usable()


def test_it_is_not_asked_for_in_vain(call, ask, passphrase):
    """Hazard P15: who asks does not decide, and is not asked to prove it first."""
    asked = ask(principal=Principal.parse(ME))
    outcome = call("--json", "approvals", "decide", asked.id, "--allow", terminal=True)
    assert (outcome.code, outcome.error["code"]) == (4, "approval.self_decision")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--option", "timeboxed"], "approval.ttl"),
        (["--option", "timeboxed", "--ttl", "0m"], "approval.ttl"),
        (["--option", "timeboxed", "--ttl", "15"], "approval.ttl"),
        (["--option", "timeboxed", "--ttl", "1000d"], "approval.ttl"),
        (["--reason", "x" * 1001], "approval.reason"),
    ],
)
def test_what_is_no_answer(call, ask, passphrase, options, code):
    """Hazard P30: a timebox without a time to live was forgotten in silence."""
    outcome = call(
        *("--json", "approvals", "decide", ask().id, "--allow", "--approval-passphrase-file", passphrase),
        *options,
    )
    assert (outcome.code, outcome.error["code"]) == (2, code)


def test_a_timebox(call, ask, passphrase):
    options = ("--allow", "--option", "timeboxed", "--ttl", "15m")
    outcome = decide(call, ask(), *options, "--approval-passphrase-file", passphrase)
    assert "allowed (timeboxed)" in outcome.text


def test_decided_twice(call, ask, passphrase):
    """Hazard P5: allow, deny, allow on one id."""
    asked, file = ask(), ("--approval-passphrase-file", passphrase)
    codes = [decide(call, asked, answer, *file).code for answer in ("--allow", "--deny", "--allow")]
    assert codes == [0, 7, 7]


def test_cancelling(call, ask):
    asked = ask()
    assert call("approvals", "cancel", asked.id).text == f"{asked.id}: cancelled\n"
    assert call("approvals", "cancel", asked.id).code == 7
    assert call("approvals", "list").text == "nothing waits for an answer\n"
    [past] = call("--json", "approvals", "list", "--all").json["approvals"]
    assert (past["id"], past["state"]) == (asked.id, "cancelled")


def test_json_is_whole_and_deceives_nobody(call, ask):
    asked = ask({"name": "\u202e\u0430bc"})
    outcome = call("--json", "approvals", "show", asked.id)
    assert json.loads(outcome.json["arguments"]["shown"]) == {"name": "\u202e\u0430bc"}
    assert outcome.out.isascii()
    assert outcome.json["obligation"]["approvers"] == ["Owner"]


def test_watching(call, ask):
    waiting = [ask({"a": number}) for number in range(2)]
    outcome = call("--json", "approvals", "watch", "--seconds", "0")
    assert [json.loads(line)["id"] for line in outcome.text.splitlines()] == [each.id for each in waiting]
    assert f"palyra approvals decide {waiting[0].id}" in call("approvals", "watch", "--seconds", "0").text


def test_an_unknown_one(call):
    for verb in ("show", "cancel"):
        outcome = call("--json", "approvals", verb, "01K0ZQ4T5N8W9XJ3V7C2M6B1HD")
        assert (outcome.code, outcome.error["code"]) == (3, "approval.missing")


class TestPassphrase:
    """Set once on a terminal; changed by whoever has it."""

    def test_the_first_needs_a_terminal(self, call):
        """Hazard P3: a program that could set it would decide about itself."""
        outcome = call(
            "--json", "approvals", "passphrase", "--new-passphrase-file", "-", stdin=b"long enough"
        )
        assert (outcome.code, outcome.error["code"]) == (4, "approval.no_terminal")

    def test_changing_it(self, call, passphrase, prompts):
        new = call.base / "new"
        new.write_text("another passphrase")
        new.chmod(0o600)
        files = ("--approval-passphrase-file", passphrase, "--new-passphrase-file", str(new))
        assert call("--json", "approvals", "passphrase", *files).json == {"principal": ME, "changed": True}
        outcome = call("--json", "approvals", "passphrase", *files)
        assert (outcome.code, outcome.error["code"]) == (4, "approval.wrong_passphrase")

    def test_without_the_old_one(self, call, passphrase):
        outcome = call("--json", "approvals", "passphrase", "--new-passphrase-file", passphrase)
        assert (outcome.code, outcome.error["code"]) == (2, "no_terminal")

    def test_of_somebody_else(self, call, prompts):
        prompts += [PASSPHRASE, PASSPHRASE]
        outcome = call("approvals", "passphrase", "user:somebody", terminal=True)
        assert outcome.text == "the approval passphrase of user:somebody is set\n"

    def test_standard_input_is_one_thing(self, call, ask):
        files = ("--approval-passphrase-file", "-", "--new-passphrase-file", "-")
        assert call("approvals", "passphrase", *files).code == 2
        outcome = call(
            *("--passphrase-file", "-", "approvals", "decide", "0" * 26),
            *("--allow", "--approval-passphrase-file", "-"),
        )
        assert outcome.code == 2


def test_watching_shows_what_comes_later(call, ask, palyra):
    """Wish 16: a request that nobody sees is a request that is denied by time."""
    first = ask({"a": 1})
    watching = palyra.start("--json", "approvals", "watch")
    try:
        assert json.loads(watching.stdout.readline())["id"] == first.id
        second = ask({"a": 2})
        assert json.loads(watching.stdout.readline())["id"] == second.id
    finally:
        watching.kill()
        watching.communicate()


@pytest.mark.parametrize("command", ["decide", "passphrase"])
def test_a_passphrase_that_was_read_is_wiped(call, ask, passphrase, monkeypatch, command):
    """Hazard S17: what was typed stayed in memory for as long as something held it."""
    module = importlib.import_module(f"palyra_kernel.cli.approvals.{command}")
    read, held = module.read_key_file, []

    def reading(path):
        held.append(read(path))
        return held[-1]

    monkeypatch.setattr(module, "read_key_file", reading)
    other = call.base / "other"
    other.write_text("another long passphrase\n")
    other.chmod(0o600)
    present = ("--approval-passphrase-file", passphrase)
    arguments = {
        "decide": lambda: (ask().id, "--allow", *present),
        "passphrase": lambda: (*present, "--new-passphrase-file", str(other)),
    }[command]()
    assert call("approvals", command, *arguments).code == 0
    assert len(held) == (1 if command == "decide" else 2)
    for typed in held:
        with pytest.raises(InvalidInputError, match="wiped"):
            typed.view()
