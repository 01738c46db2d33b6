"""The formats of work and events in ``docs/records.md`` against the code that writes them."""

from __future__ import annotations

from palyra_kernel.device import journal
from palyra_kernel.device.work import Report
from palyra_kernel.nodes.events import log, tokens
from palyra_kernel.nodes.events.event import Event
from tests.docs.pages import page, section
from tests.docs.test_records_page import _names

PAGE = page("records.md")


def test_the_members_of_leases_on_a_node_are_listed():
    text = section(PAGE, "## Leases on a node")
    assert _names("## Leases on a node") == list(journal._Entry.__struct_fields__)
    for kind in (journal._Run, Report):
        for member in kind.__struct_fields__:
            assert f"`{member}`" in text, member
    assert f"{journal.MOST_SETTLED:,}" in text
    assert f"{journal._AT_ONCE - 1} more" in text
    assert f"most {journal.MOST_UNSETTLED} are over" in text


def test_the_members_of_events_are_listed():
    text = section(PAGE, "## Events of nodes")
    for kind in (log.Head, log._Kept, Event, tokens.Token):
        for member in kind.__struct_fields__:
            assert f"`{member}`" in text, member
    assert f"`slots` ({log.SLOTS})" in text
    assert f"{tokens.LIFE_MS // 3_600_000} hours" in text
    assert log.MAX_AGE_MS == 7 * 86_400_000
    assert tokens._LABEL in text
