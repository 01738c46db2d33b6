"""Rows of devices: keys, certificates that stand for them, revocation."""

_D = "identity/devices"

DEVICES: dict[str, tuple[str, ...]] = {
    # Low-order points, weak keys.
    "H8": (
        "identity/test_keys.py::test_the_weak_points_are_fourteen_encodings",
        "identity/test_keys.py::test_a_weak_identity_key_is_refused_before_anything_is_verified",
        "identity/test_keys.py::test_an_identity_key_has_one_encoding",
        "identity/test_keys.py::test_a_low_order_agreement_key_is_refused",
        "identity/test_keys.py::test_an_agreement_on_zeros_is_an_error_of_ours",
    ),
    # A key that is never pinned.
    "H9": (
        f"{_D}/test_devices.py::test_another_key_takes_an_approval_that_shows_both",
        f"{_D}/test_devices.py::test_what_was_approved_is_what_happens",
        f"{_D}/test_devices.py::test_one_key_is_of_one_device",
    ),
    # Revoked between proof and pickup.
    "H10": (
        f"{_D}/test_devices.py::test_a_device_that_was_revoked_meanwhile_is_not_enrolled",
        f"{_D}/test_devices.py::test_no_step_survives_a_revocation_between_plan_and_commit",
        f"{_D}/test_devices.py::test_a_banned_key_comes_back_under_no_other_id",
        f"{_D}/test_machine.py::test_every_state_meets_every_event",
    ),
    # Replays.
    "H11": (
        f"{_D}/test_renewal.py::test_a_proof_counts_once",
        f"{_D}/test_renewal.py::test_clocks_may_differ_by_five_minutes",
        f"{_D}/test_renewal.py::test_a_challenge_is_for_one_device_and_five_minutes",
        f"{_D}/test_renewal.py::test_every_field_is_signed",
        f"{_D}/test_renewal.py::test_another_version_is_refused",
    ),
    # Rotation that bricks, and rotation at every start.
    "H17": (
        f"{_D}/test_devices.py::test_a_renewal_breaks_nothing_before_it_is_used",
        f"{_D}/test_devices.py::test_an_answer_that_was_lost_is_asked_for_again",
        f"{_D}/test_devices.py::test_a_restart_issues_nothing",
    ),
    # Fingerprints of long ago; a ban that is removed with the device.
    "H18": (
        f"{_D}/test_devices.py::test_only_what_is_current_or_in_grace_stands_for_a_device",
        f"{_D}/test_devices.py::test_all_certificates_of_a_revoked_device_are_on_the_list",
        f"{_D}/test_devices.py::test_removing_keeps_the_tombstone",
        f"{_D}/test_at_random.py::test_at_random",
        f"{_D}/test_kept.py::test_a_missing_line_of_the_list_is_seen",
        f"{_D}/test_kept.py::test_what_expired_is_forgotten_and_bans_stay",
    ),
    # Nobody renews.
    "H19": (
        f"{_D}/test_renewal.py::test_a_renewal_is_due_about_two_thirds_through",
        f"{_D}/test_renewal.py::test_ninety_days_of_renewals_by_the_rules",
        f"{_D}/test_renewal.py::test_a_device_that_was_away_comes_back",
        f"{_D}/test_renewal.py::test_who_was_away_too_long_pairs_again",
        f"{_D}/test_renewal.py::test_pauses_between_tries_grow_to_a_quarter_of_an_hour",
    ),
    # A copy of the list from the start of the process.
    "H23": (
        f"{_D}/test_processes.py::test_another_process_refuses_at_its_next_question",
        f"{_D}/test_processes.py::test_a_watch_tells_each_line_once",
        f"{_D}/test_processes.py::test_an_error_lets_nobody_in",
    ),
    # Kinds that nobody enforces.
    "H25": (
        f"{_D}/test_devices.py::test_a_device_keeps_its_kind",
        f"{_D}/test_devices.py::test_a_certificate_is_good_for_its_kind_alone",
    ),
    # Memory ahead of the disk.
    "H33": (
        f"{_D}/test_processes.py::test_after_a_failed_write_memory_is_what_is_stored",
        f"{_D}/test_processes.py::test_one_act_is_one_commit",
    ),
    # Other processes unseen; two winners.
    "H34": (
        f"{_D}/test_processes.py::test_another_process_refuses_at_its_next_question",
        f"{_D}/test_processes.py::test_thirty_two_racers_enrol_one_device",
        f"{_D}/test_machine.py::test_of_many_that_planned_the_same_step_one_wins",
        f"{_D}/test_kept.py::test_a_revocation_that_is_put_back_is_seen",
    ),
    # Lookups that parse everything.
    "H38": (f"{_D}/test_processes.py::test_a_lookup_does_no_work_where_nothing_changed",),
    # Free text.
    "H41": (
        f"{_D}/test_devices.py::test_a_reason_is_a_short_line",
        f"{_D}/test_devices.py::test_a_name_is_a_short_line",
    ),
    # CRLs that are over.
    "H44": (
        f"{_D}/test_crl.py::test_two_issuers_have_two_crls_for_ninety_days",
        f"{_D}/test_crl.py::test_python_refuses_the_revoked_and_nobody_else",
        f"{_D}/test_crl.py::test_when_it_is_signed_anew",
    ),
}
