"""Rows of auth profiles that are of adapters, issuers and what they answer: the others are in ``auth_rows``."""

ADAPTERS: dict[str, tuple[str, ...]] = {
    # An answer is asked for later; how much later, nobody reads.
    "auth H5": (
        "auth/test_token_reply.py::test_how_long_a_server_wants_to_be_left_alone",
        "auth/test_token_reply.py::test_a_failure_says_how_long",
        "plugins/test_guard_oauth_answers.py::test_a_wait_is_bounded",
    ),
    # A refusal for good looks like any other.
    "auth H7": (
        "auth/test_token_reply.py::test_a_code_of_a_refusal",
        "auth/test_standard.py::test_a_refusal_has_a_code_and_a_kind",
    ),
    # The header of a key for a token.
    "auth H8": (
        "auth/test_oidc.py::test_its_header_is_the_standards",
        "plugins/test_guard_oauth_answers.py::test_headers_are_headers_and_show_no_credential",
    ),
    # No lifetime in the reply leaves the old token's end.
    "auth H10": (
        "auth/test_expiry.py::test_what_servers_say",
        "auth/test_expiry.py::test_whatever_is_said_the_end_lies_ahead_and_not_too_far",
    ),
    # A point in time taken for seconds.
    "auth H11": ("auth/test_expiry.py::test_what_servers_say",),
    # Scopes in lower case.
    "auth H24": (
        "auth/test_client_auth.py::test_a_request_says_exactly_this",
        "auth/test_token_reply.py::test_scopes",
    ),
    # Spellings and ranges of addresses.
    "auth H26": ("auth/test_endpoints.py::test_what_an_issuer_may_not_name",),
    # The word "pending" anywhere.
    "auth H28": (
        "auth/test_token_reply.py::test_pending_is_a_structured_code_alone",
        "auth/test_token_reply.py::test_a_server_that_is_busy_has_no_opinion_of_a_token",
    ),
    # Text outranks the status.
    "auth H30": (
        "auth/test_standard.py::test_status_first_then_code",
        "auth/test_token_reply.py::test_where_a_code_stands",
        "auth/test_token_reply.py::test_a_server_that_is_busy_has_no_opinion_of_a_token",
    ),
    # A token that rotates, presented twice.
    "auth H32": ("plugins/test_guard_oauth.py::test_what_was_sent_is_counted_and_not_told",),
    # Nobody knows whether it was spent.
    "auth H37": (
        "auth/test_standard.py::test_no_whole_answer_may_have_spent_the_token",
        "auth/test_standard.py::test_a_probe_spends_nothing",
        "plugins/test_guard_oauth.py::test_what_was_sent_is_counted_and_not_told",
    ),
    # Half of a revocation.
    "auth H42": (
        "auth/test_standard.py::test_both_tokens_are_revoked_with_their_hints",
        "auth/test_standard.py::test_both_are_tried_and_the_first_failure_counts",
    ),
    # A client for each call.
    "auth H46": (
        "auth/test_clients.py::test_one_client_for_a_set_of_hosts",
        "auth/test_clients.py::test_connections_are_kept_between_calls",
        "plugins/test_guard_oauth.py::test_a_request_ends_with_the_call",
    ),
    # Redirects that take the key along.
    "auth H47": ("auth/test_standard.py::test_no_path_follows_a_redirect",),
    # Any endpoint for any secret.
    "auth H48": (
        "auth/test_endpoints.py::test_no_endpoint_lies_outside_of_what_the_adapter_declares",
        "auth/test_endpoints.py::test_what_an_issuer_may_not_name",
        "auth/test_clients.py::test_one_sets_client_does_not_reach_anothers_host",
        "auth/test_standard.py::test_an_endpoint_elsewhere_gets_nothing",
        "auth/test_oidc.py::test_another_token_endpoint_than_the_settled_one_is_refused",
        "plugins/test_guard_oauth.py::test_an_endpoint_outside_of_an_adapters_hosts_is_refused",
    ),
    # One answer to the check, another to the connection.
    "auth H49": ("auth/test_standard.py::test_a_name_that_answers_twice_is_asked_once",),
    # Proxies of the environment, and http.
    "auth H50": (
        "auth/test_standard.py::test_the_environment_is_not_asked",
        "auth/test_endpoints.py::test_what_an_issuer_may_not_name",
    ),
    # A document of another issuer.
    "auth H52": ("auth/test_oidc.py::test_the_issuer_is_the_one_that_was_asked_for_to_the_last_character",),
    # Bodies without an end.
    "auth H55": ("auth/test_standard.py::test_a_refusal_has_a_code_and_a_kind",),
    # Secrets in texts.
    "auth H56": (
        "auth/test_client_auth.py::test_no_request_shows_what_it_carries",
        "auth/test_standard.py::test_nothing_secret_is_shown_anywhere",
        "plugins/test_guard_oauth.py::test_no_exception_of_an_author_gets_out_of_a_refresh",
        "plugins/test_guard_oauth.py::test_what_else_goes_wrong_is_an_error_without_its_text",
    ),
    # The endpoint is the issuer's.
    "auth I7": (
        "auth/test_endpoints.py::test_no_endpoint_lies_outside_of_what_the_adapter_declares",
        "auth/test_oidc.py::test_another_token_endpoint_than_the_settled_one_is_refused",
        "plugins/test_guard_oauth.py::test_an_endpoint_outside_of_an_adapters_hosts_is_refused",
    ),
    # Limits of the one client.
    "auth I11": ("auth/test_clients.py::test_limits_are_those_of_the_invariant",),
    # One normaliser.
    "auth I13": (
        "auth/test_expiry.py::test_what_servers_say",
        "auth/test_expiry.py::test_a_jwt_speaks_where_the_reply_says_nothing",
        "auth/test_expiry.py::test_what_tokens_say",
        "auth/test_expiry.py::test_points_in_time_are_by_the_servers_clock",
        "auth/test_expiry.py::test_whatever_is_said_the_end_lies_ahead_and_not_too_far",
        "auth/test_token_reply.py::test_a_lifetime_is_left_as_it_came",
    ),
}
