"""Rows of the operator's commands: codes, pairings, devices, the CA."""

_C = "cli/gateway/test_codes.py::test_"
_P = "cli/gateway/test_pairing.py::test_"
_D = "cli/gateway/test_devices.py::test_"
_A = "cli/gateway/test_ca.py::test_"
_V = "cli/gateway/test_views.py::test_"

GATEWAY_COMMANDS: dict[str, tuple[str, ...]] = {
    # Nobody compares anything.
    "H6": (f"{_P}other_words_let_nobody_in",),
    # Another key without a word.
    "H9": (
        f"{_P}everything_is_shown_before_it_is_approved",
        f"{_P}another_key_for_a_known_device_is_another_question",
        f"{_V}another_key_is_told_before_anything_else",
        f"{_V}what_is_compared_is_on_one_line_of_a_narrow_terminal",
    ),
    # Codes in lists, logs and files.
    "H14": (
        f"{_C}a_pin_is_alone_on_standard_output",
        f"{_C}no_list_and_no_file_shows_a_code",
        f"{_C}a_drawing_is_for_its_owner_alone",
        f"{_V}a_code_is_shown_without_what_is_secret",
    ),
    # No guards between states.
    "H15": (
        f"{_P}no_ends_it_everywhere",
        f"{_P}an_approved_one_is_cancelled",
        f"{_V}what_nobody_ended_in_time_is_expired",
    ),
    # Yes by default; a route past the approval.
    "H16": (
        f"{_P}enter_lets_nobody_in",
        f"{_P}without_a_passphrase_nobody_is_let_in",
        f"{_P}the_same_is_decided_by_approvals",
    ),
    # Rotation that bricks.
    "H17": (f"{_D}rotating_ends_nothing",),
    # A ban that goes with the device.
    "H18": (f"{_D}revoking_asks_and_shuts_out",),
    # Nobody renews, and nobody sees it.
    "H19": (f"{_A}the_servers_are_shown_with_their_hosts",),
    # A CA that cannot be rotated.
    "H20": (f"{_A}rotating_shuts_nobody_out", f"{_A}an_emergency_says_what_it_costs_and_asks"),
    # Free text.
    "H41": (
        f"{_V}what_others_wrote_of_a_pairing_reaches_no_terminal",
        f"{_V}what_operators_wrote_of_a_device_reaches_no_terminal",
    ),
    # CRLs that are over.
    "H44": (f"{_D}the_crl_has_what_was_revoked",),
}
