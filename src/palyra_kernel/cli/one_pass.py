"""Resolving what a command line or a file names, all of it in one pass, and saying at once all that has no value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from palyra_kernel import Resolution, SecretError, SecretRef
    from palyra_kernel.errors import PalyraError
    from palyra_kernel.resolve.resolver import OnePass

_Given = TypeVar("_Given", "str | SecretRef", "SecretRef")


@contextmanager
def one_pass(resolver: OnePass, refs: Iterable[_Given]) -> Iterator[Mapping[_Given, Resolution]]:
    """The outcomes of *refs*, each under its reference as it was given; their values are wiped after the block."""
    with ExitStack() as stack:
        outcomes = resolver.resolve_many(refs)
        for outcome in outcomes.values():
            stack.enter_context(outcome)
        yield outcomes


def refusal(failed: Sequence[tuple[str, SecretError]], consequence: str) -> PalyraError:
    """The error of the first of *failed*, which are pairs of where a reference stands and what is wrong; its message
    names them all, and begins with *consequence* if they are several."""
    from palyra_kernel.resolve.outcome import exception_of

    first = exception_of(failed[0][1])
    lines = [f"{where}: {error.message} ({error.code})" for where, error in failed]
    if len(lines) > 1:
        lines.insert(0, f"{consequence}, {len(lines)} references have no value")
    return type(first)(first.code, "\n  ".join(lines), hint=first.hint)
