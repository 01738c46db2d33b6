"""What the page and the chart say is what was measured."""

import xml.etree.ElementTree as ET

from benchmarks import report
from benchmarks.chart import FLOOR, OURS
from benchmarks.measure import Row
from benchmarks.results import published
from benchmarks.table import cells


def test_the_page_says_what_the_published_numbers_say():
    """Tables that are edited by hand drift from what was measured."""
    page = report.README.read_text("utf-8")
    assert report.with_section(page) == page


def test_the_chart_draws_what_the_published_numbers_say():
    assert report.CHART.read_text("utf-8") == report.chart(published())


def test_every_benchmark_is_explained_and_published():
    page = report.README.read_text("utf-8")
    assert set(report.TITLES) <= set(published())
    for name in report.TITLES:
        assert f"| `{name}` |" in page


def _row(secrets, ours, beside, name, **more):
    return Row("get", secrets, "s", ours, beside, name, {}, **more)._asdict()


def test_a_chart_has_a_line_for_each_of_ours_the_floor_and_the_peers():
    results = {
        "vault": {"rows": [_row(10, 1e-5, 2e-5, "its floor"), _row(1000, 3e-5, 2e-5, "its floor")]},
        "peers": {"rows": [_row(10, 1e-5, 1e-3, "Peer"), _row(1000, 1e-5, 1.0, "Peer")]},
    }
    picture = ET.fromstring(report.chart(results))
    texts = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {OURS, FLOOR, "Peer", "one get", "10", "1 k", "10 µs", "1 s"} <= texts


def test_losses_are_counts_and_times_are_ratios():
    lost = Row("race", 0, "lost", 0, 196, "Peer", {}, (200, 200))
    assert cells(lost) == ("race", "", "0 of 200", "196 of 200", "", "Peer")
    slow = Row("get", 10_000, "s", 0.00005, 0.000025, "its floor", {})
    assert cells(slow) == ("get", "10,000", "50 µs", "25 µs", "2.00", "its floor")
