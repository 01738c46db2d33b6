"""An import as a whole: planned first, shown, and then done profile by profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from palyra_kernel.auth.documents.exporting import Exported
from palyra_kernel.auth.documents.kept import Kept
from palyra_kernel.auth.documents.planning import RegistryPlan, Step, plan_registry
from palyra_kernel.auth.documents.reach import Reach
from palyra_kernel.auth.documents.registry import read_registry
from palyra_kernel.auth.documents.row import Row
from palyra_kernel.auth.documents.runtime import read_runtime
from palyra_kernel.auth.documents.runtime_plan import RuntimePlan, plan_runtime
from palyra_kernel.auth.parts import Parts
from palyra_kernel.auth.profile import Profile

Secrets = Literal["stored", "found", "missing", "none"]
"""The credential of a profile in a document: there already, to be moved, not to be had, or kept elsewhere."""


class ImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would do. ``secrets``: of each profile that is imported. ``edited``: a document of ours that a
    person changed, so what is not in it any more goes."""

    registry: RegistryPlan | None = None
    runtime: RuntimePlan | None = None
    secrets: Mapping[str, Secrets] = {}
    edited: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        acts = {step.act for step in self.registry.steps} if self.registry else set()
        runs = self.runtime is not None and not self.runtime.empty
        return not (runs or acts & {"add", "change"} or "found" in self.secrets.values())

    def lines(self) -> Iterator[str]:
        """What a person reads, line by line."""
        if self.registry is not None:
            yield from self.registry.lines()
        for step, _ in to_do(self):
            found = self.secrets.get(step.id, "none")
            if found == "found" or (found == "missing" and step.act == "add"):
                yield f"{'~' if found == 'found' else '!'} {step.id}: {_SAID[found]}"
        if self.runtime is not None:
            yield from self.runtime.lines()

    def kept(self, kept: Kept) -> Kept:
        """What is kept from then on of what means nothing here; a document that was edited says all of it."""
        if self.registry is not None:
            rows = self.registry.quarantined
            if not self.edited:
                named = {step.id for step in self.registry.steps} | {row.id for row in rows}
                rows = (*(row for row in kept.rows if row.id not in named), *rows)
            kept = replace(kept, rows=rows, registry=self._over(kept.registry, self.registry.unknown))
        if self.runtime is not None:
            kept = replace(kept, runtime=self._over(kept.runtime, self.runtime.unknown))
        return kept

    def _over(self, old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
        return dict(new) if self.edited else {**old, **new}


_SAID: Mapping[Secrets, str] = {
    "found": "its secrets move from the vault to where the kernel alone reads them",
    "missing": "its secrets are not in the vault: it has no credential until somebody logs in",
}


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one profile. ``left``: references that were read and could not be deleted after it."""

    id: str
    act: str
    code: str = ""
    message: str = ""
    secrets: Secrets = "none"
    left: tuple[str, ...] = ()


def planned(
    parts: Parts,
    registry: bytes | None,
    runtime: bytes | None,
    base: Exported | None,
) -> ImportPlan:
    """Plan an import of the documents that are given; ``secrets`` is still to be found out."""
    reach, known = Reach(parts.issuers), parts.registry.snapshot().by_id
    first = None
    if registry is not None:
        before = read_registry(base.registry.encode(), reach.adapter_of) if base else None
        document = read_registry(registry, reach.adapter_of)
        first = plan_registry(document, known, check=reach.check, base=before)
    second = None
    if runtime is not None:
        now = parts.clock.now_ms()
        second = plan_runtime(
            read_runtime(runtime, now),
            _there_then(known, first),
            parts.chosen.read(),
            base=read_runtime(base.runtime.encode(), now) if base else None,
        )
    return ImportPlan(registry=first, runtime=second, edited=base is not None)


def _there_then(known: Mapping[str, Profile], plan: RegistryPlan | None) -> dict[str, Profile]:
    if plan is None:
        return dict(known)
    added = {step.id: step.row.profile for step in plan.steps if step.row and step.act in ("add", "change")}
    return {**known, **added}


def to_do(plan: ImportPlan) -> Iterator[tuple[Step, Row]]:
    """The profiles that an import may have something to do for."""
    for step in plan.registry.steps if plan.registry else ():
        if step.row is not None and step.act in ("add", "change", "same"):
            yield step, step.row
