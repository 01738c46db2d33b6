"""Rows of data that was lost (D), of locks (K), and of what a call costs (P)."""

DATA: dict[str, tuple[str, ...]] = {
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
}  # fmt: skip
