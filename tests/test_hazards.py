"""What has gone wrong in vaults elsewhere, and the test that shows that it does not go wrong here.

D is for data that was lost, K for locks, P for what a call costs, S for secrets that got out, U for use.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.hazards.audit_rows import AUDIT

TESTS = Path(__file__).parent

PROVED: dict[str, tuple[str, ...]] = {
    # A first run mints two keys; one half of the secrets is lost.
    "D1": ("faults/test_crowd.py::test_sixteen_first_openers_make_one_vault",),
    # "Missing, so write an empty one", without a lock.
    "D2": (
        "durable/test_sqlite.py::test_first_openers_at_once_make_one_database",
        "vault/test_races.py::test_sixteen_processes_lose_nothing",
    ),
    # The marker of the backend is written without a lock.
    "D5": (
        "hazards/test_two_backends.py::test_one_backend_wins_and_the_others_are_told",
        "kernel/test_choosing.py::test_two_first_openers_agree",
        "kernel/test_migration.py::test_a_write_that_was_stored_before_the_switch_and_commits_behind_it_is_not_lost",
    ),
    # Nothing is synced.
    "D6": (
        "vault/test_system_calls.py::test_a_write_is_synced_before_it_is_acknowledged_blob_first",
        "durable/test_objects.py::test_content_and_name_are_synced_in_this_order",
    ),
    # A store cuts long values and says success.
    "D7": (
        "vault/test_secrets.py::test_a_value_over_the_limit_is_refused_before_anything_is_written",
        "../plugins/backend_file/tests/test_file_contract.py::test_the_largest_blob_survives",
        "../plugins/backend_secretservice/tests/test_ss_kernel.py::test_every_size_up_to_the_maximum",
        "../plugins/backend_keychain/tests/test_kc_kernel.py::test_every_size_up_to_the_maximum",
        "../plugins/backend_secretservice/tests/test_ss_bad_input.py::test_one_byte_more_than_the_store_takes",
        "../plugins/backend_dpapi/tests/test_dpapi_outcomes.py::test_every_size_up_to_the_maximum",
        "../plugins/backend_dpapi/tests/test_dpapi_kernel.py::test_an_envelope_over_the_maximum_of_the_store",
    ),
    # A lost blob can be neither read, overwritten nor deleted.
    "D8": (
        "hazards/test_behind_the_vault.py::test_a_lost_blob_is_named_and_can_be_replaced_or_removed",
        "../plugins/backend_secretservice/tests/test_ss_kernel.py::test_an_item_that_vanished",
        "../plugins/backend_secretservice/tests/test_ss_states.py::test_a_locked_keyring_is_locked_and_never_empty",
        "../plugins/backend_keychain/tests/test_kc_kernel.py::test_an_item_that_vanished",
        "../plugins/backend_keychain/tests/test_kc_states.py::test_a_locked_keychain_is_locked_and_never_empty",
        "../plugins/backend_dpapi/tests/test_dpapi_kernel.py::test_what_a_stranger_changes_is_refused",
        "../plugins/backend_dpapi/tests/test_dpapi_outcomes.py::test_without_the_master_key_nothing_is_lost",
    ),
    # Two vaults of one user overwrite each other.
    "D9": (
        "vault/test_tampering.py::test_two_vaults_share_no_id_and_no_record_key",
        "../plugins/backend_secretservice/tests/test_ss_kernel.py::test_two_vaults_in_one_keyring",
        "../plugins/backend_keychain/tests/test_kc_kernel.py::test_two_vaults_in_one_keychain",
        "../plugins/backend_secretservice/tests/test_ss_restored.py::test_what_one_life_destroys_moves_or_collects_the_others_keep",
        "../plugins/backend_dpapi/tests/test_dpapi_kernel.py::test_two_vaults_of_one_user",
    ),
    # A write that is killed loses the old value.
    "D10": (
        "faults/test_killed.py::test_kill_9_at_random_moments",
        "vault/test_crash.py::test_an_error_at_any_call_of_backend_or_store",
        "../plugins/backend_secretservice/tests/test_ss_states.py::test_killed_while_storing",
        "../plugins/backend_secretservice/tests/test_ss_killed.py::test_killed_at_random_moments",
        "durable/test_objects.py::test_killed_at_random_moments",
    ),
    # ("a:b", "c") and ("a", "b:c") are one.
    "D11": ("values/test_properties.py::test_a_colon_never_moves_the_border_between_scope_and_key",),
    # Checked trimmed, stored untrimmed.
    "D12": (
        "values/test_refs.py::test_nothing_is_trimmed",
        "cli/test_secrets_set.py::test_illegal_references_are_refused_in_every_verb",
    ),
    # References are lower-cased, keys are not.
    "D13": (
        "values/test_refs.py::test_upper_case_is_kept",
        "cli/test_secrets_set.py::test_upper_and_lower_case_are_two_secrets",
    ),
    # A secret is overwritten before the configuration is checked.
    "D14": (
        "hazards/test_behind_the_vault.py::test_a_mistake_in_the_configuration_changes_nothing",
        "cli/test_secrets_migrate.py::test_a_file_that_cannot_be_written_rightly_changes_nothing",
    ),
    # Old keys stay in backup copies of files.
    "D15": (
        "hazards/test_behind_the_vault.py::test_no_old_copy_of_a_key_or_a_value_stays_behind",
        "scan/test_copies.py::test_copies_are_named",
    ),
    # An error while reading the key selects another key.
    "D16": ("hazards/test_behind_the_vault.py::test_a_damaged_key_is_an_error_and_no_other_key_is_made",),
    # Orphans stay for ever.
    "D17": (
        "vault/test_gc.py::test_orphans_are_marked_first_and_deleted_an_hour_later",
        "../plugins/backend_dpapi/tests/test_dpapi_outcomes.py::test_what_a_dead_writer_left_is_collected",
    ),
    # Reading makes things.
    "D18": (
        "kernel/test_opening.py::test_opening_what_is_not_there_writes_nothing",
        "cli/test_vault_commands.py::test_commands_on_a_vault_need_one_and_make_none",
    ),
    # A stale lock is judged, then unlinked: two holders.
    "K1": ("durable/test_lock.py::test_processes_never_overlap",),
    # Releasing unlinks another's lock.
    "K2": (
        "durable/test_lock.py::test_a_holder_notices_that_another_took_its_place",
        "durable/test_sqlite_faults.py::test_a_lock_that_was_replaced_during_a_transaction",
    ),
    # A crash blocks for half a minute, or for ever.
    "K3": ("durable/test_lock.py::test_killing_the_holder_frees_it_at_once",),
    # A process id means nothing in another container, a lock little on a network.
    "K4": (
        "hazards/test_containers.py::test_a_holder_in_another_container_is_alive",
        "cli/test_doctor.py::test_a_state_root_on_the_network_is_a_warning",
    ),
    # Waits are measured by the wall clock.
    "K5": ("values/test_deadline.py::test_the_wall_clock_moves_nothing",),
    # Readers exclude readers, writers starve.
    "K6": (
        "durable/test_sqlite.py::test_readers_do_not_wait_for_a_writer",
        "durable/test_lock.py::test_nobody_is_starved",
    ),
    # What hangs inside the lock freezes everybody.
    "K7": (
        "hazards/test_slow_backend.py::test_others_go_on_while_a_backend_thinks",
        "plugins/test_plugin_guard.py::test_a_backend_that_hangs_is_abandoned_at_the_deadline",
        "kernel/test_slot_keeper.py::test_a_slow_protector_keeps_no_writer_waiting",
        "../plugins/backend_secretservice/tests/test_ss_states.py::test_a_service_that_never_answers",
        "../plugins/backend_keychain/tests/test_kc_states.py::test_who_waits_for_a_busy_keychain_has_a_deadline",
        "../plugins/backend_dpapi/tests/test_dpapi_windows.py::test_windows_is_told_not_to_ask",
    ),
    # A put rewrites everything.
    "P1": ("hazards/test_costs.py::test_a_put_writes_as_much_into_a_large_vault_as_into_a_small_one",),
    # Bytes as JSON numbers.
    "P2": ("hazards/test_costs.py::test_a_stored_value_is_little_larger_than_the_value",),
    # A ceiling, met without a word.
    "P3": ("hazards/test_costs.py::test_there_is_no_ceiling",),
    # Scans, no batches, programs.
    "P4": (
        "hazards/test_costs.py::test_a_get_costs_the_same_in_a_large_vault",
        "hazards/test_costs.py::test_a_batch_of_a_hundred_is_one_commit",
        "hazards/test_costs.py::test_no_program_is_started",
    ),
    # A read writes.
    "P5": ("vault/test_system_calls.py::test_a_read_writes_nothing",),
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
PROVED |= AUDIT

WAITING = {
    "D3": "no older format is taken over when a vault is opened, so nothing can race with it",
    "D4": "the same: no files of an older format are left behind",
}

_NUMBERS = {"D": range(1, 19), "K": range(1, 8), "P": range(1, 6), "U": range(1, 18)}
_SECRETS = (*range(1, 13), 17, 20, 21, 22)  # the others are of decisions, audit logs and approvals
ROWS = (
    {f"{letter}{number}" for letter, numbers in _NUMBERS.items() for number in numbers}
    | {f"S{number}" for number in _SECRETS}
    | AUDIT.keys()
)


def test_every_row_is_proved_or_waits():
    """A hazard that nobody wrote down is met again."""
    assert PROVED.keys() | WAITING.keys() == ROWS
    assert PROVED.keys().isdisjoint(WAITING)


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / file)
        assert re.search(rf"\b{row}\b", documented[name]), f"{node} does not name {row}"


@cache
def docstrings(path: Path) -> dict[str, str]:
    """The docstrings of the tests in *path*, by name."""
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
