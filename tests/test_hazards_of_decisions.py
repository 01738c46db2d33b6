"""What has gone wrong elsewhere with decisions and approvals, and the test that shows that it does not go wrong here.

P is for policies, approvals, audit and redaction: a list of its own, not the P of ``test_hazards.py``. S is that of
``test_hazards.py``.
"""

from __future__ import annotations

import re

import pytest

from tests.test_hazards import TESTS, docstrings

_ROOM = "approvals"
PROVED: dict[str, tuple[str, ...]] = {
    # A no is thrown away.
    "P1": ("test_service.py::test_a_no_is_a_no",),
    # A tool runs while its approval is pending.
    "P2": ("test_states.py::test_a_request_waits_and_grants_nothing",),
    # The requester answers its own prompt; nobody knows who did.
    "P3": (
        "test_deciding.py::test_the_requester_does_not_decide",
        "test_deciding.py::test_nor_who_vouched_for_it",
        "test_deciding.py::test_nor_anybody_in_its_session",
        "test_deciding.py::test_what_is_kept_of_a_decision",
        "test_passphrase.py::test_a_decision_with_it",
        "test_commands.py::test_without_a_proof",
        "test_vault_lives.py::test_the_doctor_says_that_nobody_proves_anything",
    ),
    # A flag skips approvals.
    "P4": ("test_service.py::test_nothing_but_a_grant_opens",),
    # What was resolved is resolved again.
    "P5": (
        "test_states.py::test_decided_twice",
        "test_commands.py::test_decided_twice",
        "test_machine.py::test_the_table_names_every_state_and_nothing_leads_out_of_the_last",
    ),
    # A grant covers more than what was shown; the policies change under it.
    "P6": (
        "test_grants.py::test_a_grant_is_for_exactly_one_act",
        "test_grants.py::test_other_policies_need_another_answer",
        "test_asking.py::test_the_human_sees_the_arguments_that_count",
        "test_arguments.py::test_two_values_have_two_texts",
    ),
    # Some surfaces decide without an event.
    "P7": (
        "test_service.py::test_every_verb_is_asked_about_first",
        "test_service.py::test_what_is_refused_there_does_not_happen",
    ),
    # What is approved can never be used.
    "P8": ("test_commands.py::test_allowed_and_used",),
    # A human is asked in vain.
    "P15": (
        "test_grants.py::test_a_question_of_old_policies_is_not_asked_any_more",
        "test_commands.py::test_it_is_not_asked_for_in_vain",
    ),
    # Cut first, masked later.
    "P26": ("test_shown.py::test_secrets_are_masked_before_anything_is_cut",),
    # One grant, many uses; allow selected beforehand.
    "P27": (
        "test_states.py::test_allowed_once_used_once",
        "test_states.py::test_a_grant_is_taken_back",
        "test_states.py::test_a_later_no_takes_back_what_was_granted",
        "test_grants.py::test_fifty_threads_use_one_grant",
        "test_grants.py::test_ten_processes_use_one_grant_five_times_each",
        "test_commands.py::test_the_prompt_shows_everything_and_enter_denies",
    ),
    # Lost on a restart, dropped to make room.
    "P28": (
        "test_states.py::test_a_restart_changes_nothing",
        "test_states.py::test_a_denial_is_remembered_for_a_while",
        "test_states.py::test_too_many_requests_are_refused_and_none_is_dropped",
    ),
    # Pending for ever.
    "P29": (
        "test_states.py::test_decided_late",
        "test_states.py::test_what_expired_is_written_down_by_the_next_act",
        "test_waiting.py::test_time_ends_it_too",
    ),
    # No idempotency, no de-duplication, no version, no time to live.
    "P30": (
        "test_asking.py::test_an_equal_question_is_the_same_one",
        "test_asking.py::test_equal_questions_at_once_are_one",
        "test_asking.py::test_the_same_key_is_the_same_id",
        "test_asking.py::test_a_key_names_one_question",
        "test_states.py::test_a_timebox_needs_a_time",
    ),
    # Matched by the beginning of a name.
    "P32": ("test_grants.py::test_a_grant_is_for_exactly_one_act",),
    # A used grant is put back.
    "S3": ("test_asking.py::test_a_grant_that_was_put_back_is_found",),
    # An act and what is written down about it are two commits.
    "S14": (
        "test_asking.py::test_a_plan_changes_nothing_until_it_is_committed",
        "test_service.py::test_a_refusal_of_the_room_is_seen_there_too",
    ),
    # What needs an approval can never be read.
    "S18": (
        "test_states.py::test_allowed_once_used_once",
        "test_vault_lives.py::test_a_restored_vault_grants_nothing_of_before",
    ),
}


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / _ROOM / file)
        assert re.search(rf"\b{row}\b", documented[name]), f"{node} does not name {row}"
