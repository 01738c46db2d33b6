"""The page and the chart, written from the published numbers so that they cannot drift from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.chart import series, svg
from benchmarks.measure import Row
from benchmarks.results import RESULTS, published
from benchmarks.table import markdown

README = Path(__file__).parent / "README.md"
CHART = RESULTS / "cost.svg"
_SECTION = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- /measured -->)", re.DOTALL)
TITLES = {
    "vault": "The vault beside its floor",
    "peers": "Beside keyring's file backends",
    "race": "Racing writers",
    "crash": "Killed writers",
    "writers": "Waiting for one's turn",
    "size": "Disk and memory",
    "start": "Whole processes",
}


def write() -> None:
    """Write the section of the page and the chart anew."""
    README.write_text(with_section(README.read_text("utf-8")), "utf-8")
    CHART.write_text(chart(published()), "utf-8")


def with_section(page: str) -> str:
    """*page* with the tables of the published numbers between its two marks."""
    return _SECTION.sub(lambda _: f"\n{section(published())}\n", page)


def section(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The tables of *results*, each with the machine it was measured on."""
    parts = []
    for name, title in TITLES.items():
        if name in results:
            table = markdown(rows_of(results[name]))
            parts.append(f"### {title}: `{name}`\n\n{_machine(results[name]['machine'])}\n\n{table}")
    return "\n".join(parts)


def chart(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The chart of *results*."""
    floor, peers = (rows_of(results.get(name, {"rows": []})) for name in ("vault", "peers"))
    titles = {"get": "one get", "put": "one put (only ours and the floor sync it)"}
    return svg({title: series(verb, floor, peers) for verb, title in titles.items()})


def rows_of(result: Mapping[str, Any]) -> list[Row]:
    """The rows of a file of results."""
    return [Row(**row) for row in result["rows"]]


def _machine(facts: Mapping[str, Any]) -> str:
    return (
        f"{facts['cores']} cores of {facts['cpu']}, {facts['system']}, {facts['python']}, SQLite {facts['sqlite']}, "
        f"{facts['file_system']} with {facts['fsync_us']} µs an fsync."
    )
