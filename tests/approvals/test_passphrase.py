"""An approval passphrase: right or wrong, and guesses that are counted before they are made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from palyra_kernel.approvals import passphrase as module
from palyra_kernel.approvals.approver import Cost
from palyra_kernel.approvals.passphrase import MAX_DELAY_SECONDS, Passphrases
from palyra_kernel.errors import DeniedError, IntegrityError, InvalidInputError, PalyraError
from palyra_kernel.values.principals import Subject
from tests.approvals.room import ALICE, ALLOW, BOB, CAROL, Room, secret

RIGHT, WRONG = secret("anvil meadow tide"), secret("copper thistle nine")


@pytest.fixture
def room(tmp_path):
    made = Room(tmp_path / "room")
    made.approvals.set_passphrase(RIGHT, by=ALICE)
    return made


def code(act, error: type[PalyraError] = DeniedError) -> str:
    with pytest.raises(error) as caught:
        act()
    return caught.value.code


def check(room, given=RIGHT):
    room.approvals.passphrases.check(ALICE.principal, given)


def guess(room) -> str:
    return code(lambda: check(room, WRONG))


def test_it_costs_what_the_slot_costs():
    assert Cost() == (65_536, 3, 4)


def test_a_decision_with_it(room):
    """Hazard P3: deciding needs something that the requester lacks."""
    asked = room.ask()
    right = room.approvals.passphrases.proof(ALICE.principal, RIGHT)
    wrong = room.approvals.passphrases.proof(ALICE.principal, WRONG)
    assert code(lambda: room.decide(asked.id, proof=wrong)) == "approval.wrong_passphrase"
    assert room.state(asked.id) == "pending"
    [vote] = room.decide(asked.id, ALLOW, proof=right).votes
    assert vote.method == "passphrase"


def test_it_proves_one_decider(room):
    asked = room.ask()
    mine = room.approvals.passphrases.proof(ALICE.principal, RIGHT)
    assert code(lambda: room.decide(asked.id, by=BOB, proof=mine)) == "approval.wrong_passphrase"
    theirs = room.approvals.passphrases.proof(BOB.principal, RIGHT)
    assert code(lambda: room.decide(asked.id, by=BOB, proof=theirs)) == "approval.no_passphrase"


def test_five_wrong_ones_then_a_wait_that_doubles(room):
    for _ in range(5):
        assert guess(room) == "approval.wrong_passphrase"
    for seconds in (30, 60, 120):
        assert code(lambda: check(room)) == "approval.delayed"
        room.clock.go(seconds - 1)
        assert code(lambda: check(room)) == "approval.delayed"
        room.clock.go(1)
        assert guess(room) == "approval.wrong_passphrase"


def test_the_wait_has_an_end(room):
    for _ in range(40):
        guess(room)
        room.clock.go(MAX_DELAY_SECONDS)
    check(room)


def test_the_right_one_starts_anew(room):
    for _ in range(3):
        for _ in range(4):
            assert guess(room) == "approval.wrong_passphrase"
        check(room)


def test_a_guess_that_has_to_wait_is_not_looked_at(room, monkeypatch):
    for _ in range(5):
        guess(room)
    monkeypatch.setattr(module, "argon2id", None)
    assert code(lambda: check(room)) == "approval.delayed"


def test_a_restart_forgets_no_guess(room):
    """A counter in memory is as good as none: whoever guesses starts the program again."""
    for _ in range(5):
        assert guess(Room(room.parts, room.clock)) == "approval.wrong_passphrase"
    assert guess(Room(room.parts, room.clock)) == "approval.delayed"


def test_guesses_at_once_are_counted_one_by_one(room):
    """Sixteen threads that all looked before any was counted would have sixteen guesses for one."""
    start = Barrier(16)

    def one(_: int) -> str:
        start.wait(30)
        return guess(room)

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(one, range(16)))
    assert outcomes.count("approval.wrong_passphrase") == 5
    assert outcomes.count("approval.delayed") == 11


def test_a_guess_is_counted_if_the_program_dies_over_it(room, monkeypatch):
    def die(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "argon2id", die)
        for _ in range(5):
            with pytest.raises(KeyboardInterrupt):
                check(room)
    assert guess(room) == "approval.delayed"


def test_a_clock_that_is_set_back_ends_no_wait_and_makes_none_endless(room):
    for _ in range(5):
        guess(room)
    room.clock.go(-86_400)
    assert guess(room) == "approval.delayed"
    room.clock.go(29)
    assert guess(room) == "approval.delayed"
    room.clock.go(1)
    check(room)


def test_a_count_that_was_put_back_is_found(room):
    store = room.parts.store
    before = {each.key: each for each in store.scan(b"g/approver/", None, 10)}
    guess(room)
    store.shelf.records.update(before)
    assert code(lambda: check(room), IntegrityError) == "set_tampered"


def test_changing_it_needs_the_old_one(room):
    new = secret("another one")
    change = room.approvals.set_passphrase
    assert code(lambda: change(new, by=ALICE)) == "approval.old_passphrase"
    assert code(lambda: change(new, by=ALICE, old=WRONG)) == "approval.wrong_passphrase"
    change(new, by=ALICE, old=RIGHT)
    assert guess(room) == "approval.wrong_passphrase"
    check(room, new)


def test_wrong_old_ones_count_as_guesses(room):
    for _ in range(5):
        code(lambda: room.approvals.set_passphrase(RIGHT, by=ALICE, old=WRONG))
    assert guess(room) == "approval.delayed"


def test_the_first_one_is_given_by_an_owner(room):
    give = room.approvals.set_passphrase
    nobody = Subject(principal=CAROL.principal, roles=("Admin", "Operator"))
    assert code(lambda: give(RIGHT, by=nobody)) == "approval.not_an_owner"
    give(RIGHT, by=ALICE, principal=CAROL.principal)
    assert room.approvals.passphrases.known() == ["user:alice", "user:carol"]


def test_two_first_ones_at_once(room):
    first = room.approvals.passphrases.prepare(BOB.principal, RIGHT, None)
    room.approvals.set_passphrase(WRONG, by=BOB)
    assert code(first, PalyraError) == "approval.passphrase_changed"


def test_a_first_one_that_comes_while_somebody_looks(room, monkeypatch):
    """Read in the wrong order, the version of the first would be taken for that of none, and it would be replaced."""
    records = room.records
    plan = room.approvals.passphrases.prepare(BOB.principal, RIGHT, None)
    load, others = records.load_guarded, [WRONG]

    def load_and_lose(namespace):
        found = load(namespace)
        if others:
            Room(room.parts, room.clock).approvals.set_passphrase(others.pop(), by=BOB)
        return found

    monkeypatch.setattr(records, "load_guarded", load_and_lose)
    planned = plan()
    assert code(lambda: records.commit(planned.change), PalyraError) == "record_changed"


@pytest.mark.parametrize("text", ["", "short", "x" * 1025])
def test_it_has_a_length(room, text):
    assert code(lambda: room.approvals.set_passphrase(secret(text), by=BOB), InvalidInputError) == (
        "approval.passphrase"
    )


def test_what_is_kept_opens_nothing(room):
    """The record says neither who nor what, and what Argon2id makes of a passphrase does not lead back."""
    [stored] = room.parts.store.scan(b"g/approver/", None, 10)
    assert b"alice" not in stored.key
    document = room.records.open(stored)
    assert RIGHT.reveal() not in document
    assert isinstance(room.approvals.passphrases, Passphrases)
