"""Rows of auth profiles as the command line shows them; the others are in ``auth_rows`` and beside it."""

COMMANDS: dict[str, tuple[str, ...]] = {
    # No switch.
    "auth H6": (
        "cli/auth/test_profiles_choices.py::test_what_is_disabled_is_used_by_nobody_until_it_is_enabled",
    ),
    # A provider's credential presented as another's.
    "auth H8": ("cli/auth/test_login_key.py::test_a_provider_with_ways_of_its_own_needs_its_plugin",),
    # One default.
    "auth H9": ("cli/auth/test_profiles_choices.py::test_a_default_for_each_provider_and_each_scope",),
    # A gate that stays.
    "auth H12": ("cli/auth/test_profiles_choices.py::test_clear_clears_every_layer",),
    # Everybody's private profiles.
    "auth H14": (
        "cli/auth/test_token.py::test_a_profile_of_an_agent_is_for_that_agent",
        "cli/auth/test_profiles_health.py::test_health_of_one_agent",
    ),
    # An order that cannot be taken back.
    "auth H16": ("cli/auth/test_profiles_choices.py::test_an_order_is_shown_set_and_taken_away",),
    # A default that is gone.
    "auth H18": ("cli/auth/test_logout.py::test_orders_and_defaults_name_it_no_more",),
    # A profile of another provider, or of another kind, replaced; back-off wiped, or sent.
    "auth H20": (
        "cli/auth/test_login.py::test_another_provider_under_the_same_id_is_refused",
        "cli/auth/test_login_key.py::test_a_login_and_a_key_are_not_the_same_profile",
        "cli/auth/test_profiles_changing.py::test_a_new_name_leaves_all_else",
        "cli/auth/test_profiles_documents.py::test_what_happened_is_nobodys_to_edit",
    ),
    # A refresh of whatever profile.
    "auth H21": ("cli/auth/test_profiles_changing.py::test_a_key_is_nothing_to_refresh",),
    # An unknown filter, a list that was cut, a cursor that is gone.
    "auth H25": (
        "cli/auth/test_profiles_reading.py::test_a_list_comes_in_pages_and_each_profile_once",
        "cli/auth/test_profiles_reading.py::test_an_unknown_filter_is_an_error",
        "cli/auth/test_profiles_choices.py::test_a_choice_that_chooses_nothing_is_refused",
    ),
    # Secrets that stay.
    "auth H41": ("cli/auth/test_logout.py::test_the_issuer_revokes_and_nothing_is_left_here",),
    # A provider that is down.
    "auth H42": (
        "cli/auth/test_logout.py::test_an_issuer_that_is_down_is_told_later",
        "cli/auth/test_profiles_health.py::test_doctor_knows_of_logouts_that_wait_and_finishes_them",
    ),
    # Looks that decrypt, ask and write.
    "auth H45": (
        "cli/auth/test_profiles_reading.py::test_what_reads_opens_nothing_asks_nobody_and_changes_nothing",
        "cli/auth/test_profiles_health.py::test_health_counts_and_opens_nothing",
        "cli/auth/test_token.py::test_without_reveal_nothing_is_opened_and_nobody_is_asked",
    ),
    # A profile that names any secret, or any endpoint.
    "auth H48": (
        "cli/auth/test_login.py::test_another_issuer_for_a_profile_waits_for_a_human",
        "cli/auth/test_login_key.py::test_a_profile_reads_nothing_of_the_vault_but_its_own",
        "cli/auth/test_profiles_documents.py::test_another_endpoint_is_not_an_edit",
    ),
    # Reads that poll and store.
    "auth H53": (
        "cli/auth/test_profiles_reading.py::test_what_reads_opens_nothing_asks_nobody_and_changes_nothing",
        "cli/auth/test_profiles_health.py::test_health_counts_and_opens_nothing",
    ),
    # Documents without a limit.
    "auth H55": ("cli/auth/test_profiles_documents.py::test_a_document_that_is_none_is_refused_whole",),
    # Keys that print.
    "auth H56": ("cli/auth/test_login_key.py::test_a_key_comes_in_by_standard_input_and_is_shown_nowhere",),
    # Tokens in JSON that pass the redactor, and words that do not.
    "auth H58": (
        "cli/auth/test_redaction.py::test_tokens_in_all_their_forms_are_masked",
        "cli/auth/test_redaction.py::test_words_about_tokens_stay",
    ),
    # An address that is not shown, a look that refreshes, verbs that are missing.
    "auth H59": (
        "cli/auth/test_login.py::test_the_address_is_shown_and_a_browser_that_comes_back_ends_the_login",
        "cli/auth/test_login.py::test_the_browser_is_opened_only_if_asked",
        "cli/auth/test_profiles_reading.py::test_what_reads_opens_nothing_asks_nobody_and_changes_nothing",
        "cli/auth/test_profiles_changing.py::test_a_credential_can_be_tried",
        "cli/auth/test_profiles_documents.py::test_an_export_has_no_secret_and_opens_none",
    ),
}
