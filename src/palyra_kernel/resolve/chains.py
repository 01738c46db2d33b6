"""Following references through their fallbacks and transforms to a value, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import PalyraError
from palyra_kernel.resolve.asking import Asked, Asker
from palyra_kernel.resolve.catalog import Catalog
from palyra_kernel.resolve.flights import Trip
from palyra_kernel.resolve.outcome import Answer, unanswered
from palyra_kernel.resolve.transforms import transformed
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

_FOR_SOURCES = (
    *("max_bytes", "timeout_ms", "first_byte_ms"),
    *("trusted_dirs", "allow_symlinks", "inherited_env", "cwd", "options"),
)


class Reading(NamedTuple):
    """What a chain came to, and which of its references said so."""

    answer: Answer
    link: int


class Chains:
    """Reads references to the end."""

    def __init__(self, asker: Asker, catalog: Catalog) -> None:
        self._asker = asker
        self._catalog = catalog

    def read(self, refs: Mapping[SecretRef, int], trip: Trip, deadline: Deadline) -> dict[SecretRef, Reading]:
        """Read all of *refs*: first all of the first references, then the fallbacks of those that need them. With each
        comes the moment after which an answer that somebody else asked for has to land to count.

        Who has fallbacks left waits for its equal share of the time, so that they have theirs; who has none waits to
        the end, and holds up nobody.
        """
        chains = {ref: _Chain(ref, since) for ref, since in refs.items()}
        waiting, last = list(chains.values()), []
        while waiting:
            pending = self._ask(waiting, trip, deadline)
            last += [each for each in pending if not each.chain.left]
            shared = [each for each in pending if each.chain.left]
            ends = [Deadline.after(deadline.remaining() / (each.chain.left + 1)) for each in shared]
            for each, end in zip(shared, ends, strict=True):
                each.chain.take(self._answer(each, end))
            waiting = [each.chain for each in shared if each.chain.next()]
        for each in last:
            each.chain.take(self._answer(each, deadline))
        return {ref: chain.reading() for ref, chain in chains.items()}

    def _ask(self, chains: list[_Chain], trip: Trip, deadline: Deadline) -> list[_Pending]:
        """Begin to ask for the present link of each of *chains*; what several share is asked for once."""
        forms = [self.asked_form(chain.present, deadline) for chain in chains]
        since: dict[SecretRef, int] = {}
        for form, chain in zip(forms, chains, strict=True):
            if since.setdefault(form, chain.since) < chain.since:
                since[form] = chain.since
        asked = self._asker.ask(since, trip, deadline)
        return [_Pending(chain, form, asked) for chain, form in zip(chains, forms, strict=True)]

    def _answer(self, pending: _Pending, deadline: Deadline) -> Answer:
        return self._finished(pending.chain.present, pending.asked.answer(pending.form, deadline))

    def asked_form(self, ref: SecretRef, deadline: Deadline | None = None) -> SecretRef:
        """What the source is asked: *ref* without what is done afterwards, so that equal questions are equal."""
        text = ref.ref
        if ref.fragment is not None and not self._fragment_is_id(ref, deadline):
            text = text.partition("#")[0]
        return SecretRef(ref=text, **{name: getattr(ref, name) for name in _FOR_SOURCES})

    def _fragment_is_id(self, ref: SecretRef, deadline: Deadline | None) -> bool:
        try:
            return self._catalog.source(ref.scheme, deadline).fragment_is_id
        except PalyraError:
            return True  # asking will say what is wrong with the source

    def _finished(self, ref: SecretRef, answer: Answer) -> Answer:
        if isinstance(answer, SecretError):
            return answer
        source = self._catalog.source(ref.scheme)
        steps = source.default_transforms if ref.transforms is None else ref.transforms
        if ref.fragment is not None and not source.fragment_is_id:
            steps += (f"json:{ref.fragment}",)
        value = transformed(answer, steps)
        if isinstance(value, SensitiveBytes) and not len(value) and not ref.allow_empty:
            return SecretError(
                kind="missing",
                code="empty",
                message="the value is empty",
                hint="set allow_empty if an empty value is meant",
            )
        return value


class _Chain:
    """How far one reference and its fallbacks have come."""

    def __init__(self, ref: SecretRef, since: int) -> None:
        self.since = since
        self._links = ref.chain
        self._link = 0
        self._last: Reading | None = None
        self._reason: Reading | None = None

    @property
    def present(self) -> SecretRef:
        """The reference that is asked for now."""
        return self._links[self._link]

    @property
    def left(self) -> int:
        """How many fallbacks there are behind it."""
        return len(self._links) - self._link - 1

    def take(self, answer: Answer) -> None:
        """Take the answer of the present reference."""
        self._last = Reading(answer, self._link)
        # A source that could not tell is the reason, whatever a later one misses.
        if self._goes_on() and (self._reason is None or _is_missing(self._reason)):
            self._reason = self._last

    def next(self) -> bool:
        """Go on to the next fallback; False if the answer is final."""
        if not self._goes_on():
            return False
        self._link += 1
        return True

    def reading(self) -> Reading:
        """What the chain came to."""
        found = self._reason if self._goes_on() else self._last
        assert found is not None  # noqa: S101  # an answer was taken
        return found

    def _goes_on(self) -> bool:
        answer = self._last.answer if self._last else None
        return isinstance(answer, SecretError) and (unanswered(answer) or answer.kind == "missing")


class _Pending(NamedTuple):
    chain: _Chain
    form: SecretRef
    asked: Asked


def _is_missing(reading: Reading) -> bool:
    return isinstance(reading.answer, SecretError) and reading.answer.kind == "missing"
