"""``docs/daemon.md``: limits and codes are those of the code."""

from __future__ import annotations

from palyra_kernel.daemon import connection, gates, peers, sockets
from palyra_kernel.daemon.limits import LOCAL, STRANGERS, WORK
from tests.docs.pages import page, section, table_rows
from tests.docs.test_devices_page import codes

PAGE = page("daemon.md")
LIMITS = (
    *("connections", "per_source", "per_device", "half_open", "half_open_per_source", "burst"),
    *("per_second", "handshake", "idle", "transfer", "headers", "body", "streams"),
)


def test_the_limits_are_those_of_the_code():
    rows = table_rows(section(PAGE, "## Limits"))
    for row, name in zip(rows, LIMITS, strict=True):
        for cell, limits in zip(row[1:], (WORK, STRANGERS, LOCAL), strict=True):
            assert cell == str(getattr(limits, name)) or not cell.isascii(), (row, name)
    assert sorted(LIMITS) == sorted(WORK.__struct_fields__)


def test_who_is_refused_is_told_why():
    told = {code for module in (peers, connection) for code in codes(module)} | {"session_resumed"}
    for code in told | {"no_unix_sockets"}:
        assert f"`{code}`" in PAGE, code
    assert "session_resumed" in codes(gates)
    assert "no_unix_sockets" in codes(sockets)
