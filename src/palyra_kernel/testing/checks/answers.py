"""An answer is None or a reason, the same for the same request, and nobody else's."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

import msgspec

from palyra_kernel.contracts.checks import PolicyCheck
from palyra_kernel.testing.checks.base import CheckRules, action_request, ask
from palyra_kernel.testing.checks.requests import ACTIONS
from palyra_kernel.testing.threads import together
from palyra_kernel.values.decisions import ActionRequest

_is_reason = re.compile(r"[a-z0-9_.-]{1,64}").fullmatch
_GRANT = re.compile(
    r"(?:.*[._-])?(?:allow(?:ed)?|grant(?:ed)?|permit(?:ted)?|approved?|ok|yes|true|pass(?:ed)?|none)"
)
_TIMES = 25
_ROUNDS = 5


class AnswerRules(CheckRules):
    """What a check says becomes a code that programs match and people look up."""

    def test_it_objects_to_what_it_is_for(
        self, check: PolicyCheck, objected: Sequence[ActionRequest]
    ) -> None:
        """A check that never objects looks like one that works."""
        for request in objected:
            assert ask(check, request) is not None

    def test_it_lets_the_rest_pass(self, check: PolicyCheck, unobjected: Sequence[ActionRequest]) -> None:
        """A check that objects to everything is switched off on the first day, and with it what it was for."""
        for request in unobjected:
            assert ask(check, request) is None

    def test_a_reason_has_its_form(self, check: PolicyCheck, questions: Sequence[ActionRequest]) -> None:
        """A sentence is no code, and False is no reason: the kernel makes `wrong_answer` of both."""
        for answer in (ask(check, request) for request in questions):
            assert answer is None or (type(answer) is str and _is_reason(answer))

    def test_no_reason_sounds_like_a_grant(
        self, check: PolicyCheck, questions: Sequence[ActionRequest]
    ) -> None:
        """A check cannot allow; whoever answers 'allow' has denied, and nobody understands why."""
        for request in (*questions, *(action_request(action=action) for action in ACTIONS)):
            answer = ask(check, request)
            assert answer is None or not _GRANT.fullmatch(str(answer))

    def test_no_reason_quotes_the_request(
        self, check: PolicyCheck, questions: Sequence[ActionRequest]
    ) -> None:
        """Codes stand in logs, and are counted: one for each session is no code."""
        for request in questions:
            canary = secrets.token_hex(8)
            marked = msgspec.structs.replace(request, session=canary, purpose=canary, labels=(f"x={canary}",))
            assert canary not in str(ask(check, marked))

    def test_the_same_request_gets_the_same_answer(
        self, check: PolicyCheck, questions: Sequence[ActionRequest]
    ) -> None:
        """One act is decided on more than once: before a human is asked, with the grant, and when it is explained. A
        check that counts, or rolls dice, says yes to one of them and no to the other."""
        first = [ask(check, request) for request in questions]
        for _ in range(_TIMES):
            assert [ask(check, request) for request in questions] == first

    def test_threads_get_their_own_answers(
        self, check: PolicyCheck, questions: Sequence[ActionRequest]
    ) -> None:
        """A check that keeps the request it is asked about answers one thread with another's."""
        alone = [ask(check, request) for request in questions]

        def rounds(number: int) -> list[bool]:
            places = [(number + step) % len(questions) for step in range(_ROUNDS * len(questions))]
            return [ask(check, questions[place]) == alone[place] for place in places]

        assert all(all(found) for found in together(self.threads, rounds))
