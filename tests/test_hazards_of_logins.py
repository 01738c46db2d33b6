"""What has gone wrong elsewhere where credentials come and go, and the test that shows that it does not here.

H and I are hazards and invariants of auth profiles; other rows of theirs are with the other parts of that room.
"""

from __future__ import annotations

import re

import pytest

from tests.test_hazards import TESTS, docstrings

_ROOM = "auth/login"
PROVED: dict[str, tuple[str, ...]] = {
    # Deleted ids stay in orders.
    "H16": ("test_logout.py::test_nothing_names_it_any_more",),
    # A secret that cannot be read stops everything.
    "H17": ("test_logout.py::test_tokens_that_cannot_be_read_hinder_no_logout",),
    # Deleting leaves the default.
    "H18": ("test_logout.py::test_nothing_names_it_any_more",),
    # A profile is replaced by whatever has its name.
    "H20": (
        "test_code.py::test_a_profile_that_is_there_gets_new_tokens_only_if_that_was_wanted",
        "test_api_key.py::test_a_profile_that_is_there_is_replaced_only_on_purpose",
        "test_api_key.py::test_a_login_is_no_key",
    ),
    # A route of one provider takes any provider's profile.
    "H21": ("test_code.py::test_a_profile_of_another_provider_is_nobody_elses",),
    # A name that makes too long an id is found when the key is stored already.
    "H22": (
        "test_failing.py::test_every_name_makes_an_id_that_fits",
        "test_failing.py::test_a_name_that_cannot_be_is_refused_before_anything_is_kept",
        "test_failing.py::test_a_profile_that_cannot_be_saved_costs_its_tokens",
        "test_api_key.py::test_a_key_that_does_not_pass_leaves_nothing",
    ),
    # Scopes are lower-cased, client ids cut.
    "H24": (
        "test_authorize.py::test_a_request_says_what_the_standard_wants",
        "test_authorize.py::test_a_client_id_goes_as_it_is_or_not_at_all",
    ),
    # slow_down changes nothing, and anything with "pending" in it is pending.
    "H28": (
        "test_device.py::test_slow_down_means_five_seconds_more_each_time",
        "test_device.py::test_a_server_that_fails_says_nothing_of_the_login",
        "test_device.py::test_an_answer_ends_the_login",
        "test_device.py::test_the_time_of_a_code_is_over",
    ),
    # What was deleted or replaced comes back with a late answer.
    "H33": (
        "test_logout.py::test_an_answer_that_comes_late_finds_nothing_to_be_stored_in",
        "test_logout.py::test_newer_tokens_are_the_ones_that_are_revoked",
        "test_logout.py::test_a_new_login_under_the_same_name_is_not_erased_by_the_old_end",
        "test_logout.py::test_a_change_that_meets_a_logout_brings_nothing_back",
        "test_failing.py::test_whoever_was_taken_for_dead_stores_nothing_late",
    ),
    # Attempts live in memory, without a limit.
    "H39": (
        "test_code.py::test_a_restart_between_redirect_and_callback_loses_nothing",
        "test_attempts.py::test_any_number_of_starts_keeps_1024",
        "test_attempts.py::test_starts_at_once_keep_no_more",
        "test_loopback.py::test_a_given_port_is_there_again_after_a_restart",
        "test_device.py::test_a_deadline_ends_the_wait_and_not_the_login",
    ),
    # Two callbacks exchange one code; errors after it leave tokens that nobody knows.
    "H40": (
        "test_code.py::test_of_fifty_callbacks_one_exchanges",
        "test_attempts.py::test_of_many_who_claim_a_login_one_gets_it",
        "test_failing.py::test_a_profile_that_cannot_be_saved_costs_its_tokens",
        "test_failing.py::test_tokens_that_cannot_be_revoked_now_wait",
        "test_failing.py::test_a_store_that_fails_after_the_exchange_orphans_nothing",
        "test_failing.py::test_a_process_that_dies_in_a_login_leaves_nothing_behind",
        "test_failing.py::test_tokens_are_down_before_anything_else_is_done_with_them",
        "test_failing.py::test_a_login_that_is_cancelled_while_it_is_exchanged_keeps_nothing",
        "test_id_token.py::test_a_wrong_id_token_costs_the_tokens",
        "test_device.py::test_a_failed_check_gives_the_tokens_back",
    ),
    # Deleting and failing leave secrets for ever.
    "H41": (
        "test_code.py::test_an_issuer_that_gives_nothing_ends_the_login",
        "test_code.py::test_a_redirect_that_says_no_makes_no_call",
        "test_failing.py::test_a_process_that_dies_in_a_login_leaves_nothing_behind",
        "test_api_key.py::test_a_key_that_does_not_pass_leaves_nothing",
        "test_logout.py::test_nothing_is_left",
        "test_logout.py::test_a_key_is_erased_and_nobody_is_told",
        "test_logout.py::test_a_process_that_dies_in_a_logout_leaves_it_to_the_next",
    ),
    # A provider that is down keeps a revoked credential alive; one of two tokens is revoked, somewhere.
    "H42": (
        "test_logout.py::test_nothing_is_left",
        "test_logout.py::test_a_provider_that_is_down_keeps_no_profile_alive",
        "test_logout.py::test_what_fails_is_tried_again_with_growing_pauses",
    ),
    # The state is a public id, and of nobody.
    "H51": (
        "test_code.py::test_the_state_is_in_the_address_and_nowhere_else",
        "test_code.py::test_a_state_of_the_same_login_but_not_its_own_is_unknown",
        "test_code.py::test_an_unknown_state_belongs_to_nobody",
        "test_code.py::test_another_session_cannot_end_a_login",
        "test_device.py::test_another_session_cannot_wait_for_it",
    ),
    # No iss, no nonce, no id_token is checked; the page has no policy.
    "H52": (
        "test_code.py::test_a_redirect_that_says_no_makes_no_call",
        "test_code.py::test_an_issuer_that_names_itself_must",
        "test_authorize.py::test_an_id_token_is_asked_for_with_a_nonce",
        "test_id_token.py::test_a_signature_that_is_none",
        "test_id_token.py::test_claims_that_do_not_fit",
        "test_id_token.py::test_a_wrong_id_token_costs_the_tokens",
        "test_loopback.py::test_the_page_shows_nothing_and_loads_nothing",
    ),
    # Asking how far a login is moves it on.
    "H53": ("test_code.py::test_how_far_a_login_is_can_be_read_without_a_trace",),
    # What has secrets can be printed.
    "H56": (
        "test_attempts.py::test_secrets_of_a_login_have_no_text_form",
        "test_redirect.py::test_a_code_is_not_shown",
    ),
    # Deleting: the end first, then what is to be told, erased and forgotten.
    "I8": (
        "test_logout.py::test_nothing_is_left",
        "test_logout.py::test_a_process_that_dies_in_a_logout_leaves_it_to_the_next",
    ),
}


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / _ROOM / file)
        assert re.search(rf"\b{row}\b", documented[name]), f"{node} does not name {row}"
