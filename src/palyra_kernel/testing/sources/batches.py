"""Many references in one call, and many calls at once: each answer belongs to its own question."""

from __future__ import annotations

from collections.abc import Sequence

from palyra_kernel.contracts.sources import SecretSource
from palyra_kernel.testing.sources.base import (
    SourceRules,
    Store,
    ask,
    grouped,
    put,
    soon,
    value_of,
)
from palyra_kernel.testing.threads import together
from palyra_kernel.values.secret_ref import SecretRef

_ROUNDS = 5


class BatchRules(SourceRules):
    """The wrong value is worse than none: it is sent to whoever the right one was not meant for."""

    def test_what_was_asked_is_answered_and_nothing_else(
        self, source: SecretSource, store: Store, nothing: SecretRef
    ) -> None:
        """A reference without an answer looks missing; an answer without a question is another program's secret."""
        for group in grouped(source, [put(store, b"one"), nothing, put(store, b"two")]):
            assert set(source.resolve(group, soon())) == set(group)

    def test_each_reference_gets_its_own_value(self, source: SecretSource, store: Store) -> None:
        """Stores answer a batch in an order of their own; matched by position, keys change places."""
        values = {put(store, b"value of %d" % number): b"value of %d" % number for number in range(5)}
        found = ask(source, *reversed(values))
        assert {ref: value_of(answer) for ref, answer in found.items()} == values

    def test_a_long_batch_is_answered_whole(self, source: SecretSource, store: Store) -> None:
        """Stores bound a request and answer in pages; what is behind the first is missing only in production."""
        values = {put(store, b"value of %d" % number): b"value of %d" % number for number in range(self.many)}
        found = ask(source, *values)
        assert {ref: value_of(answer) for ref, answer in found.items()} == values

    def test_an_absent_secret_harms_no_other(
        self, source: SecretSource, store: Store, nothing: SecretRef
    ) -> None:
        """One dead reference degrades its user only: elsewhere it stopped the whole start."""
        first, second = put(store, b"first"), put(store, b"second")
        found = ask(source, first, nothing, second)
        assert [value_of(found[first]), value_of(found[second])] == [b"first", b"second"]

    def test_a_value_that_is_too_large_harms_no_other(self, source: SecretSource, store: Store) -> None:
        """Each reference has a limit of its own, also in one batch."""
        wide, tight = put(store, b"x" * 40), put(store, b"y" * 40, max_bytes=39)
        assert value_of(ask(source, tight, wide)[wide]) == b"x" * 40

    def test_a_malformed_reference_harms_no_other(
        self, source: SecretSource, store: Store, wrong_refs: Sequence[SecretRef]
    ) -> None:
        """A store refuses a whole request for one bad name: so it must not be asked for that one."""
        good = put(store, b"value")
        assert value_of(ask(source, *wrong_refs, good)[good]) == b"value"

    def test_threads_do_not_mix_values(self, source: SecretSource, store: Store) -> None:
        """Clients that keep the last answer in a field hand it to whoever reads first."""
        own = [put(store, b"value of %d" % number) for number in range(self.threads)]

        def work(number: int) -> bool:
            got = [value_of(ask(source, own[number])[own[number]]) for _ in range(_ROUNDS)]
            return got == [b"value of %d" % number] * _ROUNDS

        assert all(together(self.threads, work))

    def test_threads_may_ask_for_the_same(self, source: SecretSource, store: Store) -> None:
        """'Somebody else is asking already' is no answer to the second one."""
        ref = put(store, b"shared")
        found = together(self.threads, lambda _: value_of(ask(source, ref)[ref]))
        assert found == [b"shared"] * self.threads
