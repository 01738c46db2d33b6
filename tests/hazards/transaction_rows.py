"""Rows of what is decided about devices: approvals, verbs, events, and the lives of a gateway."""

_P = "session/test_pairing_approvals.py"
_V = "session/test_identity_verbs.py"
_E = "kernel/test_identity_events.py"
_L = "kernel/test_identity_lives.py"

DECIDED: dict[str, tuple[str, ...]] = {
    # Wrong PINs that nobody counted.
    "H3": (
        f"{_E}::test_a_wrong_pin_is_told_and_so_is_once_that_its_code_is_locked",
        f"{_E}::test_who_is_turned_away_by_a_limit_writes_nothing",
    ),
    # A key that is replaced without a word.
    "H9": (
        f"{_P}::test_other_keys_for_a_known_device_are_another_louder_question",
        "approvals/test_pairings_shown.py::test_another_key_for_a_known_device_is_said_aloud",
    ),
    # Revoked between proof and pickup.
    "H10": (
        f"{_P}::test_a_device_that_is_thrown_out_between_two_steps_is_out",
        f"{_P}::test_a_device_that_is_revoked_while_a_step_is_committed_is_out",
        f"{_P}::test_other_policies_between_approval_and_pickup_give_no_certificate",
    ),
    # Codes of anybody.
    "H14": (f"{_P}::test_who_may_not_pair_gets_no_further_than_the_proof",),
    # Two states of one decision.
    "H16": (
        f"{_P}::test_every_route_moves_approval_and_pairing_in_one_commit",
        f"{_P}::test_nothing_is_approved_by_default",
        f"{_P}::test_an_approval_that_ends_by_time_ends_its_pairing_in_the_same_commit",
        f"{_P}::test_an_approval_of_something_else_moves_no_pairing",
        f"{_L}::test_an_approval_of_another_life_approves_of_nothing",
        "policy/test_defaults.py::test_every_device_asks_a_human",
        "approvals/test_follow.py::test_what_cannot_be_followed_is_not_answered",
        "session/test_plans.py::test_a_human_is_asked_only_where_the_policies_want_one",
        "session/test_pairing_races.py::test_two_at_once_leave_one_answer",
    ),
    # Keys beside the data.
    "H35": (f"{_L}::test_the_keys_of_the_authority_move_with_the_vault",),
    # What a restore leaves of a device.
    "H17": (f"{_L}::test_a_restored_gateway_refuses_what_was_issued_in_the_life_that_was_lost",),
    # A fingerprint of long ago.
    "H18": (f"{_L}::test_verify_finds_a_certificate_that_stands_for_another_device",),
    # Key and certificate of the CA.
    "H20": (f"{_L}::test_verify_finds_what_is_wrong_with_an_identity",),
    # Keys of the vault out of the key of the CA.
    "H21": (
        f"{_L}::test_another_ca_opens_every_secret_and_another_key_of_the_vault_keeps_every_certificate",
    ),
    # Verbs without policy and without a trace.
    "H29": (
        f"{_V}::test_every_verb_is_denied_or_done_with_one_event",
        f"{_V}::test_an_emergency_is_one_event_and_every_key_before_is_gone",
        f"{_E}::test_the_life_of_a_device_is_told_event_by_event",
        f"{_E}::test_refusals_of_peers_are_told_as_far_as_anybody_reads_them",
        "docs/test_identity_events_page.py::test_every_event_of_devices_is_in_the_table",
    ),
    # Names on terminals.
    "H41": ("approvals/test_pairings_shown.py::test_what_is_compared_stands_first_and_nothing_hides",),
    # One list of revocations for several CAs.
    "H44": (f"{_V}::test_crls_are_signed_by_each_issuing_ca",),
}
