"""Rows of the node at work: `palyra node run` at a gateway that is real."""

_N = "device/test_node.py"
_L = "device/test_listening.py"

NODE_RUN: dict[str, tuple[str, ...]] = {
    # A node never renewed, ended with its stream, and did not come back.
    "H19": (
        f"{_N}::test_a_new_certificate_is_asked_for_by_itself",
        f"{_N}::test_it_is_back_without_a_certificate",
        f"{_N}::test_it_is_back_behind_an_emergency",
        f"{_N}::test_who_is_not_let_in_any_more_stops",
    ),
    # The kind of a device.
    "H25": (f"{_N}::test_a_device_that_gives_work_takes_none",),
    # Whose work it is.
    "H26": (f"{_L}::test_the_lease_of_another_device_is_refused",),
    # Revoking a capability was cosmetic: the node refuses too.
    "H27": (
        f"{_N}::test_a_revoked_capability_is_refused_here_too",
        f"{_N}::test_what_cannot_be_had_is_not_asked_for",
    ),
    # What is done is written down, on the node too.
    "H29": (f"{_N}::test_what_the_machine_brings_is_lent",),
    # Work ran late, twice, or for nobody.
    "H30": (
        f"{_N}::test_what_is_called_off_stops",
        f"{_N}::test_what_waited_too_long_is_not_begun",
        f"{_N}::test_a_result_waits_for_the_gateway",
        f"{_N}::test_the_newest_process_runs_the_node",
        f"{_L}::test_a_lease_that_comes_twice_runs_once",
        f"{_L}::test_leases_that_the_gateway_does_not_know_of_are_called_off",
        "device/test_node_killed.py::test_nothing_runs_twice_whenever_it_is_killed",
    ),
    # The most that an answer may have.
    "H31": (f"{_N}::test_a_result_that_is_too_long_is_a_failure",),
    # A pairing that ends with work.
    "H42": (
        f"{_N}::test_a_lease_is_run_and_told",
        "docs/test_nodes_as_typed.py::test_a_laptop_lends_what_it_can_do",
    ),
}
