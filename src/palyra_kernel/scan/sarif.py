"""Findings as SARIF 2.1.0, which code hosts show beside the code."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from palyra_kernel.scan.findings import RULES, ScanFinding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"blocking": "error", "warning": "warning", "info": "note"}


def sarif(findings: Sequence[ScanFinding], version: str) -> dict[str, Any]:
    """The log of one run. A fingerprint comes from rule, file and path, so that it outlives a moved line and tells
    nothing of a value."""
    rules = sorted(RULES)
    seen: Counter[str] = Counter()
    results = []
    for each in findings:
        same = f"{each.code}\0{each.file}\0{each.path}\0{each.pattern}\0{each.reference}"
        seen[same] += 1
        digest = hashlib.sha256(f"{same}\0{seen[same]}".encode("utf-8", "surrogatepass")).hexdigest()
        results.append(_result(each, rules.index(each.code), digest))
    driver = {
        "name": "palyra secrets audit",
        "version": version,
        "rules": [_rule(code) for code in rules],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": RULES[code].meaning},
        "defaultConfiguration": {"level": _LEVELS[RULES[code].severity]},
    }


def _result(each: ScanFinding, rule: int, digest: str) -> dict[str, Any]:
    place = ": ".join(part for part in (each.path, each.reference) if part)
    hint = f" ({each.hint})" if each.hint else ""
    result: dict[str, Any] = {
        "ruleId": each.code,
        "ruleIndex": rule,
        "level": _LEVELS[each.severity],
        "message": {"text": f"{place}: {each.message}{hint}" if place else each.message + hint},
        "locations": [_location(each)],
        "partialFingerprints": {"palyra/v1": digest},
    }
    return result


def _location(each: ScanFinding) -> dict[str, Any]:
    path = PurePath(each.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/")
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if each.line is not None:
        physical["region"] = {"startLine": each.line, "startColumn": each.column or 1}
    location: dict[str, Any] = {"physicalLocation": physical}
    if each.path is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": each.path}]
    return location
