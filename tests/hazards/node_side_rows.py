"""Rows of what a node does, asks and says: capabilities, the runner and its journal, consent, events."""

NODE_SIDE: dict[str, tuple[str, ...]] = {
    # Approve was pre-selected; a prompt that ran out agreed.
    "H16": (
        "device/test_consent.py::test_only_the_word_agrees",
        "device/test_consent.py::test_silence_is_a_no",
        "device/test_runner_waiting.py::test_only_a_plain_yes_agrees",
        "device/test_runner_waiting.py::test_without_anybody_to_ask_the_answer_is_no",
    ),
    # A closed stream ended the node.
    "H19": ("device/test_runner.py::test_a_connection_that_is_gone_ends_no_lease",),
    # A request of another device.
    "H26": (
        "device/test_runner.py::test_what_is_not_in_order_is_refused_and_leaves_nothing",
        "device/test_runner.py::test_an_id_is_one_lease",
        "device/test_runner.py::test_every_report_brings_the_word_of_its_holder",
    ),
    # Revoking was cosmetic; availability was not asked for.
    "H27": (
        "device/test_runner.py::test_a_node_asks_for_the_grant_itself",
        "device/test_runner.py::test_a_capability_that_is_not_there_now_fails_and_says_why",
        "device/test_runner_waiting.py::test_what_was_revoked_meanwhile_does_not_begin",
        "device/test_runner_waiting.py::test_what_is_revoked_is_called_off",
        "device/test_runner_waiting.py::test_what_runs_and_is_called_off_has_no_result",
        "plugins/test_guard_capabilities.py::test_one_that_cannot_say_whether_it_works_does_not",
        "plugins/test_guard_capabilities.py::test_a_class_is_judged_at_load",
        "plugins/test_guard_capabilities.py::test_a_built_in_one_cannot_be_shadowed",
    ),
    # Timed-out work ran later; late results; waiters that stayed.
    "H30": (
        "device/test_journal.py::test_killed_at_any_write_nothing_runs_twice",
        "device/test_journal.py::test_what_is_forgotten_is_not_done_again",
        "device/test_journal.py::test_in_another_life_of_the_vault_nothing_of_before_is_done",
        "device/test_runner.py::test_without_a_thread_a_lease_ends",
        "device/test_runner_waiting.py::test_what_was_called_off_does_not_begin",
        "device/test_runner_waiting.py::test_who_waits_for_a_seat_and_is_called_off_does_not_run",
        "device/test_runner_waiting.py::test_what_the_gateway_does_not_know_of_is_called_off",
        "device/test_runner_waiting.py::test_a_result_behind_the_deadline_is_none",
        "device/test_runner_waiting.py::test_a_machine_that_slept_does_not_begin_late",
        "device/test_runner_waiting.py::test_what_was_agreed_to_after_the_machine_slept_does_not_begin",
        "device/test_consent.py::test_a_question_that_is_called_off_ends",
        "plugins/test_guard_capabilities.py::test_without_time_nothing_runs",
        "plugins/test_guard_capabilities.py::test_one_that_hangs_is_left_behind_and_then_not_asked",
    ),
    # Sizes were advice; what was sent again happened again.
    "H31": (
        "device/test_runner.py::test_offered_again_it_is_reported_and_not_run",
        "device/test_runner.py::test_what_is_no_lease_is_refused",
        "plugins/test_guard_capabilities.py::test_what_a_gateway_sends_is_checked_before_the_author_sees_it",
        "plugins/test_guard_capabilities.py::test_nesting_that_no_parser_follows_is_no_json",
        "plugins/test_guard_capabilities.py::test_what_is_no_answer_does_not_leave_the_node",
        "nodes/test_events.py::test_what_is_sent_again_is_kept_once",
        "nodes/test_events.py::test_what_is_sent_again_and_is_something_else_is_refused",
        "nodes/test_event_bounds.py::test_so_many_at_a_time",
    ),
    # Torn files; reads that write.
    "H32": (
        "device/test_journal.py::test_killed_at_each_write_of_a_whole_life",
        "device/test_journal.py::test_kill_nine",
        "device/test_journal.py::test_a_record_that_cannot_be_understood_stops_the_start",
        "device/test_journal.py::test_reading_writes_nothing",
    ),
    # Memory ahead of the disk.
    "H33": (
        "device/test_journal.py::test_what_cannot_be_written_down_is_not_done",
        "device/test_journal.py::test_an_end_that_was_not_written_down_is_no_success",
    ),
    # Two processes on one state.
    "H34": (
        "device/test_journal.py::test_two_processes_are_one_too_many",
        "device/test_journal.py::test_of_two_that_begin_at_the_same_moment_one_is_refused",
        "nodes/test_events.py::test_threads_and_processes_give_each_number_once",
        "nodes/test_events.py::test_a_reader_beside_a_writer_sees_no_gap",
    ),
    # Old and swapped records.
    "H35": (
        "device/test_journal.py::test_an_old_copy_of_the_journal_is_noticed",
        "nodes/test_events.py::test_events_that_were_put_back_are_noticed",
        "nodes/test_events.py::test_an_event_in_the_wrong_place_is_noticed",
    ),
    # History without bounds.
    "H37": (
        "device/test_journal.py::test_results_wait_for_the_gateway_and_then_no_more_is_taken",
        "nodes/test_event_bounds.py::test_the_ring_keeps_the_newest_and_says_what_was_missed",
        "nodes/test_event_bounds.py::test_what_is_a_week_old_is_deleted",
        "nodes/test_events.py::test_any_story",
    ),
    # One peer uses up what all have; one reader slows all.
    "H39": (
        "nodes/test_events.py::test_a_flood_is_refused_counted_and_writes_nothing",
        "nodes/test_events.py::test_a_reader_that_stops_reading_holds_up_nobody",
        "nodes/test_events.py::test_a_listener_that_fails_is_dropped_and_the_others_are_woken",
        "nodes/test_events.py::test_listeners_are_bounded",
    ),
    # A resume token that is a bare number.
    "H40": (
        "nodes/test_event_bounds.py::test_a_token_is_of_one_holder_and_one_device",
        "nodes/test_event_bounds.py::test_every_altered_token_is_refused",
        "nodes/test_event_bounds.py::test_fields_of_a_token_are_not_believed_without_the_mac",
        "nodes/test_event_bounds.py::test_a_token_expires",
        "nodes/test_event_bounds.py::test_a_token_of_another_vault_is_refused",
        "nodes/test_event_bounds.py::test_a_token_of_an_earlier_life_of_the_log_begins_anew",
    ),
    # Free text.
    "H41": (
        "device/test_consent.py::test_a_terminal_obeys_nothing_of_it",
        "device/test_runner.py::test_a_failure_is_a_code",
        "device/test_runner.py::test_a_message_is_bounded",
        "plugins/test_guard_capabilities.py::test_names_of_capabilities",
        "nodes/test_event_bounds.py::test_what_is_no_event_is_refused",
        "nodes/test_event_bounds.py::test_a_device_has_an_id",
    ),
}
