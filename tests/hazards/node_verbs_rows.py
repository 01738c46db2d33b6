"""Rows of what nodes, their operators and their gateway say to each other."""

_D = "daemon/nodes"
_C = "cli/gateway/test_nodes.py"

NODE_VERBS: dict[str, tuple[str, ...]] = {
    # Client kind not enforced.
    "H25": (
        f"{_D}/test_refused.py::test_only_nodes_and_desktops_work",
        f"{_D}/test_refused.py::test_desktops_work_too",
    ),
    # Any device answered for another.
    "H26": (
        f"{_D}/test_refused.py::test_the_lease_of_another_is_not_answered",
        f"{_D}/test_refused.py::test_a_lease_that_never_was_is_answered_like_one_of_another",
        f"{_D}/test_refused.py::test_another_token_is_not_the_holder",
        f"{_D}/test_asking.py::test_leases_of_others_are_not_shown_and_not_ended",
        "policy/test_defaults.py::test_leases_of_others_are_for_the_owner",
    ),
    # Revoking a capability was cosmetic.
    "H27": (
        f"{_D}/test_refused.py::test_a_revoked_capability_is_gone_at_once",
        f"{_D}/test_refused.py::test_what_cannot_be_had_waits",
        f"{_C}::test_a_grant_is_taken_back_by_its_name",
    ),
    # Who may ask a node, and what is left of one that was revoked.
    "H28": (
        f"{_D}/test_work.py::test_who_may_asks_and_the_node_is_told_at_once",
        f"{_D}/test_work.py::test_a_device_without_a_permit_asks_nobody",
        f"{_D}/test_asking.py::test_a_device_with_a_permit_asks_another",
        f"{_D}/test_asking.py::test_without_a_permit_nobody_asks",
        f"{_D}/test_refused.py::test_with_a_device_ends_what_it_lent",
        f"{_D}/test_refused.py::test_an_operator_ends_it_in_one_commit",
        "policy/test_defaults.py::test_nodes_are_for_whom_they_were_granted",
        f"{_C}::test_a_node_is_seen_and_asked",
        f"{_C}::test_whoever_has_no_permit_does_nothing",
    ),
    # Neither decided nor written down.
    "H29": (
        f"{_D}/test_refused.py::test_who_may_what_with_nodes",
        f"{_D}/test_refused.py::test_refusals_do_not_flood_the_audit_log",
        f"{_D}/test_refused.py::test_nobody_registers_all_the_time",
        f"{_C}::test_a_marked_capability_waits_for_a_human",
    ),
    # Too late, twice, for ever.
    "H30": (
        f"{_D}/test_work.py::test_who_comes_too_late_gets_nothing",
        f"{_D}/test_work.py::test_nobody_waits_for_ever",
        f"{_D}/test_asking.py::test_a_wait_ends_with_the_lease",
        f"{_D}/test_work.py::test_the_newest_stream_wins_and_knows_what_the_device_has",
        f"{_D}/test_two_gateways.py::test_what_another_process_asks_for_is_handed_over_once",
        f"{_D}/test_two_gateways.py::test_what_waits_survives_a_restart",
        f"{_C}::test_why_it_failed_is_an_exit_code",
    ),
    # Dispatch by heartbeat; keys and sizes that nobody minded.
    "H31": (
        f"{_D}/test_work.py::test_one_effect_for_one_key",
        f"{_D}/test_work.py::test_sizes_are_the_gateways",
        f"{_D}/test_refused.py::test_a_gigabyte_is_refused_unread",
        f"{_D}/test_work.py::test_no_piece_of_an_answer_waits",
        f"{_D}/test_two_gateways.py::test_the_command_line_asks_and_a_gateway_hands_over",
        f"{_C}::test_one_effect_for_one_key",
    ),
    # What another process revoked.
    "H34": (f"{_D}/test_two_gateways.py::test_a_revocation_by_another_process_reaches_the_stream",),
    # One that does not read.
    "H39": (f"{_D}/test_refused.py::test_who_stops_reading_holds_up_nobody_else",),
    # Tokens to go on with.
    "H40": (f"{_D}/test_refused.py::test_tokens_are_for_whom_they_were_made",),
    # Free text.
    "H41": (
        f"{_D}/test_refused.py::test_nonsense_is_refused",
        f"{_D}/test_asking.py::test_nonsense_is_refused",
        f"{_C}::test_what_is_called_off_is_over",
        f"{_C}::test_what_nodes_say_does_not_act_on_a_terminal",
    ),
}
