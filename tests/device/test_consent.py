"""The question at the terminal of a node: what is shown, and what counts as a yes."""

from __future__ import annotations

import os
import select
import sys
import threading

import pytest

from palyra_kernel.contracts.capabilities import CapabilityCall
from palyra_kernel.device.consent import MOST_SHOWN, TerminalConsent, deny, question
from palyra_kernel.values.deadline import Deadline
from tests.device.node_world import work

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there is no terminal of this kind on Windows"
)


class Person:
    """Sits at one end of a pseudo-terminal; the other end is the terminal that is asked at."""

    def __init__(self) -> None:
        import pty

        self.end, self.terminal = pty.openpty()  # type: ignore[attr-defined, unused-ignore]
        self.name = os.ttyname(self.terminal)  # type: ignore[attr-defined, unused-ignore]

    def read(self, until: str) -> str:
        shown = ""
        end = Deadline.after(20)
        while until not in shown and not end.expired:
            if select.select([self.end], [], [], 0.05)[0]:
                shown += os.read(self.end, 65_536).decode()
        assert until in shown, shown
        return shown

    def type(self, text: str) -> None:
        os.write(self.end, text.encode())

    def close(self) -> None:
        os.close(self.end)
        os.close(self.terminal)


@pytest.fixture
def person():
    made = Person()
    yield made
    made.close()


def call(seconds=20.0):
    return CapabilityCall(Deadline.after(seconds))


def asked(person, given, the_call, answer=None):
    """Ask in a thread; type *answer* once the question is there."""
    found = []
    consent = TerminalConsent(person.name)
    thread = threading.Thread(target=lambda: found.append(consent(given, the_call)))
    thread.start()
    shown = person.read("Type yes")
    if answer is not None:
        person.type(answer)
    thread.join(20)
    return found[0], shown


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ("yes\n", True),
        (" yes \n", True),
        *((no + "\n", False) for no in ("", "y", "YES", "no", "yes please", "yesyes", "x" * 100)),
    ],
)
def test_only_the_word_agrees(person, answer, agreed):
    """Hazard H16: return alone agreed, because that was pre-selected."""
    assert asked(person, work(), call(), answer)[0] is agreed


def test_who_asks_for_what_and_with_what_is_shown(person):
    given = work(capability="asking", input=b'{"url":"https://example.com/"}')
    shown = asked(person, given, call(), "no\n")[1]
    assert "user:1000 asks this machine for asking" in shown
    assert '{"url":"https://example.com/"}' in shown


def test_what_was_typed_before_the_question_is_no_answer(person):
    """A yes that lay in the buffer agreed to a question that nobody had read yet."""
    person.type("yes\n")
    assert asked(person, work(), call(), "no\n")[0] is False


def test_silence_is_a_no(person):
    """Hazard H16: a prompt that ran out counted as agreement."""
    assert asked(person, work(), call(0.4))[0] is False


def test_a_question_that_is_called_off_ends(person):
    """Hazard H30: a waiter that nobody needed any more waited on."""
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    assert asked(person, work(), CapabilityCall(Deadline.after(20), cancelled))[0] is False


def test_questions_come_one_at_a_time(person):
    """Two questions at one terminal: the yes to the first was taken for the second."""
    consent = TerminalConsent(person.name)
    found: dict[int, bool] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: consent(work(n), call())})) for n in (1, 2)
    ]
    for thread in threads:
        thread.start()
    first = person.read("Type yes")
    assert first.count("Type yes") == 1
    person.type("yes\n")
    person.read("Type yes")
    person.type("no\n")
    for thread in threads:
        thread.join(20)
    asked_first = 1 if '"lease": 1' in first else 2
    assert found == {asked_first: True, 3 - asked_first: False}


@pytest.mark.parametrize("text", ["\x1b[2K", "\r", "\u202e", "\n\n", "\x9b", "\ud800"])
def test_a_terminal_obeys_nothing_of_it(text):
    """Hazard H41: control characters in what was shown rewrote the screen, and people agreed to something else."""
    raw = text.encode("utf-8", "surrogatepass")
    shown = question(work(input=b'"' + raw + b'"', invoker=f"user:{text}"))
    assert shown.replace("\n", "").isprintable()
    assert shown.isascii()
    assert shown.count("\n") == 2


def test_what_is_too_long_to_be_read_is_not_asked_about(person):
    """Nobody can agree to what they did not see: what was cut off was what mattered."""
    given = work(input=b'"' + b"x" * MOST_SHOWN + b'"')
    assert TerminalConsent(person.name)(given, call(0.3)) is False
    assert select.select([person.end], [], [], 0)[0] == []


def test_without_a_terminal_the_answer_is_no(tmp_path):
    assert TerminalConsent(str(tmp_path / "none"))(work(), call()) is False
    assert deny(work(), call()) is False
