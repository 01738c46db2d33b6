"""Following references through their fallbacks and transforms to a value, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.errors import PalyraError
from palyra_kernel.resolve.asking import Asker, wipe
from palyra_kernel.resolve.catalog import Catalog
from palyra_kernel.resolve.outcome import UNANSWERED, Answer
from palyra_kernel.resolve.transforms import transformed
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

_GOES_ON = UNANSWERED | {"missing"}
_UNSAID = SecretRef(ref="vault://x")
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

    def read(self, refs: Collection[SecretRef], deadline: Deadline) -> dict[SecretRef, Reading]:
        """Read all of *refs*: first all of the first references, then the fallbacks of those that need them."""
        done: dict[SecretRef, Reading] = {}
        worst: dict[SecretRef, Reading] = {}
        waiting, link = {ref: ref.chain for ref in refs}, 0
        while waiting:
            answers = self._answers({ref: chain[link] for ref, chain in waiting.items()}, deadline)
            for ref, answer in answers.items():
                chain = waiting[ref]
                if isinstance(answer, SensitiveBytes) or answer.kind not in _GOES_ON:
                    done[ref] = Reading(answer, link)
                    continue
                # A source that could not tell is the reason, whatever a later one misses.
                if ref not in worst or _is_missing(worst[ref]):
                    worst[ref] = Reading(answer, link)
                if link + 1 == len(chain):
                    done[ref] = worst[ref]
            link += 1
            waiting = {ref: chain for ref, chain in waiting.items() if ref not in done}
        return done

    def _answers(self, links: dict[SecretRef, SecretRef], deadline: Deadline) -> dict[SecretRef, Answer]:
        """For each reference the finished answer of its present link; what several share is asked for once."""
        asked = {ref: self.asked_form(link) for ref, link in links.items()}
        raw = self._asker.ask(set(asked.values()), deadline)
        try:
            return {ref: self._finished(links[ref], raw[form]) for ref, form in asked.items()}
        finally:
            wipe(raw.values())

    def asked_form(self, ref: SecretRef) -> SecretRef:
        """What the source is asked: *ref* without what is done afterwards, so that equal questions are equal."""
        text = ref.ref
        if ref.fragment is not None and not self._fragment_is_id(ref):
            text = text.partition("#")[0]
        fields = {name: getattr(ref, name) for name in _FOR_SOURCES}
        if text == ref.ref and ref == msgspec.structs.replace(_UNSAID, ref=text, **fields):
            return ref
        return SecretRef(ref=text, **fields)

    def _fragment_is_id(self, ref: SecretRef) -> bool:
        try:
            return self._catalog.source(ref.scheme).fragment_is_id
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


def _is_missing(reading: Reading) -> bool:
    return isinstance(reading.answer, SecretError) and reading.answer.kind == "missing"
