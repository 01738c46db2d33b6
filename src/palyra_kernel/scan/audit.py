"""All files of an audit together: what is twice, what is overridden, and what the references come to."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import NamedTuple

from palyra_kernel.scan.examine import Examined, Sighting, examine
from palyra_kernel.scan.files import Found
from palyra_kernel.scan.findings import ScanFinding, Totals, finding, in_order, shown
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.secret_ref import SecretRef

_LOCAL = ".local"


class Verdict(NamedTuple):
    """What somebody who asked says about a reference: ``answers`` is None if nobody asked."""

    answers: bool | None
    message: str = ""
    hint: str | None = None
    expiring: bool = False


class Audit:
    """Takes files one by one and keeps no value of them: only digests under a key of this run."""

    def __init__(self) -> None:
        self.read = 0
        self.skipped = 0
        self.sightings: list[Sighting] = []
        self._findings: list[ScanFinding] = []
        self._key = secrets.token_bytes(32)
        self._first: dict[bytes, ScanFinding] = {}
        self._dotenv: dict[str, Mapping[str, int]] = {}

    def add(self, found: Found) -> None:
        """One more file, or why there is none."""
        if found.why is not None:
            self._findings.append(finding("unreadable_file", f"not read: {found.why}", file=found.path))
        if found.data is None:
            self.skipped += 1
            return
        self.read += 1
        examined = examine(found.path, found.data)
        self.sightings += examined.sightings
        self._findings += examined.others
        self._add_inline(examined)
        if examined.format == "dotenv":
            self._dotenv[found.path] = examined.names

    @property
    def references(self) -> list[SecretRef]:
        """Each distinct reference once, in the order in which they were seen."""
        return list(dict.fromkeys(each.ref for each in self.sightings))

    def findings(
        self, verdicts: Mapping[SecretRef, Verdict], unused: Iterable[VaultRef] = ()
    ) -> list[ScanFinding]:
        """Everything, given what the references came to and which secrets nothing refers to."""
        judged = [said for each in self.sightings if (said := _judged(each, verdicts.get(each.ref)))]
        return in_order([*self._findings, *judged, *self._overridden(), *self._idle(unused)])

    def totals(self, verdicts: Mapping[SecretRef, Verdict], findings: Iterable[ScanFinding]) -> Totals:
        """The numbers below the findings. A reference counts wherever it stands."""
        answers = [
            verdict.answers if (verdict := verdicts.get(each.ref)) else None for each in self.sightings
        ]
        severities = Counter(each.severity for each in findings)
        return Totals(
            total=len(self.sightings),
            resolved=answers.count(True),
            unchecked=answers.count(None),
            blocking=severities["blocking"],
            warning=severities["warning"],
            info=severities["info"],
        )

    def _add_inline(self, examined: Examined) -> None:
        for value, said in zip(examined.secrets, examined.inline, strict=True):
            self._findings.append(said)
            digest = hmac.digest(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)
            first = self._first.setdefault(digest, said)
            if first is not said:
                self._findings.append(
                    finding(
                        "duplicate_inline_secret",
                        f"the same secret as in {first.file}:{first.line}",
                        file=said.file,
                        line=said.line,
                        column=said.column,
                        path=said.path,
                    )
                )

    def _idle(self, unused: Iterable[VaultRef]) -> Iterable[ScanFinding]:
        """Said where the scope is named first: code hosts show nothing that has no place."""
        first: dict[VaultScope, Sighting] = {}
        for each in self.sightings:
            for link in each.ref.chain:
                if link.scheme == "vault":
                    first.setdefault(VaultRef.parse(link.ref).scope, each)
        for ref in unused:
            yield finding(
                "potentially_unused_secret",
                "nothing that was read refers to it, though to others of its scope",
                file=first[ref.scope].file,
                line=first[ref.scope].line,
                column=first[ref.scope].column,
                reference=str(ref),
                hint="look for what uses it elsewhere before you delete it",
            )

    def _overridden(self) -> Iterable[ScanFinding]:
        """``.env`` below ``.env.local``, as loaders read them: the later one counts."""
        for path, names in self._dotenv.items():
            later = self._dotenv.get(path + _LOCAL, {})
            for name in names.keys() & later.keys():
                message = f"overridden in {shown(PurePath(path).name)}{_LOCAL}:{later[name]}"
                yield finding(
                    "shadowed_secret_ref", message, file=path, line=names[name], column=1, path=name
                )


def _judged(each: Sighting, verdict: Verdict | None) -> ScanFinding | None:
    if verdict is None or (verdict.answers is not False and not verdict.expiring):
        return None
    return finding(
        "expiring_secret_ref" if verdict.answers else "unresolved_secret_ref",
        verdict.message,
        file=each.file,
        line=each.line,
        column=each.column,
        path=each.path or None,
        reference=str(each.ref),
        hint=verdict.hint,
    )
