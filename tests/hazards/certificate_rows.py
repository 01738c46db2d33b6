"""Rows of devices: hazards (H) of certificates and of the CA."""

_CA = "identity/ca"
_CERTIFICATES = "identity/certificates"

CERTIFICATES: dict[str, tuple[str, ...]] = {
    # Certificates of servers and devices are never renewed.
    "identity H19": (
        f"{_CA}/test_ninety_days.py::test_ninety_days",
        f"{_CA}/test_ninety_days.py::test_who_comes_back_after_an_emergency",
        f"{_CA}/test_servers.py::test_it_is_renewed_after_two_thirds",
        f"{_CERTIFICATES}/test_verifying.py::test_the_end_of_a_certificate",
    ),
    # One CA without limits, never rotated, never compared with its key; no allowance for clocks.
    "identity H20": (
        f"{_CERTIFICATES}/test_profiles.py::test_what_a_certificate_may_be_used_for",
        f"{_CERTIFICATES}/test_profiles.py::test_a_ca_out_of_date_signs_nothing",
        f"{_CERTIFICATES}/test_verifying.py::test_clocks_that_disagree",
        f"{_CA}/test_checking.py::test_a_key_that_is_not_the_one",
        f"{_CA}/test_checking.py::test_a_key_that_is_not_there",
        f"{_CA}/test_checking.py::test_a_ca_that_is_none",
        f"{_CA}/test_checking.py::test_a_ca_out_of_date",
        f"{_CA}/test_rotation.py::test_a_new_issuing_ca_overlaps_with_the_old",
    ),
    # The key of all secrets is derived from that of the CA.
    "identity H21": (f"{_CA}/test_rotation.py::test_secrets_do_not_hang_on_the_ca",),
    # Leaves that strict verifiers refuse; serial numbers from the key.
    "identity H22": (
        f"{_CERTIFICATES}/test_profiles.py::test_a_profile_has_exactly_these_extensions",
        f"{_CERTIFICATES}/test_profiles.py::test_serial_numbers_are_128_random_bits",
        f"{_CERTIFICATES}/test_profiles.py::test_openssl_takes_it_strictly",
        f"{_CERTIFICATES}/test_profiles.py::test_python_takes_both_ends_strictly",
    ),
    # Two writes for one act; memory ahead of the disk.
    "identity H33": (
        f"{_CA}/test_failing_writes.py::test_each_write_fails_in_turn",
        f"{_CA}/test_authority.py::test_what_is_not_committed_was_not_issued",
        f"{_CA}/test_rotation.py::test_somebody_was_first_while_the_step_was_planned",
    ),
    # A race at the first start; locks of the dead.
    "identity H34": (
        f"{_CA}/test_first_start.py::test_sixteen_processes_make_one_ca",
        f"{_CA}/test_first_start.py::test_killed_while_it_makes_one",
        f"{_CA}/test_authority.py::test_threads_that_all_are_first",
        f"{_CA}/test_rotation.py::test_two_processes_tend_at_once",
    ),
    # A device writes over the keys of a gateway.
    "identity H36": (
        f"{_CA}/test_authority.py::test_a_store_has_one_role",
        f"{_CA}/test_authority.py::test_two_roles_at_once",
    ),
}
