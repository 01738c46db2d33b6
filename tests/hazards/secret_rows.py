"""Rows of secrets that got out (S)."""

SECRETS: dict[str, tuple[str, ...]] = {
    # The key lies beside the data; a backup is plain text.
    "S1": (
        "kernel/test_opening.py::test_a_copied_state_root_alone_opens_nothing",
        "backup/test_round_trip.py::test_the_recovery_key_alone_brings_everything_back",
        "backup/test_round_trip.py::test_without_a_recovery_slot_there_is_no_backup",
        "backup/test_secrecy.py::test_no_key_no_name_and_no_value_is_in_it",
    ),
    # One key without an id: it can never be changed.
    "S2": (
        "vault/test_rekey.py::test_payloads_stay_and_every_key_is_new",
        "vault/test_rekey.py::test_it_goes_on_where_it_was_stopped",
    ),
    # An index that anybody can read and edit.
    "S3": (
        "faults/test_flips.py::test_flipped_bytes_of_a_vault_at_rest",
        "vault/test_tampering.py::test_nothing_readable_lies_on_the_disk",
        "backup/test_altered.py::test_every_byte_counts",
    ),
    # Sealed without a name: files can be swapped.
    "S4": (
        "vault/test_tampering.py::test_swapped_records_are_refused",
        "records/test_guard.py::test_a_record_under_another_key_does_not_open",
        "../plugins/backend_dpapi/tests/test_dpapi_kernel.py::test_swapped_files_are_refused",
    ),
    # The output of commands goes to temporary files, which stay.
    "S5": (
        "resolve/sources/test_exec_run.py::test_no_file_is_written",
        "resolve/sources/test_exec_tree.py::test_our_own_death_ends_all",
        "cli/test_run_files.py::test_the_file_is_private_and_gone_afterwards",
        "cli/test_run_files.py::test_what_a_killed_run_left_is_named_and_removed_by_the_next",
        "cli/test_run_files.py::test_the_other_ways_make_no_file_at_all",
        "cli/test_render.py::test_the_output_file_is_private_and_replaced_only_with_force",
        "../plugins/source_systemd/tests/test_systemd_hazards.py::test_no_file_is_written",
    ),
    # The output of commands is kept whole, however long it is.
    "S6": (
        "resolve/sources/test_exec_run.py::test_a_flood_is_cut_off_while_it_comes",
        "resolve/sources/test_exec_run.py::test_one_that_writes_only_to_stderr_has_no_value_and_no_full_pipe",
        "resolve/sources/test_exec_output.py::test_the_limit_is_exact",
    ),
    # A time limit kills the direct child only.
    "S7": (
        "resolve/sources/test_exec_tree.py::test_grandchildren_are_killed_also_after_setsid",
        "resolve/sources/test_exec_tree.py::test_one_that_flees_from_fork_to_fork_is_caught",
        "resolve/sources/test_exec_tree.py::test_one_that_multiplies_is_stopped_before_it_is_killed",
        "resolve/sources/test_exec_tree.py::test_our_own_death_ends_all",
        "resolve/sources/test_exec_tree.py::test_ctrl_c_ends_all",
    ),
    # A file is checked by its path, then read by its path, whole, whoever owns it.
    "S8": (
        "resolve/sources/test_file_links.py::test_no_byte_from_outside_while_somebody_swaps",
        "resolve/sources/test_file_links.py::test_a_link_put_in_between_check_and_opening_is_not_followed",
        "resolve/sources/test_file.py::test_what_is_no_regular_file_is_refused_at_once",
        "resolve/sources/test_file.py::test_a_sparse_giant_costs_one_byte_more_than_the_limit",
        "resolve/sources/test_file.py::test_a_file_that_others_can_write_is_refused",
        "resolve/sources/test_file.py::test_a_folder_that_others_can_write_is_refused",
        "resolve/sources/test_file.py::test_a_file_or_folder_of_another_user_is_refused",
    ),
    # Any variable of a daemon can be read.
    "S9": (
        "resolve/sources/test_env.py::test_without_an_allow_list_nothing_is_read",
        "resolve/sources/test_env.py::test_what_is_not_on_the_list_is_blocked_set_or_not",
        "resolve/sources/test_env.py::test_an_entry_that_allows_what_nobody_meant_is_refused",
    ),
    # A program is searched on PATH; nobody looks who owns it.
    "S10": (
        "resolve/sources/test_exec_settings.py::test_the_table_of_a_command_is_strict",
        "resolve/sources/test_exec_program.py::test_a_program_that_others_can_write_is_refused",
        "resolve/sources/test_exec_program.py::test_a_program_in_a_folder_that_others_can_write_is_refused",
        "resolve/sources/test_exec_program.py::test_a_program_of_another_user_is_refused",
        "resolve/sources/test_exec_program.py::test_a_wrong_digest_is_refused_and_the_right_one_is_not",
        "resolve/sources/test_exec_program.py::test_what_was_compared_is_what_is_executed",
    ),
    # Links are followed and modes changed; files are born open.
    "S11": (
        "durable/test_folders.py::test_a_link_is_refused_and_its_target_left_alone",
        "durable/test_folders.py::test_an_ancestor_that_others_write_is_refused",
        "durable/test_files.py::test_files_are_born_private",
        "kernel/test_opening.py::test_everything_is_born_private",
        "../plugins/backend_dpapi/tests/test_dpapi_windows.py::test_the_folder_is_the_users_alone",
    ),
    # Plaintext and keys stay in memory.
    "S12": (
        "memory/test_memory.py::test_a_new_vault_and_its_values",
        "memory/test_memory.py::test_a_value_that_was_tampered_with",
        "memory/test_memory.py::test_closing_is_enough",
        "resolve/sources/test_exec_output.py::test_what_it_grew_out_of_is_wiped",
        "../plugins/backend_dpapi/tests/test_dpapi_outcomes.py::test_the_key_is_left_in_no_buffer",
    ),
    # Showing decrypts, deleting does not ask.
    "S17": (
        "cli/test_secrets_get.py::test_without_reveal_nothing_is_decrypted",
        "cli/test_secrets_audit.py::test_nothing_is_decrypted_unless_it_is_deep",
        "cli/test_secrets_manage.py::test_rm_asks_and_undelete_brings_back",
    ),
    # Every fault is "Crypto", and the client's.
    "S20": (
        "hazards/test_errors_apart.py::test_each_fault_has_its_own_code",
        "hazards/test_errors_apart.py::test_no_two_faults_share_a_code",
        "../plugins/backend_dpapi/tests/test_dpapi_outcomes.py::test_each_fault_has_its_own_outcome",
    ),
    # Redaction knows names, not values.
    "S21": (
        "leaks/test_leaks.py::test_the_value_shows_nowhere",
        "redact/test_live.py::test_a_live_value_is_found_in_every_form",
        "redact/test_patterns.py::test_each_shape_is_found_under_its_id",
        "redact/test_logs.py::test_nothing_of_a_record_shows_the_value",
        "values/test_sensitive.py::test_logging_it_shows_nothing",
        "resolve/test_secrecy.py::test_no_value_in_anything_that_is_printed",
    ),
    # Ids without salt.
    "S22": (
        "vault/test_tampering.py::test_two_vaults_share_no_id_and_no_record_key",
        "resolve/test_secrecy.py::test_fingerprints_are_the_vaults_own_and_labels_do_not_change_them",
    ),
}  # fmt: skip
