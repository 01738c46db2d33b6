"""Rows of identity that are of pairing: what goes on between a device and a gateway until there is a certificate."""

_M, _A, _S, _C, _T, _P = (
    f"identity/test_pairing{part}.py::test_"
    for part in ("_middle", "_attempts", "_states", "_codes", "_transcript", "")
)

PAIRING: dict[str, tuple[str, ...]] = {
    # The gateway made the keys, and gave them to whoever asked.
    "H2": (f"{_S}no_message_has_a_private_key", f"{_S}only_the_enrolled_key_picks_up"),
    # A million PINs, and nobody counted.
    "H3": (
        f"{_M}who_guesses_at_the_gateway_has_three_guesses_a_code",
        f"{_A}the_attempt_is_paid_before_the_share_leaves",
        f"{_A}runs_that_hang_at_once_share_one_count",
        f"{_A}the_count_survives_a_kill",
        f"{_A}thirty_failures_close_pins_until_somebody_opens_them",
        f"{_A}one_source_does_not_use_up_the_quota_of_another",
    ),
    # An error of its own for each kind of wrong.
    "H4": (f"{_A}every_refusal_is_the_same",),
    # The code travelled, and the proof was compared with itself.
    "H5": (
        f"{_M}a_thousand_runs_with_somebody_in_the_middle",
        f"{_M}who_plays_the_gateway_has_three_guesses_of_a_device",
        f"{_M}one_run_answers_one_guess",
        f"{_M}without_the_confirmation_somebody_wins",
        "identity/test_pairing_vectors.py::test_the_secret_is_in_no_message",
    ),
    # Without a file of the authority nobody knew the gateway.
    "H6": (
        f"{_P}from_a_code_to_a_certificate",
        f"{_M}another_certificate_in_between_is_noticed",
        f"{_M}another_authority_than_that_of_the_code_is_noticed",
    ),
    # Half of what was said was in the transcript, without lengths.
    "H7": (
        f"{_M}every_field_of_every_message_counts",
        f"{_T}every_field_is_in_it",
        f"{_T}a_byte_that_moves_to_a_neighbour_shows",
        f"{_T}each_use_has_a_key_of_its_own",
    ),
    # Points that everybody agrees on.
    "H8": (
        f"{_S}a_weak_share_is_refused",
        f"{_S}a_share_of_ones_own_is_refused_and_each_run_has_another",
    ),
    # Another key for a known device, unnoticed.
    "H9": (f"{_S}another_key_of_a_known_device_is_said_aloud",),
    # Revoked between the proof and the certificate.
    "H10": (
        f"{_S}a_device_that_is_revoked_meanwhile_gets_nothing",
        f"{_S}a_banned_device_proves_nothing",
    ),
    # Anybody burned the run of another, and runs were lost with the process.
    "H12": (
        f"{_S}a_run_of_another_is_left_alone",
        f"{_S}a_restart_in_the_middle_of_a_run_ends_it",
        f"{_A}the_count_survives_a_kill",
    ),
    # PINs that were not random, and replaced each other.
    "H13": (
        f"{_C}a_pin_is_uniform_over_all_drawings",
        f"{_C}a_million_mints_are_uniform",
        f"{_C}equal_secrets_under_two_ids_coexist",
    ),
    # Codes in clear.
    "H14": (f"{_C}a_list_shows_no_secret", f"{_C}no_file_holds_a_code"),
    # No guards between states.
    "H15": (
        f"{_S}every_state_and_event",
        f"{_S}after_the_deadline_nothing_happens_but_that",
        f"{_S}of_many_who_decide_one_wins",
        f"{_S}each_state_has_a_time",
    ),
    # Yes by default.
    "H16": (f"{_S}a_decision_is_about_one_transcript",),
}
