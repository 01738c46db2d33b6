"""Rows of devices as they see their gateway: who it is, how they keep a certificate, and what stays on the machine."""

_D = "device"

DEVICE_SIDE: dict[str, tuple[str, ...]] = {
    # A door that needed what it gave out.
    "H1": (
        f"{_D}/test_work.py::test_what_pairing_can_do_work_cannot_and_the_reverse",
        f"{_D}/test_work.py::test_a_device_of_another_gateway_is_nobody",
        "e2e/test_pairing.py::test_a_device_is_paired_works_and_is_thrown_out",
    ),
    # Keys that the gateway made and kept.
    "H2": (
        f"{_D}/test_pairing.py::test_the_gateway_never_has_a_private_key_of_a_device",
        f"{_D}/test_pairing.py::test_right_ids_without_the_key_pick_nothing_up",
        f"{_D}/test_pairing.py::test_a_rejection_is_said_and_leaves_no_key",
    ),
    # A gateway that only a CA file could prove.
    "H6": (
        f"{_D}/test_pairing.py::test_who_sits_in_between_with_another_certificate_is_found_out",
        f"{_D}/test_accepting.py::test_the_first_bundle_has_the_root_of_the_pairing",
        f"{_D}/test_pairing.py::test_who_comes_in_between_later_is_found_out_too",
        f"{_D}/test_renewal.py::test_who_passes_a_proof_on_gets_nothing_for_it",
        f"{_D}/test_pairing.py::test_a_wrong_pin_is_refused_and_the_right_one_then_taken",
        f"{_D}/test_pairing.py::test_three_failures_at_an_address_are_the_last",
        f"{_D}/test_work.py::test_the_gateway_is_checked_by_name_and_by_root",
        f"{_D}/test_renewal.py::test_another_gateway_cannot_take_the_device_over",
        "cli/device/test_device.py::test_the_address_of_a_qr_code_is_the_one_that_is_used",
    ),
    # An answer that is for another.
    "H26": (
        f"{_D}/test_accepting.py::test_a_certificate_is_for_this_key_and_this_device",
        f"{_D}/test_holder.py::test_no_answer_replaces_the_next_certificate_of_another_key",
    ),
    # Replays.
    "H11": (f"{_D}/test_renewal.py::test_a_clock_that_was_wrong_once_does_not_shut_the_door_for_good",),
    # Runs that a restart forgot.
    "H12": (f"{_D}/test_pairing.py::test_a_gateway_that_is_away_for_a_moment_is_waited_for",),
    # Rotation that bricks.
    "H17": (
        f"{_D}/test_renewal.py::test_the_gateway_can_want_a_renewal",
        f"{_D}/test_renewal.py::test_an_answer_that_was_lost_costs_nothing",
        f"{_D}/test_renewal.py::test_a_first_use_that_was_not_written_down_is_made_again",
        f"{_D}/test_renewal.py::test_a_next_certificate_that_the_gateway_does_not_take_is_dropped",
    ),
    # Nobody renews.
    "H19": (
        f"{_D}/test_renewal.py::test_a_device_that_was_away_comes_back_without_pairing",
        f"{_D}/test_renewal.py::test_who_was_away_for_more_than_thirty_days_pairs_again",
        f"{_D}/test_renewal.py::test_keeping_goes_on_behind_failures_with_growing_pauses",
        "cli/device/test_device.py::test_it_renews_and_says_until_when",
    ),
    # Clocks, and CAs that cannot be replaced.
    "H20": (
        f"{_D}/test_pairing.py::test_clocks_that_are_apart_are_said_and_the_pairing_is_not_lost",
        f"{_D}/test_pairing.py::test_a_clock_that_is_ahead_is_said_by_how_much",
        f"{_D}/test_renewal.py::test_an_emergency_brings_all_new_cas_and_the_device_comes_back",
        f"{_D}/test_renewal.py::test_a_refusal_shows_by_how_much_the_clock_is_off",
    ),
    # Revoked, and in by another door.
    "H24": (
        f"{_D}/test_renewal.py::test_a_revoked_device_is_told_and_stays_out",
        f"{_D}/test_work.py::test_older_tls_is_not_spoken",
    ),
    # State in parts.
    "H32": (
        f"{_D}/test_holder.py::test_killed_at_any_write_it_goes_on_where_it_was",
        f"{_D}/test_holder.py::test_a_record_that_nobody_understands_is_said",
    ),
    # A bundle of long ago.
    "H33": (f"{_D}/test_renewal.py::test_a_new_bundle_is_taken_and_an_old_one_never",),
    # Keys beside the data, and swapped ones.
    "H35": (
        f"{_D}/test_holder.py::test_the_keys_live_in_the_vault_alone",
        f"{_D}/test_holder.py::test_a_key_that_is_not_its_own_is_not_used",
        f"{_D}/test_work.py::test_a_key_reaches_tls_without_a_file_that_has_it",
    ),
    # A node over the gateway's CA.
    "H36": (
        f"{_D}/test_holder.py::test_a_store_is_of_a_gateway_or_of_a_device",
        "cli/device/test_device.py::test_the_vault_of_a_gateway_is_no_device",
    ),
    # Servers without a bound.
    "H39": (
        f"{_D}/test_accepting.py::test_nothing_but_a_refusal_comes_of_any_bytes",
        "net/test_link.py::test_what_is_no_answer",
        "net/test_link.py::test_a_stream_is_silent_only_for_so_long",
        "net/test_link.py::test_a_line_has_a_size",
    ),
    # Free text.
    "H41": (
        f"{_D}/test_work.py::test_what_a_gateway_says_of_a_failure_is_a_word_or_nothing",
        f"{_D}/test_work.py::test_addresses_have_one_spelling",
    ),
    # Paired on paper.
    "H42": (
        f"{_D}/test_pairing.py::test_every_pairing_ends_with_a_call",
        f"{_D}/test_pairing.py::test_a_qr_code_has_the_address_and_the_root",
        "cli/device/test_device.py::test_a_pairing_ends_with_a_call",
        "e2e/test_pairing.py::test_a_device_is_paired_works_and_is_thrown_out",
    ),
    # Connected, it believed.
    "H45": (
        f"{_D}/test_work.py::test_nobody_is_connected_before_the_gateway_said_something",
        f"{_D}/test_work.py::test_a_stream_begins_with_a_greeting",
        "net/test_link.py::test_a_client_that_is_not_admitted_hears_it_when_it_reads",
        "net/test_link.py::test_a_server_that_hangs_up_says_nothing",
    ),
}
