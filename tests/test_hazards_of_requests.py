"""What has gone wrong elsewhere with requests that carry a secret, and the test that shows that it does not here.

A is for what agents may reach, H for logins, I for what a login relies on: lists of their own. S is that of
``test_hazards.py``.
"""

from __future__ import annotations

import re

import pytest

from tests.test_hazards import TESTS, docstrings

_ROOM = "net"
PROVED: dict[str, tuple[str, ...]] = {
    # A credential goes to any host, in the clear, and along with redirects.
    "A6": (
        "test_hosts.py::test_only_what_is_listed",
        "test_hosts.py::test_http_is_for_loopback_alone",
        "test_redirects.py::test_a_credential_stays_with_its_host",
        "test_pinning.py::test_what_was_checked_is_what_is_connected_to",
    ),
    # A proxy of the environment is past every check.
    "A7": ("test_environment.py::test_a_proxy_is_not_used",),
    # One verdict on an address where it is stored, another where it is used; NAT64 and ::/96 are open.
    "H26": (
        "test_addresses.py::test_not_public",
        "test_addresses.py::test_what_carries_an_ipv4_address_is_no_better_than_that",
        "test_addresses.py::test_brackets_are_no_part_of_it",
        "test_hosts.py::test_what_is_none",
        "test_pinning.py::test_one_address_that_is_not_public_spoils_the_answer",
        "test_pinning.py::test_an_address_that_was_typed_is_checked_too",
    ),
    # Redirects are followed with everything that was sent.
    "H47": ("test_redirects.py::test_a_credential_stays_with_its_host",),
    # Resolved, then resolved again.
    "H49": ("test_pinning.py::test_what_was_checked_is_what_is_connected_to",),
    # Some clients have guards, some do not.
    "H50": (
        "test_environment.py::test_a_proxy_is_not_used",
        "test_environment.py::test_netrc_is_not_read",
        "test_httpx_transport.py::test_what_is_refused_below_is_refused_above",
        "test_the_only_client.py::test_a_file_speaks_http_by_the_client_alone",
    ),
    # Bodies without a limit.
    "H55": (
        "test_hostile_servers.py::test_a_body_without_end",
        "test_hostile_servers.py::test_nothing_is_decompressed",
    ),
    # Credentialed HTTP has one client with all limits.
    "I11": (
        "test_hostile_servers.py::test_one_byte_at_a_time_ends_at_the_deadline_of_all",
        "test_hostile_servers.py::test_a_body_without_end",
        "test_client.py::test_nothing_is_sent_twice",
    ),
    # What carries a secret can be printed.
    "S21": (
        "test_requests.py::test_no_text_form_shows_anything",
        "test_client.py::test_no_error_carries_the_request",
    ),
}


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / _ROOM / file)
        assert re.search(rf"\b{row}\b", documented[name]), f"{node} does not name {row}"
