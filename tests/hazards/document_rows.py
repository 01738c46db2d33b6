"""Rows of auth profiles: hazards (H) and invariants (I) of documents, health, choices and events."""

_IMPORT = "auth/documents/test_import.py"
_EDIT = "auth/documents/test_edit.py"
_ROUND = "auth/documents/test_round_trip.py"
_RUNTIME = "auth/documents/test_runtime_import.py"
_STORING = "auth/documents/test_storing.py"
_HEALTH = "auth/test_health.py"
_CHOICES = "session/test_profile_choices.py"
_EVENTS = "kernel/test_auth_events.py"

DOCUMENTS: dict[str, tuple[str, ...]] = {
    # Garbage for a deadline.
    "auth H5": (f"{_RUNTIME}::test_an_absurd_deadline_is_cut",),
    # States that nobody ever sees.
    "auth H6": (f"{_HEALTH}::test_terminal_states_come_first",),
    # One default for everything.
    "auth H9": (f"{_CHOICES}::test_each_provider_and_agent_has_its_own_default",),
    # Clearing leaves a gate behind.
    "auth H12": (f"{_CHOICES}::test_clearing_resets_every_layer",),
    # A shorter cooldown replaces a longer one.
    "auth H13": (f"{_RUNTIME}::test_no_document_brings_a_deadline_nearer",),
    # Without an agent everybody's private profiles count.
    "auth H14": (f"{_HEALTH}::test_health_of_an_agent_is_of_what_it_sees",),
    # Deleted profiles in orders; no way to take an order back.
    "auth H16": (
        f"{_CHOICES}::test_an_order_is_an_allow_list_and_can_go",
        f"{_CHOICES}::test_what_cannot_be_chosen_is_refused",
        f"{_RUNTIME}::test_orders_name_only_what_is_there",
        f"{_CHOICES}::test_a_profile_that_is_gone_is_chosen_nowhere",
    ),
    # Defaults that name what is gone.
    "auth H18": (f"{_CHOICES}::test_a_profile_that_is_gone_is_chosen_nowhere",),
    # One thing that is missing stops the start.
    "auth H17": (
        f"{_IMPORT}::test_missing_secrets_are_told_and_the_profile_is_there",
        f"{_STORING}::test_a_secret_that_cannot_be_read_stops_only_its_calls",
        f"{_HEALTH}::test_a_missing_credential_and_one_that_was_refused",
        f"{_HEALTH}::test_doctor_shows_profiles",
    ),
    # An upsert replaces what is another's, and forgets what happened.
    "auth H20": (
        f"{_IMPORT}::test_another_credential_under_the_same_id_is_a_conflict",
        f"{_IMPORT}::test_a_rename_keeps_the_cooldown_and_the_credential",
        f"{_EDIT}::test_only_what_was_changed_counts",
        f"{_EDIT}::test_a_version_that_is_not_the_present_one_is_a_conflict",
        f"{_EDIT}::test_runtime_fields_are_nobodys_to_write",
        f"{_EDIT}::test_orders_and_defaults_are_edited_and_use_is_not",
    ),
    # Scopes in lower case; a client id cut in silence.
    "auth H24": (f"{_IMPORT}::test_scopes_are_kept_as_written",),
    # What is unknown counts as nothing.
    "auth H25": (f"{_IMPORT}::test_what_a_profile_cannot_be",),
    # Control characters in names, and no limits.
    "auth H27": (f"{_IMPORT}::test_what_a_profile_cannot_be",),
    # Processes lose each other's updates; opening rewrites.
    "auth H34": (
        f"{_STORING}::test_several_processes_lose_nothing",
        f"{_ROUND}::test_two_exports_are_one_text",
    ),
    # No sync, no modes, half a write.
    "auth H35": (
        f"{_STORING}::test_files_are_ours_alone",
        f"{_STORING}::test_an_import_that_dies_is_taken_up_again",
    ),
    # One bad profile stops the start; unknown fields vanish.
    "auth H36": (
        f"{_IMPORT}::test_one_bad_row_stops_no_other",
        f"{_ROUND}::test_unknown_fields_survive_at_each_level",
        f"{_ROUND}::test_a_document_moves_to_another_vault_as_it_is",
        f"{_ROUND}::test_any_row_with_anything_unknown_is_stable",
        f"{_ROUND}::test_a_runtime_document_of_any_bytes_is_read",
        f"{_RUNTIME}::test_a_corrupt_document_is_reported_and_stops_nothing",
        f"{_HEALTH}::test_a_damaged_record_is_counted_and_the_others_work",
    ),
    # A refresh that nobody knows the end of.
    "auth H37": (
        f"{_HEALTH}::test_a_suspect_family_is_told",
        f"{_EVENTS}::test_a_lost_refresh_is_reported_once",
    ),
    # A choice without a lock, and a journal that fails after it.
    "auth H43": (
        f"{_CHOICES}::test_fifty_defaults_at_once_are_all_there",
        f"{_CHOICES}::test_a_change_and_its_event_are_one",
        f"{_EVENTS}::test_a_journal_that_is_down_gets_it_later_and_once",
    ),
    # Health opens every secret and writes.
    "auth H45": (f"{_HEALTH}::test_nothing_is_opened_and_nothing_is_written",),
    # A profile names any secret, and any endpoint.
    "auth H48": (
        f"{_IMPORT}::test_a_reference_of_somebody_else_is_not_read",
        f"{_IMPORT}::test_where_a_credential_may_go_is_looked_at_first",
        f"{_EDIT}::test_another_endpoint_waits_for_a_human",
    ),
    # Addresses without TLS.
    "auth H50": (f"{_IMPORT}::test_the_api_of_a_provider_is_spoken_to_by_tls",),
    # Some are allowed whatever policy says.
    "auth H54": (f"{_CHOICES}::test_who_may_not_manage_chooses_nothing",),
    # Documents without a limit.
    "auth H55": (f"{_IMPORT}::test_an_endless_document_is_refused",),
    # Secrets under a name that others have too.
    "auth H57": (f"{_IMPORT}::test_a_key_moves_into_the_scope_of_the_kernel",),
    # A provider of one's own with the name of a real one.
    "auth H60": (
        f"{_IMPORT}::test_what_a_profile_cannot_be",
        f"{_HEALTH}::test_counts_of_refreshes",
    ),
    # The expiry is part of the token set.
    "auth I4": (f"{_IMPORT}::test_a_login_moves_with_its_end_and_its_wait",),
    # Cooldowns: the longest by reason.
    "auth I5": (f"{_RUNTIME}::test_no_document_brings_a_deadline_nearer",),
    # What ends only by an operator or a login.
    "auth I6": (
        f"{_CHOICES}::test_a_disabled_profile_is_used_for_nothing",
        f"{_CHOICES}::test_what_ended_is_not_enabled",
    ),
    # A profile reads its own alone, and another endpoint is approved.
    "auth I7": (
        f"{_IMPORT}::test_a_reference_of_somebody_else_is_not_read",
        f"{_EDIT}::test_another_endpoint_waits_for_a_human",
    ),
    # Nothing names what was deleted.
    "auth I8": (f"{_CHOICES}::test_a_profile_that_is_gone_is_chosen_nowhere",),
    # Looking changes nothing.
    "auth I9": (
        f"{_IMPORT}::test_a_dry_run_changes_nothing",
        f"{_HEALTH}::test_nothing_is_opened_and_nothing_is_written",
    ),
    # What is damaged is set apart, told and rebuilt.
    "auth I10": (
        f"{_IMPORT}::test_one_bad_row_stops_no_other",
        f"{_ROUND}::test_unknown_fields_survive_at_each_level",
        f"{_ROUND}::test_a_fragment_means_the_same_whenever_it_is_read",
        f"{_RUNTIME}::test_a_lost_state_is_rebuilt_and_told",
        f"{_RUNTIME}::test_a_corrupt_document_is_reported_and_stops_nothing",
        f"{_HEALTH}::test_a_damaged_record_is_counted_and_the_others_work",
    ),
}
