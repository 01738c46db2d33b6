"""An input comes from far away, and is anything."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pytest

from palyra_kernel.contracts.capabilities import Capability, is_json
from palyra_kernel.errors import InvalidInputError, PalyraError
from palyra_kernel.testing.capabilities.base import CapabilityRules, answer_or_error, asked
from palyra_kernel.testing.io_calls import reaching_out

_ODD = (
    b"null", b"true", b"0", b"-1", b"1.5", b"1e300", b'""', b'"text"', b"[]", b"{}", b" {} ", b"[[[[[[]]]]]]",
    b'{"":{}}', b'{"a":1,"a":2}', b"123456789012345678901234567890", b'"\\u0000\\u202e"', b'"\xc3\xa4\xf0\x9f\x94\x91"',
    b'{"url":null}', b'{"path":"../../etc/passwd"}', b'{"__class__":"os.system"}', b'[{"name":[]}]',
)  # fmt: skip


class InputRules(CapabilityRules):
    """Whoever may ask is settled by the gateway; what they ask with is not."""

    def test_a_bad_input_is_refused(self, capability: Capability, bad: Sequence[bytes]) -> None:
        """What is half understood is done half: `InvalidInputError` says whose mistake it is."""
        for each in bad:
            with pytest.raises(InvalidInputError):
                asked(capability, each)

    def test_a_bad_input_reaches_nobody(self, capability: Capability, bad: Sequence[bytes]) -> None:
        """A program that is started, and then told that its argument was wrong, was started."""
        with reaching_out() as seen:
            for each in bad:
                answer_or_error(capability, each)
        assert seen == []

    def test_an_odd_input_gets_an_answer_or_an_error_of_ours(self, capability: Capability) -> None:
        """A KeyError says `plugin_failed`, and whoever asked believes that the node is broken."""
        for each in _ODD:
            if len(each) <= capability.max_input_bytes:
                answer = answer_or_error(capability, each)
                assert isinstance(answer, PalyraError) or is_json(answer)

    def test_the_largest_input_gets_an_answer_or_an_error_of_ours(self, capability: Capability) -> None:
        """What is as long as it may be is allowed."""
        largest = b'"' + b"x" * max(0, capability.max_input_bytes - 2) + b'"'
        for each in (largest, b'{"x":' + largest[: capability.max_input_bytes - 7] + b'"}'):
            answer = answer_or_error(capability, each if is_json(each) else b"0")
            assert isinstance(answer, PalyraError) or is_json(answer)

    def test_an_error_does_not_quote_the_input(self, capability: Capability) -> None:
        """An input may be secret, and errors are logged on both sides."""
        canary = secrets.token_hex(8).encode()
        for each in (b'"%s"' % canary, b'{"%s":1}' % canary, b'{"x":["%s"]}' % canary):
            if len(each) <= capability.max_input_bytes:
                _quotes_nothing(answer_or_error(capability, each), canary.decode())


def _quotes_nothing(answer: bytes | PalyraError, text: str) -> None:
    if isinstance(answer, PalyraError):
        assert text not in f"{answer.code} {answer.message} {answer.hint}"
