"""Rows of the audit log: S14, and P from 20 on, which are of what is written down of an act."""

AUDIT: dict[str, tuple[str, ...]] = {
    # The journal is written after the change, or not at all.
    "S14": (
        "records/test_journal.py::test_an_act_and_its_event_are_one_commit",
        "audit/test_in_a_vault.py::test_an_act_that_cannot_be_told_does_not_happen",
        "audit/test_no_room.py::test_a_disk_without_room_for_an_event",
        "audit/test_group.py::test_the_next_read_fails_until_the_last_ones_are_written_down",
    ),
    # A chain without a key, of fields joined by a sign, without number and time.
    "P20": (
        "audit/test_encoding.py::test_two_events_never_share_an_encoding",
        "audit/test_encoding.py::test_any_byte_that_is_changed_is_found",
        "audit/test_verify.py::test_every_column_of_every_event_counts",
        "audit/test_export.py::test_any_byte_that_is_changed_is_found",
    ),
    # Nobody can verify it.
    "P21": (
        "audit/test_verify.py::test_any_event_that_is_edited",
        "audit/test_verify.py::test_any_event_that_is_removed",
        "audit/test_verify.py::test_events_that_are_cut_off_at_the_end",
        "audit/test_verify.py::test_events_that_change_places",
        "audit/test_verify.py::test_an_event_that_is_added",
        "audit/test_verify.py::test_an_old_head_of_the_journal",
        "audit/test_export.py::test_lines_that_are_removed_moved_doubled_or_cut",
        "cli/test_audit_commands.py::test_verify_says_that_all_is_well_or_names_the_event",
    ),
    # It is full at 10,000 events, and counts them at each.
    "P22": (
        "audit/test_in_a_vault.py::test_no_number_of_events_is_too_many_and_none_costs_more",
        "audit/test_archive.py::test_the_chain_goes_on",
        "audit/test_archive.py::test_kill_9_at_any_moment",
        "audit/test_archive.py::test_a_disk_that_is_full_removes_nothing",
    ),
    # Cut first, masked then.
    "P26": ("audit/test_encoding.py::test_a_secret_across_the_cut_is_masked_whole",),
    # What should prove something is not signed.
    "P34": (
        "audit/test_export.py::test_any_byte_that_is_changed_is_found",
        "audit/test_export.py::test_a_forged_file_has_another_signer",
    ),
}  # fmt: skip
