"""What has gone wrong elsewhere with devices, pairing, their certificates and their work: 45 rows, each with the tests
that show that it does not go wrong here."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.hazards.certificate_rows import CERTIFICATES
from tests.hazards.device_rows import DEVICES
from tests.hazards.device_side_rows import DEVICE_SIDE
from tests.hazards.gateway_command_rows import GATEWAY_COMMANDS
from tests.hazards.listen_rows import LISTEN
from tests.hazards.node_rows import NODES
from tests.hazards.node_run_rows import NODE_RUN
from tests.hazards.node_side_rows import NODE_SIDE
from tests.hazards.node_verbs_rows import NODE_VERBS
from tests.hazards.pairing_rows import PAIRING
from tests.hazards.serve_rows import SERVE
from tests.hazards.transaction_rows import DECIDED
from tests.test_hazards import TESTS, docstrings

TABLES: tuple[Mapping[str, tuple[str, ...]], ...] = (
    *(CERTIFICATES, DEVICES, DEVICE_SIDE, GATEWAY_COMMANDS, LISTEN, NODES, NODE_SIDE, NODE_VERBS, PAIRING),
    *(SERVE, DECIDED, NODE_RUN),
)
PROVED: list[tuple[str, str]] = [
    (row.removeprefix("identity "), node)
    for table in TABLES
    for row, nodes in table.items()
    for node in nodes
]
ROWS = [f"H{number}" for number in range(1, 46)]


def test_every_hazard_is_closed():
    """One that nobody looks at comes back."""
    assert {row for row, _ in PROVED} == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_the_row_is_named_by_its_tests(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for known, node in PROVED:
        if known == row:
            file, _, name = node.partition("::")
            assert re.search(rf"\b{row}\b", docstrings(TESTS / file)[name]), f"{node}: {row}"
