"""What ``palyra explain`` learns without asking anybody is what asking would say."""

from __future__ import annotations

from palyra_kernel.contracts.sources import SecretError, SecretSource
from palyra_kernel.testing.io_calls import reaching_out
from palyra_kernel.testing.sources.base import SourceRules, Store, ask, error_of, put, value_of
from palyra_kernel.values.secret_ref import SecretRef


class RefusalRules(SourceRules):
    """People try out a reference with ``explain`` because it costs nothing and shows nothing."""

    def test_refuses_says_what_resolving_would(self, source: SecretSource, nothing: SecretRef) -> None:
        """An explanation of its own says 'fine' where the next step fails (hazard U12)."""
        for ref in (nothing, *map(SecretRef.parse, self.malformed)):
            refused = source.refuses(ref)
            if isinstance(refused, SecretError):
                assert error_of(ask(source, ref)[ref]).code == refused.code

    def test_what_resolves_is_not_refused(self, source: SecretSource, store: Store) -> None:
        """A refusal by a rule that resolving does not know sends people after a setting that is right."""
        ref = put(store, b"value")
        assert source.refuses(ref) is None
        assert value_of(ask(source, ref)[ref]) == b"value"

    def test_refuses_reaches_nobody(self, source: SecretSource, store: Store, nothing: SecretRef) -> None:
        """Looking must not spend quota, start a program or leave a line in the store's log (hazard S17)."""
        refs = [put(store, b"value"), nothing, *map(SecretRef.parse, self.malformed)]
        with reaching_out() as seen:
            for ref in refs:
                source.refuses(ref)
        assert seen == []

    def test_refuses_is_an_error_or_nothing(self, source: SecretSource, nothing: SecretRef) -> None:
        """False and '' are no reasons, and True is not even a refusal."""
        for ref in (nothing, *map(SecretRef.parse, self.malformed)):
            refused = source.refuses(ref)
            assert refused is None or isinstance(refused, SecretError)
