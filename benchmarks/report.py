"""The page and the chart, written from the published numbers so that they cannot drift from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
    "resolve": "References",
    "audit": "The audit log",
    "policy": "Decisions",
    "net": "Requests",
    "auth_token": "A credential for one use",
    "auth_selection": "Choosing a profile",
    "secretservice": "One read from the Secret Service",
    "certificates": "Certificates",
    "devices": "Devices",
    "pairing": "Pairing",
    "connections": "Connected devices",
    "dispatch": "Work for nodes",
    "dispatch_tls": "Work for nodes, over TLS",
    "node_side": "A node's own side",
    "pairing_tls": "Pairing, over TLS",
}
COUNTED = {
    "faults": "Faults",
    "fuzz": "Fuzzing",
    "refresh-race": "Refreshes in a race",
    "refresh-faults": "Refreshes that are killed",
    "pairing-storm": "Guesses at a pairing code",
    "ninety-days": "Ninety days of handshakes",
    "soak": "Nodes in trouble",
}
"""The long runs, which bring counts of their own."""


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
    for name in (*TITLES, *COUNTED):
        if name in results:
            result = results[name]
            table = markdown(rows_of(result)) if name in TITLES else "\n".join(_counts(result))
            title = (TITLES | COUNTED)[name]
            parts.append(f"### {title}: `{name}`\n\n{_conditions(result)}\n\n{table}")
    return "\n".join(parts)


def _counts(result: Mapping[str, Any]) -> Iterator[str]:
    """What a long run counted: a table for each group of counts, whatever they are."""
    for name, value in result.items():
        if name == "machine" or not isinstance(value, Mapping):
            continue
        rows = value if all(isinstance(row, Mapping) for row in value.values()) else {"": value}
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        lines = [(name, *columns), ("---", *("--:" for _ in columns))]
        lines += [(key, *(_count(row.get(column, "")) for column in columns)) for key, row in rows.items()]
        yield "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _count(value: object) -> str:
    """A number as it is, a list as how many, a group of counts one after the other, no limit as nothing."""
    match value:
        case Mapping():
            return ", ".join(f"{name} {_count(one)}" for name, one in value.items())
        case list():
            return str(len(value))
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4g}"
    return str(value or "")


def chart(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The chart of *results*."""
    floor, peers = (rows_of(results.get(name, {"rows": []})) for name in ("vault", "peers"))
    titles = {"get": "one get", "put": "one put (only ours and the floor sync it)"}
    return svg({title: series(verb, floor, peers) for verb, title in titles.items()})


def rows_of(result: Mapping[str, Any]) -> list[Row]:
    """The rows of a file of results."""
    return [Row(**row) for row in result["rows"]]


def _conditions(result: Mapping[str, Any]) -> str:
    facts = result["machine"]
    peers = ", ".join(f"{name} {version}" for name, version in result.get("peers", {}).items())
    return (
        f"{facts['cores']} cores of {facts['cpu']}, {facts['system']}, {facts['python']}, SQLite {facts['sqlite']}, "
        f"{facts['file_system']} with {facts['fsync_us']} µs an fsync.{peers and f' Peers: {peers}.'}"
    )
