"""Rows of use (U): what people run into."""

USE: dict[str, tuple[str, ...]] = {
    # Policies do nothing, and no value is ever stale.
    "U1": (
        "resolve/test_policies.py::test_the_table_of_policies",
        "resolve/test_policies.py::test_change_stale_reload_new_value",
        "resolve/test_kernel_resolver.py::test_a_changed_secret_is_shown_by_its_policies",
    ),
    # The line break behind a key.
    "U2": (
        "cli/test_secrets_set.py::test_strip_newline_removes_one_line_break",
        "resolve/test_transforms.py::test_one_newline_is_stripped_at_the_end",
        "resolve/test_fallbacks.py::test_default_transforms_and_the_opt_out",
        "resolve/sources/test_file.py::test_a_file_is_read_byte_for_byte",
        "resolve/sources/test_exec_run.py::test_what_it_prints_is_the_value",
    ),
    # Empty is missing in one source and a value in another.
    "U3": (
        "resolve/test_fallbacks.py::test_an_empty_value_is_missing_in_every_source",
        "resolve/sources/test_env.py::test_an_unset_variable_is_missing_and_an_empty_one_is_a_value",
        "resolve/sources/test_file.py::test_an_empty_file_is_an_empty_value",
        "resolve/sources/test_exec_run.py::test_what_it_prints_is_the_value",
    ),
    # Exit codes made from words.
    "U4": (
        "values/test_errors.py::test_kind_and_exit_code",
        "cli/test_resolve.py::test_the_exit_code_is_that_of_the_first_failure",
        "cli/test_resolve.py::test_no_message_changes_a_code",
    ),
    # Binary values are damaged.
    "U6": (
        "cli/test_secrets_get.py::test_json_carries_all_bytes",
        "cli/test_secrets_program.py::test_reveal_is_byte_exact_through_a_pipe",
        "cli/test_resolve.py::test_reveal_writes_the_exact_bytes",
    ),
    # A wanted backend is dropped in silence.
    "U7": (
        "kernel/test_opening.py::test_the_backend_is_pinned",
        "kernel/test_choosing.py::test_a_name_is_obeyed_or_refused",
        "cli/test_vault_migrate.py::test_a_preference_against_the_pin_names_the_way",
    ),
    # A list stops without a word.
    "U8": ("cli/test_secrets_manage.py::test_pages_reach_every_one_of_2500",),
    # Unknown fields are ignored.
    "U9": (
        "config/test_config.py::test_what_we_do_not_know_is_an_error_that_names_it",
        "values/test_secret_ref_table.py::test_an_unknown_field_is_named",
        "cli/test_resolve.py::test_a_table_that_is_wrong_is_refused_without_its_words",
        "cli/test_explain.py::test_what_the_schema_refuses_the_parser_refuses",
        "resolve/sources/test_env.py::test_settings_are_strict",
        "resolve/sources/test_file.py::test_settings_are_strict",
        "resolve/sources/test_exec_settings.py::test_the_table_of_a_command_is_strict",
    ),
    # Limits below what is legal, or none.
    "U10": (
        "values/test_refs.py::test_the_longest_legal_reference_is_accepted",
        "config/test_config.py::test_bounds",
        "values/test_secret_ref.py::test_the_longest_legal_references_are_accepted",
        "values/test_secret_ref_table.py::test_limits_have_ceilings_however_a_reference_is_made",
        "resolve/sources/test_env.py::test_bytes_that_are_no_text_arrive_as_they_are",
        "resolve/sources/test_exec_program.py::test_bytes_and_empty_arguments_arrive",
        "cli/test_run_program.py::test_arguments_pass_unchanged",
        "cli/test_run_ways.py::test_a_file_has_the_exact_bytes_and_can_be_read_twice",
    ),
    # The failing reference is masked; most references are not looked at.
    "U5": ("cli/test_secrets_audit.py::test_five_hundred_references_are_named_with_path_and_reference",),
    # What is shown is not what is done.
    "U12": ("cli/test_secrets_migrate.py::test_it_shows_the_plan_and_asks",),
    # No limit, no help, no JSON errors.
    "U11": (
        "cli/test_secrets_set.py::test_an_endless_pipe_is_read_to_one_byte_over_the_limit",
        "cli/test_secrets_manage.py::test_every_verb_and_option_is_described",
        "cli/test_secrets_manage.py::test_errors_are_json_under_either_flag",
        "cli/test_every_verb.py::test_every_verb_and_option_is_described",
        "cli/test_every_verb.py::test_errors_of_references_are_json",
        "cli/test_render.py::test_an_endless_template_is_refused",
        "cli/credential/test_git.py::test_an_endless_request_is_refused",
        "cli/credential/test_docker.py::test_a_request_has_a_limit",
    ),
    # The backend cannot be inspected.
    "U13": (
        "cli/test_vault_commands.py::test_status_says_where_the_vault_is_and_what_opens_it",
        "kernel/test_choosing.py::test_the_strongest_that_works_is_taken_and_the_others_are_told_why",
        "../plugins/backend_secretservice/tests/test_ss_status.py::test_a_backend_that_is_locked_or_away_is_shown_with_the_reason",
        "kernel/test_migration.py::test_everything_is_moved_and_the_old_place_is_empty",
        "faults/test_moving.py::test_kill_9_at_random_moments_of_a_migration",
    ),
    # The probe of a key store always fails.
    "U14": (
        "../plugins/backend_secretservice/tests/test_ss_kernel.py::test_a_probe_finds_out",
        "../plugins/backend_secretservice/tests/test_ss_states.py::test_a_locked_keyring_is_locked_and_never_empty",
        "../plugins/backend_keychain/tests/test_kc_kernel.py::test_a_probe_finds_out",
        "../plugins/backend_keychain/tests/test_kc_states.py::test_a_locked_keychain_is_locked_and_never_empty",
        "../plugins/backend_dpapi/tests/test_dpapi_outcomes.py::test_elsewhere_than_on_windows_it_says_so",
        "../plugins/backend_dpapi/tests/test_dpapi_kernel.py::test_a_new_vault_takes_the_stronger_one_and_its_slot",
    ),
    # Every fault is "Io".
    "U15": (
        "hazards/test_errors_apart.py::test_each_fault_has_its_own_code",
        "hazards/test_errors_apart.py::test_a_lock_that_somebody_holds_is_told",
        "../plugins/backend_keychain/tests/test_kc_states.py::test_each_refusal_has_its_class",
    ),
    # On macOS values go through a prompt that cuts them, or replace an item and the list of whom the user allowed.
    "U16": (
        "../plugins/backend_keychain/tests/test_kc_native.py::test_bytes_go_through_as_they_are",
        "../plugins/backend_keychain/tests/test_kc_real.py::test_sizes_that_a_prompt_would_cut",
        "../plugins/backend_keychain/tests/test_kc_states.py::test_an_update_keeps_whom_the_user_allowed",
    ),
    # Documented examples are never run.
    "U17": (
        "docs/test_readme.py::test_the_session_and_the_example",
        "cli/credential/test_pages.py::test_the_session_is_what_happens",
        "../plugins/adapter_keyring/tests/test_page.py::test_the_session_is_what_happens",
        "../plugins/adapter_pydantic/tests/test_page.py::test_the_examples_run",
        "../plugins/backend_dpapi/tests/test_dpapi_wine.py::test_backend_slot_and_vault_work_on_windows",
    ),
}  # fmt: skip
