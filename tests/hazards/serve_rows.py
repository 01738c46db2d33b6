"""Rows of the verbs behind each listener, of who may come there, and of the process itself."""

_S = "serve"

SERVE: dict[str, tuple[str, ...]] = {
    # Pairing on the listener that demands a certificate, and the switch that let it in.
    "H1": (
        f"{_S}/test_enrolment.py::test_a_device_pairs_by_six_messages",
        f"{_S}/test_enrolment.py::test_without_a_code_there_is_nothing_to_guess_at",
        f"{_S}/test_enrolment.py::test_no_other_door_is_behind_this_one",
        f"{_S}/test_work.py::test_no_other_door_is_behind_this_one",
        f"{_S}/test_health.py::test_no_other_door_is_behind_this_one",
        f"{_S}/test_remote.py::test_each_condition_stands_alone",
        f"{_S}/test_remote.py::test_nothing_in_the_file_turns_a_protection_off",
        f"{_S}/test_process.py::test_nobody_from_elsewhere_reaches_a_daemon_that_was_not_told_so",
        f"{_S}/test_guests.py::test_an_app_is_behind_its_own_door_alone",
        f"{_S}/test_guests.py::test_nobody_gets_to_an_app_who_was_not_let_in",
        "plugins/test_guard_guests.py::test_no_app_is_behind_a_door_where_strangers_come",
    ),
    # A poll that gave a key away.
    "H2": (f"{_S}/test_enrolment.py::test_no_message_of_a_gateway_has_a_private_key",),
    # Failures that nobody counted, limits that all shared.
    "H3": (
        f"{_S}/test_enrolment.py::test_three_failures_lock_a_code_on_this_route_too",
        f"{_S}/test_enrolment.py::test_one_source_cannot_use_up_the_challenges_of_another",
        f"{_S}/test_threads.py::test_a_pace_is_of_one_source",
    ),
    # An oracle.
    "H4": (
        f"{_S}/test_enrolment.py::test_every_refusal_of_a_pairing_is_one",
        f"{_S}/test_enrolment.py::test_a_wrong_pin_an_unknown_code_and_no_run_look_the_same",
    ),
    # More than one guess a run.
    "H5": (f"{_S}/test_enrolment.py::test_a_run_is_good_for_one_proof",),
    # A proxy in between.
    "H6": (f"{_S}/test_enrolment.py::test_a_gateway_with_another_certificate_is_noticed",),
    # Runs of others.
    "H12": (f"{_S}/test_enrolment.py::test_nobody_else_ends_a_run",),
    # Rotation that bricked.
    "H17": (f"{_S}/test_work.py::test_a_device_renews_with_a_key_of_its_own",),
    # Certificates that nobody renews.
    "H19": (
        f"{_S}/test_enrolment.py::test_who_was_away_for_a_month_comes_back",
        f"{_S}/test_doctor.py::test_a_ca_that_nobody_looked_after",
    ),
    # Clocks.
    "H20": (f"{_S}/test_doctor.py::test_a_clock_that_was_set_back",),
    # Verbs that nobody decided.
    "H29": (f"{_S}/test_operating.py::test_whoever_may_not_is_denied_and_that_is_written_down",),
    # News on heartbeats.
    "H31": (f"{_S}/test_work.py::test_a_stream_says_what_there_is_to_fetch",),
    # One peer that takes everything.
    "H39": (
        f"{_S}/test_work.py::test_a_device_has_a_few_streams_at_most",
        f"{_S}/test_threads.py::test_who_hangs_up_has_not_made_room_for_another",
    ),
    # A pairing on paper.
    "H42": (f"{_S}/test_whole.py::test_a_device_pairs_works_and_is_cut_off",),
    # A server that hides its peer, and headers that are believed.
    "H43": (
        f"{_S}/test_work.py::test_nobody_but_devices_is_answered",
        f"{_S}/test_enrolment.py::test_nothing_is_answered_without_tls",
    ),
}
