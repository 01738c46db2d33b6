"""The chart: cost of one get and one put against the number of secrets, both axes logarithmic, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.measure import Row
from benchmarks.table import time_text

Points = Sequence[tuple[float, float]]
Series = dict[str, Points]
"""Lines by name, what matters most first: number of secrets, seconds."""

OURS, FLOOR = "Palyra Kernel", "floor: bare SQLite, AEAD, JSON"
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-size: 15px; font-weight: 600 }
.back { fill: #ffffff } .grid { stroke: #d8dee4 } .line { fill: none; stroke-width: 2 } .first { stroke-width: 3.5 }
.dashed { stroke-dasharray: 6 4 } %s
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .back { fill: #0d1117 } .grid { stroke: #30363d } %s
}"""
_LIGHT = ("#0550ae", "#57606a", "#bc4c00", "#8250df", "#1a7f37")
_DARK = ("#6cb6ff", "#adbac7", "#ffa657", "#d2a8ff", "#7ee787")
_MARKS = (
    "M-5,-5h10v10h-10z",
    "M-3,-3h6v6h-6z",
    "M0,-6L6,5H-6z",
    "M0,-6L6,0L0,6L-6,0z",
    "M-6,-2h4v-4h4v4h4v4h-4v4h-4v-4h-4z",
)
"""Each line has a mark of its own, for who does not tell the colours apart."""


class Panel(NamedTuple):
    """A plot's place in the picture and the powers of ten at the ends of its axes."""

    left: float
    x_powers: tuple[int, int]
    y_powers: tuple[int, int]
    top: float = 92
    width: float = 360
    height: float = 320

    def at(self, secrets: float, seconds: float) -> tuple[float, float]:
        """Where a point is drawn."""
        x = _share(secrets, self.x_powers) * self.width + self.left
        return x, self.top + self.height - _share(seconds, self.y_powers) * self.height


def _share(value: float, powers: tuple[int, int]) -> float:
    return (math.log10(value) - powers[0]) / (powers[1] - powers[0])


def _powers(values: Iterable[float]) -> tuple[int, int]:
    logs = [math.log10(value) for value in values]
    low = math.floor(min(logs))
    return low, max(math.ceil(max(logs)), low + 1)


def series(verb: str, floor_rows: Iterable[Row], peer_rows: Iterable[Row]) -> Series:
    """The lines of *verb*; ours is drawn as it was measured beside the floor."""
    lines: dict[str, list[tuple[float, float]]] = {OURS: [], FLOOR: []}
    for row in floor_rows:
        if row.what == verb:
            lines[OURS].append((row.secrets, row.ours))
            lines[FLOOR].append((row.secrets, row.beside))
    for row in peer_rows:
        if row.what == verb:
            lines.setdefault(row.beside_is, []).append((row.secrets, row.beside))
    return {name: sorted(points) for name, points in lines.items() if points}


def svg(panels: Mapping[str, Series]) -> str:
    """The picture: panels by title, one legend, scales in common."""
    points = [point for lines in panels.values() for of_line in lines.values() for point in of_line]
    x_powers, y_powers = (_powers(values) for values in zip(*points, strict=True))
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    body = [*_legend(names)]
    for number, (title, lines) in enumerate(panels.items()):
        panel = Panel(70 + number * 440, x_powers, y_powers)
        body += [
            *_axes(panel, title),
            *(part for name in reversed(lines) for part in _line(panel, lines[name], names.index(name))),
        ]
    width = 440 * len(panels) + 20
    colours = (_colours(palette) for palette in (_LIGHT, _DARK))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 480" role="img">\n'
        f"<title>Cost against number of secrets: {'; '.join(panels)}</title>\n"
        f"<style>{_STYLE % tuple(colours)}</style>\n"
        f'<rect class="back" width="{width}" height="480"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _colours(palette: Sequence[str]) -> str:
    return " ".join(
        f".c{n} {{ stroke: {colour} }} .m{n} {{ fill: {colour} }}" for n, colour in enumerate(palette)
    )


def _legend(names: Sequence[str]) -> Iterator[str]:
    for number, name in enumerate(names):
        x, y = 30 + number % 3 * 290, 24 + number // 3 * 22
        yield f'<path class="line c{number}{_extra(number)}" d="M{x},{y}h34"/>{_mark(x + 17, y, number)}'
        yield f'<text x="{x + 42}" y="{y + 4}">{name}</text>'


def _axes(panel: Panel, title: str) -> Iterator[str]:
    bottom, right = panel.top + panel.height, panel.left + panel.width
    yield f'<text class="title" x="{panel.left}" y="{panel.top - 12}">{title}</text>'
    for power in range(panel.x_powers[0], panel.x_powers[1] + 1):
        x, _ = panel.at(10.0**power, 1)
        yield f'<path class="grid" d="M{x:.1f},{panel.top}V{bottom}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{_round(power)}</text>'
    for power in range(panel.y_powers[0], panel.y_powers[1] + 1):
        _, y = panel.at(1, 10.0**power)
        yield f'<path class="grid" d="M{panel.left},{y:.1f}H{right}"/>'
        yield f'<text x="{panel.left - 8}" y="{y + 4:.1f}" text-anchor="end">{time_text(10.0**power)}</text>'
    middle = panel.left + panel.width / 2
    yield f'<text x="{middle}" y="{bottom + 44}" text-anchor="middle">secrets in the store</text>'


def _round(power: int) -> str:
    return f"{10 ** (power % 3)}{('', ' k', ' M', ' G')[power // 3]}"


def _line(panel: Panel, points: Points, number: int) -> Iterator[str]:
    places = [panel.at(*point) for point in points]
    path = "L".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<path class="line c{number}{_extra(number)}" d="M{path}"/>'
    for x, y in places:
        yield _mark(x, y, number)


def _mark(x: float, y: float, number: int) -> str:
    return f'<path class="m{number}" transform="translate({x:.1f} {y:.1f})" d="{_MARKS[number]}"/>'


def _extra(number: int) -> str:
    return (" first", " dashed")[number] if number < 2 else ""
