"""Rows of work for devices: kinds, leases, grants, presence, and what is written for them."""

NODES: dict[str, tuple[str, ...]] = {
    # Fields without lengths.
    "H7": ("nodes/test_grants.py::test_what_is_signed_is_unambiguous",),
    # Revoked between plan and commit.
    "H10": (
        "nodes/test_interleaved.py::test_whatever_comes_between_plan_and_commit",
        "nodes/test_races.py::test_a_revocation_against_everything",
    ),
    # What people see shows secrets.
    "H14": (
        "nodes/test_dispatch.py::test_inputs_and_outputs_show_no_secret",
        "nodes/test_dispatch.py::test_a_secret_that_is_cut_is_not_shown",
        "nodes/test_dispatch.py::test_neither_order_nor_lease_show_their_input",
    ),
    # Transitions without guards.
    "H15": (
        "nodes/test_states.py::test_every_state_with_every_event",
        "nodes/test_interleaved.py::test_whatever_comes_between_plan_and_commit",
        "nodes/test_races.py::test_thirty_two_take_one_lease",
        "nodes/test_races.py::test_thirty_two_answers_one_counts",
        "nodes/test_races.py::test_a_cancellation_against_an_answer",
        "nodes/test_machine.py::test_at_random",
    ),
    # The kind of a device is not enforced.
    "H25": (
        "nodes/test_registry.py::test_every_kind_with_every_verb",
        "nodes/test_registry.py::test_who_registers",
        "nodes/test_registry.py::test_a_stranger_is_no_node",
        "nodes/test_dispatch.py::test_a_device_does_what_its_kind_may",
        "nodes/test_grants.py::test_granting_needs_a_device_that_works",
    ),
    # Another device completes, fails or relabels a request.
    "H26": (
        "nodes/test_dispatch.py::test_nobody_answers_for_another",
        "nodes/test_dispatch.py::test_work_begins_with_a_word",
        "nodes/test_machine.py::test_at_random",
    ),
    # Revoking a capability is cosmetic.
    "H27": (
        "nodes/test_grants.py::test_registering_grants_nothing",
        "nodes/test_grants.py::test_revoking_ends_what_stands_on_it",
        "nodes/test_grants.py::test_a_grant_is_of_one_capability_for_one_principal",
        "nodes/test_grants.py::test_a_grant_ends_by_the_clock",
        "nodes/test_grants.py::test_a_grant_that_is_gone_at_the_hand_over",
        "nodes/test_grants.py::test_the_node_checks_for_itself",
        "nodes/test_grants.py::test_the_node_refuses_what_was_revoked",
        "nodes/test_grants.py::test_forged_grants",
        "nodes/test_dispatch.py::test_who_is_asked_for_work",
        "nodes/test_dispatch.py::test_a_capability_that_cannot_be_had_waits",
        "nodes/test_registry.py::test_a_device_that_comes_back_begins_anew",
        "nodes/test_interleaved.py::test_what_ends_while_work_is_asked_for",
    ),
    # The end of a device leaves its node.
    "H28": (
        "nodes/test_registry.py::test_the_end_of_a_device_is_the_end_of_its_work",
        "nodes/test_races.py::test_a_revocation_against_everything",
        "nodes/test_presence.py::test_who_is_no_node_is_forgotten",
    ),
    # Steps without an event.
    "H29": ("nodes/test_dispatch.py::test_each_step_has_its_event_in_its_commit",),
    # What hangs on a key of the vault.
    "H21": ("nodes/test_vault_lives.py::test_leases_outlive_the_root_key",),
    # Late, twice, stuck, and waiters that leak.
    "H30": (
        "nodes/test_dispatch.py::test_handed_over_once",
        "nodes/test_dispatch.py::test_what_timed_out_is_not_delivered",
        "nodes/test_dispatch.py::test_a_late_answer_counts_for_nothing",
        "nodes/test_dispatch.py::test_one_answer",
        "nodes/test_dispatch.py::test_what_is_cancelled_reaches_nobody",
        "nodes/test_dispatch.py::test_what_is_overdue_is_in_nobodys_hands",
        "nodes/test_dispatch.py::test_another_life_of_the_vault_hands_nothing_over",
        "nodes/test_interleaved.py::test_what_ends_while_the_line_is_read",
        "nodes/test_states.py::test_behind_the_deadline_everything_is_over",
        "nodes/test_states.py::test_another_life_of_the_vault_ends_it",
        "nodes/test_states.py::test_the_first_word_comes_soon",
        "nodes/test_vault_lives.py::test_a_backup_that_is_put_back_does_nothing_twice",
        "nodes/test_killed.py::test_killed_at_every_write",
        "nodes/test_tending.py::test_what_time_has_ended_is_written_down",
        "nodes/test_waiters.py::test_an_answer_wakes_whoever_asked",
        "nodes/test_waiters.py::test_waiting_in_vain_changes_nothing",
        "nodes/test_waiters.py::test_waiting_ends_with_the_lease",
        "nodes/test_waiters.py::test_whoever_fails_while_waiting_is_gone",
        "nodes/test_waiters.py::test_a_store_that_fails_wakes_everybody",
    ),
    # Dispatch by heartbeat, keys that are not used, limits that are advice.
    "H31": (
        "nodes/test_dispatch.py::test_the_same_key_is_the_same_work",
        "nodes/test_dispatch.py::test_the_gateway_holds_both_ends_to_their_size",
        "nodes/test_dispatch.py::test_a_record_holds_the_largest_limits",
        "nodes/test_dispatch.py::test_first_come_first_served",
        "nodes/test_races.py::test_the_same_work_asked_for_by_thirty_two",
        "nodes/test_waiters.py::test_work_wakes_whoever_serves_the_device",
        "nodes/test_waiters.py::test_each_step_wakes_whoever_waits_for_it",
        "nodes/test_waiters.py::test_an_event_loop_is_told",
        "nodes/test_waiters.py::test_one_change_wakes_once",
        "nodes/test_interleaved.py::test_one_key_for_two_devices_at_once",
        "nodes/test_waiters.py::test_a_look_costs_nothing_where_nothing_happened",
    ),
    # A torn file stops the start; reads write.
    "H32": (
        "nodes/test_killed.py::test_killed_at_every_write",
        "nodes/test_registry.py::test_reading_writes_nothing",
        "nodes/test_presence.py::test_presence_that_is_damaged_was_never_there",
        "nodes/test_damaged.py::test_a_record_that_is_none",
        "nodes/test_damaged.py::test_a_line_that_names_what_is_not_there",
        "nodes/test_dispatch.py::test_what_is_secret_is_kept_no_longer_than_needed",
    ),
    # Memory ahead of the disk.
    "H33": ("nodes/test_races.py::test_what_a_failed_write_leaves",),
    # Two gateways on one store.
    "H34": (
        "nodes/test_races.py::test_many_nodes_and_two_gateways_lose_nothing",
        "nodes/test_waiters.py::test_another_process_is_noticed",
        "nodes/test_tending.py::test_two_that_tidy_up_at_once_do_no_harm",
    ),
    # An older record in the place of the present one.
    "H35": (
        "nodes/test_grants.py::test_grants_that_were_put_back_count_for_nothing",
        "nodes/test_damaged.py::test_a_lease_in_the_place_of_another",
    ),
    # Heartbeats that write; lists without bounds.
    "H37": (
        "nodes/test_presence.py::test_beats_are_in_memory",
        "nodes/test_presence.py::test_a_write_has_an_end",
        "nodes/test_registry.py::test_registering_twice_writes_once",
        "nodes/test_dispatch.py::test_a_line_has_an_end",
        "nodes/test_races.py::test_a_line_has_its_end_in_a_race_too",
        "nodes/test_grants.py::test_how_many_grants_a_device_has",
        "nodes/test_tending.py::test_the_history_has_an_end",
        "nodes/test_tending.py::test_what_another_process_left_behind_goes_too",
        "nodes/test_tending.py::test_the_history_has_a_size",
        "nodes/test_interleaved.py::test_the_last_place_for_two_devices_at_once",
        "nodes/test_tending.py::test_tidying_up_writes_nothing_where_nothing_is_due",
    ),
    # Work that grows with the number of records.
    "H38": ("nodes/test_tending.py::test_tidying_up_has_an_end",),
    # Three thresholds of freshness.
    "H40": (
        "nodes/test_presence.py::test_one_function_for_everybody",
        "nodes/test_presence.py::test_everybody_agrees_on_a_sweep_of_time",
        "nodes/test_presence.py::test_a_clock_that_was_set_back_keeps_nobody_alive",
    ),
    # Text without bounds.
    "H41": (
        "nodes/test_registry.py::test_what_a_capability_is_not_called",
        "nodes/test_registry.py::test_what_is_no_platform",
        "nodes/test_registry.py::test_how_many_capabilities_a_node_has",
        "nodes/test_dispatch.py::test_what_is_no_order",
        "nodes/test_damaged.py::test_a_lease_that_is_none",
    ),
}
