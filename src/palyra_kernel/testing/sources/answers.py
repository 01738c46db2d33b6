"""Absent, refused and broken are three answers, and each says what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from palyra_kernel.contracts.sources import SecretError, SecretSource
from palyra_kernel.testing.sources.base import Answer, SourceRules, Store, ask, error_of, put
from palyra_kernel.values.secret_ref import SecretRef


class AnswerRules(SourceRules):
    """A fallback is asked for what is missing, a last known value answers for what is broken: a source that mixes
    them up uses an old key where somebody revoked it."""

    def test_an_absent_secret_is_missing(self, source: SecretSource, nothing: SecretRef) -> None:
        """Elsewhere it was an exception, an empty value, or the word 'None'."""
        assert error_of(ask(source, nothing)[nothing]).kind == "missing"

    def test_a_malformed_reference_is_invalid(
        self, source: SecretSource, wrong_refs: Sequence[SecretRef]
    ) -> None:
        """A misspelt query that is ignored asks for something else than was written (hazard U9)."""
        for ref in wrong_refs:
            assert error_of(ask(source, ref)[ref]).kind == "invalid_reference"

    def test_errors_say_what_to_do(self, source: SecretSource, store: Store, nothing: SecretRef) -> None:
        """Programs read the code, people the message, and whoever is on call the hint."""
        for error in _errors(source, store, nothing, *map(SecretRef.parse, self.malformed)):
            assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", error.code)
            assert error.message.strip()
            assert error.hint is not None
            assert error.hint.strip()

    def test_messages_name_no_target(self, source: SecretSource, store: Store, nothing: SecretRef) -> None:
        """Messages go to logs that more people read than may know which secrets there are. The kernel says which
        reference it was, as a fingerprint."""
        for ref in (nothing, put(store, b"too large", max_bytes=1)):
            assert ref.target not in error_of(ask(source, ref)[ref]).message


def _errors(source: SecretSource, store: Store, *refs: SecretRef) -> list[SecretError]:
    asked: list[Answer] = []
    for ref in (*refs, put(store, b"too large", max_bytes=1)):
        asked += ask(source, ref).values()
    return [error_of(answer) for answer in asked]
