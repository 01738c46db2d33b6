"""Rows of auth profiles: where credentials come and go."""

LOGINS: dict[str, tuple[str, ...]] = {
    # Deleted ids stay in orders.
    "auth H16": ("auth/login/test_logout.py::test_nothing_names_it_any_more",),
    # A secret that cannot be read stops everything.
    "auth H17": ("auth/login/test_logout.py::test_tokens_that_cannot_be_read_hinder_no_logout",),
    # Deleting leaves the default.
    "auth H18": ("auth/login/test_logout.py::test_nothing_names_it_any_more",),
    # A profile is replaced by whatever has its name.
    "auth H20": (
        "auth/login/test_code.py::test_a_profile_that_is_there_gets_new_tokens_only_if_that_was_wanted",
        "auth/login/test_api_key.py::test_a_profile_that_is_there_is_replaced_only_on_purpose",
        "auth/login/test_api_key.py::test_a_login_is_no_key",
    ),
    # A route of one provider takes any provider's profile.
    "auth H21": ("auth/login/test_code.py::test_a_profile_of_another_provider_is_nobody_elses",),
    # A name that makes too long an id is found when the key is stored already.
    "auth H22": (
        "auth/login/test_failing.py::test_every_name_makes_an_id_that_fits",
        "auth/login/test_failing.py::test_a_name_that_cannot_be_is_refused_before_anything_is_kept",
        "auth/login/test_failing.py::test_a_profile_that_cannot_be_saved_costs_its_tokens",
        "auth/login/test_api_key.py::test_a_key_that_does_not_pass_leaves_nothing",
    ),
    # Scopes are lower-cased, client ids cut.
    "auth H24": (
        "auth/login/test_authorize.py::test_a_request_says_what_the_standard_wants",
        "auth/login/test_authorize.py::test_a_client_id_goes_as_it_is_or_not_at_all",
    ),
    # slow_down changes nothing, and anything with "pending" in it is pending.
    "auth H28": (
        "auth/login/test_device.py::test_slow_down_means_five_seconds_more_each_time",
        "auth/login/test_device.py::test_a_server_that_fails_says_nothing_of_the_login",
        "auth/login/test_device.py::test_an_answer_ends_the_login",
        "auth/login/test_device.py::test_the_time_of_a_code_is_over",
    ),
    # What was deleted or replaced comes back with a late answer.
    "auth H33": (
        "auth/login/test_logout.py::test_an_answer_that_comes_late_finds_nothing_to_be_stored_in",
        "auth/login/test_logout.py::test_newer_tokens_are_the_ones_that_are_revoked",
        "auth/login/test_logout.py::test_a_new_login_under_the_same_name_is_not_erased_by_the_old_end",
        "auth/login/test_logout.py::test_a_change_that_meets_a_logout_brings_nothing_back",
        "auth/login/test_failing.py::test_whoever_was_taken_for_dead_stores_nothing_late",
    ),
    # Attempts live in memory, without a limit.
    "auth H39": (
        "auth/login/test_code.py::test_a_restart_between_redirect_and_callback_loses_nothing",
        "auth/login/test_attempts.py::test_any_number_of_starts_keeps_1024",
        "auth/login/test_attempts.py::test_starts_at_once_keep_no_more",
        "auth/login/test_loopback.py::test_a_given_port_is_there_again_after_a_restart",
        "auth/login/test_device.py::test_a_deadline_ends_the_wait_and_not_the_login",
    ),
    # Two callbacks exchange one code; errors after it leave tokens that nobody knows.
    "auth H40": (
        "auth/login/test_code.py::test_of_fifty_callbacks_one_exchanges",
        "auth/login/test_attempts.py::test_of_many_who_claim_a_login_one_gets_it",
        "auth/login/test_failing.py::test_a_profile_that_cannot_be_saved_costs_its_tokens",
        "auth/login/test_failing.py::test_tokens_that_cannot_be_revoked_now_wait",
        "auth/login/test_failing.py::test_a_store_that_fails_after_the_exchange_orphans_nothing",
        "auth/login/test_failing.py::test_a_process_that_dies_in_a_login_leaves_nothing_behind",
        "auth/login/test_failing.py::test_tokens_are_down_before_anything_else_is_done_with_them",
        "auth/login/test_failing.py::test_a_login_that_is_cancelled_while_it_is_exchanged_keeps_nothing",
        "auth/login/test_id_token.py::test_a_wrong_id_token_costs_the_tokens",
        "auth/login/test_device.py::test_a_failed_check_gives_the_tokens_back",
    ),
    # Deleting and failing leave secrets for ever.
    "auth H41": (
        "auth/login/test_code.py::test_an_issuer_that_gives_nothing_ends_the_login",
        "auth/login/test_code.py::test_a_redirect_that_says_no_makes_no_call",
        "auth/login/test_failing.py::test_a_process_that_dies_in_a_login_leaves_nothing_behind",
        "auth/login/test_api_key.py::test_a_key_that_does_not_pass_leaves_nothing",
        "auth/login/test_logout.py::test_nothing_is_left",
        "auth/login/test_logout.py::test_a_key_is_erased_and_nobody_is_told",
        "auth/login/test_logout.py::test_a_process_that_dies_in_a_logout_leaves_it_to_the_next",
    ),
    # A provider that is down keeps a revoked credential alive; one of two tokens is revoked, somewhere.
    "auth H42": (
        "auth/login/test_logout.py::test_nothing_is_left",
        "auth/login/test_logout.py::test_a_provider_that_is_down_keeps_no_profile_alive",
        "auth/login/test_logout.py::test_what_fails_is_tried_again_with_growing_pauses",
    ),
    # The state is a public id, and of nobody.
    "auth H51": (
        "auth/login/test_code.py::test_the_state_is_in_the_address_and_nowhere_else",
        "auth/login/test_code.py::test_a_state_of_the_same_login_but_not_its_own_is_unknown",
        "auth/login/test_code.py::test_an_unknown_state_belongs_to_nobody",
        "auth/login/test_code.py::test_another_session_cannot_end_a_login",
        "auth/login/test_device.py::test_another_session_cannot_wait_for_it",
    ),
    # No iss, no nonce, no id_token is checked; the page has no policy.
    "auth H52": (
        "auth/login/test_code.py::test_a_redirect_that_says_no_makes_no_call",
        "auth/login/test_code.py::test_an_issuer_that_names_itself_must",
        "auth/login/test_authorize.py::test_an_id_token_is_asked_for_with_a_nonce",
        "auth/login/test_id_token.py::test_a_signature_that_is_none",
        "auth/login/test_id_token.py::test_claims_that_do_not_fit",
        "auth/login/test_id_token.py::test_a_wrong_id_token_costs_the_tokens",
        "auth/login/test_loopback.py::test_the_page_shows_nothing_and_loads_nothing",
    ),
    # Asking how far a login is moves it on.
    "auth H53": ("auth/login/test_code.py::test_how_far_a_login_is_can_be_read_without_a_trace",),
    # What has secrets can be printed.
    "auth H56": (
        "auth/login/test_attempts.py::test_secrets_of_a_login_have_no_text_form",
        "auth/login/test_redirect.py::test_a_code_is_not_shown",
    ),
    # Deleting: the end first, then what is to be told, erased and forgotten.
    "auth I8": (
        "auth/login/test_logout.py::test_nothing_is_left",
        "auth/login/test_logout.py::test_a_process_that_dies_in_a_logout_leaves_it_to_the_next",
    ),
}
