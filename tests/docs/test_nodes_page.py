"""``docs/nodes.md`` and the records of nodes: states, codes, members and numbers are those of the code."""

from __future__ import annotations

from palyra_kernel.identity import granted
from palyra_kernel.identity.names import KINDS
from palyra_kernel.nodes import asking, dispatch, heartbeats, lease, order, presence, waiters
from palyra_kernel.nodes.capability import MAX_CAPABILITIES, NAME_CHARS, PLATFORM_CHARS
from palyra_kernel.nodes.grants import GRANTS, LEAST_MS, MOST_MS
from palyra_kernel.nodes.kinds import MAY
from palyra_kernel.nodes.lease import Lease
from palyra_kernel.nodes.ledger import INPUTS, KEYS, LEASES, LINES, OUTPUTS, PAST, Line
from palyra_kernel.nodes.limits import ACKNOWLEDGE_MS, SUMMARY_CHARS, Limits
from palyra_kernel.nodes.registry import NODES, Node
from palyra_kernel.nodes.states import LIVE, STATES, STEPS
from tests.docs.pages import page, section, table_rows
from tests.docs.test_devices_page import codes

PAGE = page("nodes.md")
RECORDS = section(page("records.md"), "## Nodes")


def test_the_table_of_states_is_that_of_the_code():
    rows = {row[0].replace("`", ""): row[2] for row in table_rows(section(PAGE, "## A lease"))}
    assert list(rows) == list(STATES)
    for state, told in rows.items():
        following = {
            after
            for (before, event), after in STEPS.items()
            if before == state and event not in ("cancel", "expire")
        }
        assert {each.strip(" `") for each in told.split(",") if each.strip()} == following, state
    assert len(LIVE) == 5  # "from each of the first five"
    assert set(list(STATES)[:5]) == LIVE


def test_every_refusal_of_leases_is_told():
    for module in (asking, dispatch, granted, lease):
        unsaid = {
            "node_missing",
            "capability_missing",
            "capability_unavailable",
            "lease_missing",
            "lease_damaged",
        }
        for code in codes(module) - unsaid:
            assert f"`{code}`" in PAGE, code
    assert {"input_too_large", "invalid_key", "invalid_deadline"} == codes(order)


def test_who_may_do_what():
    rows = {row[0].replace("`", ""): row[1:] for row in table_rows(section(PAGE, "## Who may do what"))}
    assert rows.keys() == set(KINDS)
    for kind in KINDS:
        works, asks = rows[kind]
        assert (works == "yes") == ("take" in MAY[kind])
        assert (asks == "yes") == ("invoke" in MAY[kind])


def test_the_numbers():
    limits = Limits()
    assert [row[1] for row in table_rows(section(PAGE, "## Limits"))] == [
        f"{limits.input_bytes:,}; at most {1_000 * 1024:,}",
        f"{limits.per_device}",
        f"{limits.in_hand}",
        f"{limits.all:,}",
        f"{limits.output_ms // 3_600_000} hour",
        f"{limits.history_ms // 86_400_000} days, and {limits.history:,} leases",
    ]
    told = " ".join(PAGE.split())
    for text in (
        f"({limits.least_ms // 1000} second to {limits.most_ms // 3_600_000} hours)",
        f"the node has {ACKNOWLEDGE_MS // 1000} seconds for its first word",
        f"at most {SUMMARY_CHARS} characters",
        f"up to {MAX_CAPABILITIES} capabilities, each a name of 1 to {NAME_CHARS} of",
        f"(1 to {PLATFORM_CHARS} characters of ASCII",
        f"`online` below {presence.ONLINE_MS // 1000} seconds",
        f"`stale` below {presence.STALE_MS // 60_000} minutes",
        f"once in {heartbeats.PAUSE_MS // 1000} seconds",
        f"those that are {heartbeats.LAG_MS // 1000} seconds behind",
        f"at most {heartbeats.ROWS_AT_ONCE:,} records",
        f"at most {waiters.MOST_SECONDS * 1000:.0f} ms later, mostly {waiters.PAUSE_SECONDS * 1000:.0f}, what",
        f"for a minute to {MOST_MS // 86_400_000} days; a device has up to {MAX_CAPABILITIES}",
        f"1 to {order.KEY_CHARS} printable",
        f"to a token of {dispatch.TOKEN_BYTES} random bytes",
    ):
        assert text in told, text
    assert (LEAST_MS, granted.SKEW_MS) == (60_000, 300_000)  # "a minute", "five minutes"


def test_the_records_are_listed():
    shown = " ".join(row[0] for row in table_rows(RECORDS))
    for member in Lease.__struct_fields__:
        assert f"`{member}`" in shown, member
    for kind in (Node, Line, granted.Grant):
        for member in kind.__struct_fields__:
            assert f"`{member}`" in RECORDS, member
    for namespace in (NODES, GRANTS, LINES, LEASES, PAST, KEYS, INPUTS, OUTPUTS, heartbeats.PRESENCE):
        assert f"`{namespace.prefix.decode()}" in page("records.md"), namespace.name
