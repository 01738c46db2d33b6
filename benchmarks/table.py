"""A measured row as a reader sees it, on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.measure import Row

HEAD = ("what", "secrets", "palyra", "beside", "ratio", "beside is")
_WIDTHS = (34, 9, 13, 13, 10, 0)


def line(texts: Sequence[str]) -> str:
    """One line for a terminal: words to the left, numbers to the right."""
    first, *numbers, last = texts
    middle = "".join(text.rjust(width) for text, width in zip(numbers, _WIDTHS[1:-1], strict=True))
    return f"{first:<{_WIDTHS[0]}}{middle}  {last}"


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a table of a Markdown page."""
    lines = [HEAD, ("---", "--:", "--:", "--:", "--:", "---"), *map(cells, rows)]
    return "".join(f"| {' | '.join(texts)} |\n" for texts in lines)


def cells(row: Row) -> tuple[str, ...]:
    """What stands under each word of :data:`HEAD`."""
    secrets = f"{row.secrets:,}" if row.secrets else ""
    if row.unit == "lost":
        lost = (f"{round(lost)} of {of}" for lost, of in zip((row.ours, row.beside), row.of, strict=True))
        return row.what, secrets, *lost, "", row.beside_is
    unit = time_text if row.unit == "s" else _bytes_text
    return row.what, secrets, unit(row.ours), unit(row.beside), _ratio(row.ours / row.beside), row.beside_is


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"1/{1 / ratio:,.0f}"


def time_text(seconds: float) -> str:
    """A duration in the unit that gives one to three digits before the point."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _bytes_text(count: float) -> str:
    return f"{count / 1024:,.0f} KiB" if count >= 1024 * 100 else f"{count:,.0f} B"
