"""What has gone wrong elsewhere where decisions, acts, approvals and the log meet, and the test of a session that shows
that it does not go wrong here. P is of decisions, approvals, audit and redaction; each room proves its own part."""

from __future__ import annotations

import re

import pytest

from tests.hazards.audit_rows import AUDIT
from tests.policy.test_policy_hazards import PROVED as OF_POLICIES
from tests.test_hazards import TESTS, docstrings
from tests.test_hazards_of_decisions import PROVED as OF_APPROVALS

PROVED: dict[str, tuple[str, ...]] = {
    # A no is thrown away.
    "P1": ("session/test_approvals.py::test_pending_and_denied_are_no_permission",),
    # It runs while its approval is pending.
    "P2": (
        "session/test_approvals.py::test_pending_and_denied_are_no_permission",
        "session/test_approvals.py::test_every_way_to_the_value_uses_the_grant_up",
        "cli/test_as.py::test_run_as_an_agent_gives_a_program_only_what_the_agent_may_read",
    ),
    # The requester answers its own prompt.
    "P3": (
        "session/test_approvals.py::test_whoever_asks_does_not_answer",
        "session/test_approvals.py::test_who_works_alone_answers_for_a_tool_of_their_own_elsewhere",
        "session/test_approvals.py::test_where_two_are_to_agree_an_owner_does_not_answer_for_their_own_tool",
        "session/test_events.py::test_what_a_room_refuses_is_a_denial_and_durable",
        "cli/test_as.py::test_only_an_owner_vouches",
    ),
    # An act without a record of it.
    "P4": (
        "session/test_events.py::test_what_is_done_is_one_commit_with_its_event",
        "session/test_fails_closed.py::test_kill_9_leaves_an_event_where_there_is_a_change_and_nowhere_else",
    ),
    # What was resolved is resolved again.
    "P5": ("session/test_approvals.py::test_what_was_decided_stays",),
    # A grant covers more than what was shown; the policies change under it.
    "P6": (
        "session/test_approvals.py::test_a_grant_is_for_nothing_else",
        "session/test_approvals.py::test_a_grant_is_for_exactly_these_arguments",
        "session/test_approvals.py::test_a_value_that_was_approved_is_the_one_that_is_written",
        "session/test_approvals.py::test_a_grant_for_a_session_is_for_that_one",
        "session/test_approvals.py::test_a_grant_ends_with_the_policies_it_was_given_under",
        "session/test_approvals.py::test_a_principal_that_was_revoked_uses_no_grant",
        "session/test_at_once.py::test_who_is_revoked_between_decision_and_commit_does_nothing_more",
        "session/test_at_once.py::test_policies_that_change_between_decision_and_commit_count",
        "session/test_at_once.py::test_what_changes_and_leaves_the_answer_as_it_is_does_not_disturb",
    ),
    # Anybody may do anything to any secret.
    "P9": (
        "session/test_defaults.py::test_who_may_do_what",
        "session/test_defaults.py::test_a_scope_of_somebody_is_nobody_elses",
        "session/test_defaults.py::test_a_listing_of_everything_shows_what_may_be_listed",
        "session/test_at_once.py::test_sessions_of_many_threads_do_not_mix",
        "cli/test_principals.py::test_what_is_refused_changes_nothing",
        "cli/test_as.py::test_a_channel_has_its_own_scope_and_no_other",
        "cli/test_as.py::test_a_skill_has_its_own_scope",
        "cli/test_as.py::test_a_guest_does_nothing_and_every_try_is_in_the_log",
    ),
    # What the operator calls sensitive does not count for management, or can never be approved.
    "P10": ("session/test_approvals.py::test_every_sensitive_action_can_be_approved",),
    # What fails is believed.
    "P13": (
        "session/test_fails_closed.py::test_nothing_is_done_when_something_breaks",
        "session/test_fails_closed.py::test_a_check_that_breaks_objects",
        "session/test_defaults.py::test_a_session_of_nonsense_does_not_begin",
        "session/test_defaults.py::test_whatever_the_purpose_is_there_is_an_answer_and_an_event",
    ),
    # A human is asked in vain.
    "P15": ("session/test_approvals.py::test_nobody_is_asked_in_vain",),
    # What needs an approval can never be done.
    "P16": (
        "session/test_approvals.py::test_a_marked_secret_is_read_once_with_the_approval_of_the_owner",
        "session/test_approvals.py::test_every_sensitive_action_can_be_approved",
        "cli/test_as.py::test_an_agent_reads_with_the_capability_and_asks_for_what_is_marked",
    ),
    # What was decided is dropped on one surface, or for some names.
    "P17": (
        "session/test_defaults.py::test_a_rule_about_labels_holds_on_every_way_to_the_value",
        "session/test_lower_layers.py::test_no_name_is_more_than_a_name",
        "cli/test_as.py::test_nobody_that_is_known",
    ),
    # A lower layer overrules a higher one.
    "P18": (
        "session/test_lower_layers.py::test_a_session_layer_turns_no_refusal_into_an_allowance",
        "session/test_lower_layers.py::test_a_workspace_layer_turns_no_refusal_into_an_allowance",
        "session/test_lower_layers.py::test_what_a_session_forbids_holds_for_its_methods_and_for_no_other_session",
    ),
    # A store that is damaged lets everything through.
    "P19": (
        "session/test_fails_closed.py::test_a_read_that_cannot_be_counted_is_not_answered",
        "session/test_fails_closed.py::test_approvals_that_break_allow_nothing",
        "session/test_fails_closed.py::test_a_record_that_was_tampered_with_stops_everything",
        "session/test_fails_closed.py::test_what_breaks_once_in_the_thread_is_written_down_later",
    ),
    # A full log, and whoever fills it.
    "P22": (
        "session/test_fails_closed.py::test_a_full_disk_denies_what_cannot_be_written_down",
        "session/test_limits.py::test_a_flood_of_refusals_costs_no_commit_each",
        "session/test_limits.py::test_what_is_over_the_limit_is_not_even_decided",
    ),
    # Refusals, reads, grants and logins are in no log.
    "P23": (
        "session/test_events.py::test_what_is_refused_does_not_happen_and_is_durable_before_the_answer",
        "session/test_events.py::test_a_read_in_a_process_is_grouped_and_written_by_itself",
        "session/test_events.py::test_a_value_that_leaves_the_process_is_written_down_before",
        "session/test_events.py::test_a_process_that_ends_right_behind_a_value_leaves_the_event",
        "session/test_events.py::test_misses_and_failures_are_written_down",
        "session/test_events.py::test_an_act_that_fails_on_the_way_is_written_down",
        "session/test_defaults.py::test_whoever_may_list_nothing_is_refused_and_written_down",
        "session/test_at_once.py::test_denials_of_many_threads_are_all_written",
        "cli/test_principals.py::test_each_change_is_in_the_log_with_who_did_it",
        "cli/test_as.py::test_the_log_says_who_acted_and_who_vouched",
        "cli/test_as.py::test_a_guest_does_nothing_and_every_try_is_in_the_log",
    ),
    # What should be masked is not.
    "P24": ("session/test_events.py::test_no_event_has_a_value",),
    # What is around a secret is masked with it.
    "P25": ("redact/test_corpus.py::test_every_secret_is_masked_and_nothing_around_it",),
    # Cut first, masked later.
    "P26": ("session/test_approvals.py::test_a_prompt_has_the_arguments_and_no_secret",),
    # One grant, many uses.
    "P27": (
        "session/test_at_once.py::test_fifty_threads_and_one_grant",
        "session/test_at_once.py::test_fifty_uses_in_processes_and_one_grant",
        "session/test_at_once.py::test_a_grant_that_is_taken_back_between_decision_and_commit_is_not_used",
        "session/test_limits.py::test_threads_share_one_bucket",
    ),
    # Lost on a restart, or back from a backup.
    "P28": (
        "session/test_approvals.py::test_grants_and_requests_survive_a_restart",
        "session/test_approvals.py::test_a_grant_of_a_life_that_is_over_is_none",
    ),
    # Pending for ever.
    "P29": ("session/test_approvals.py::test_time_ends_a_request_and_a_grant",),
    # Asked without end.
    "P30": (
        "session/test_approvals.py::test_too_many_requests_of_one_principal",
        "session/test_limits.py::test_through_a_session",
        "session/test_limits.py::test_a_flood_of_questions_asks_no_human_twice",
    ),
    # Who speaks for whom is in no setting.
    "P33": ("cli/test_principals.py::test_a_service_speaks_for_channels_and_skills",),
    # Anybody may do anything to global secrets.
    "S13": ("docs/test_sessions_page.py::test_the_defaults_are_as_shown",),
    # A reveal that is always approved, as often as somebody likes.
    "S15": (
        "docs/test_readme.py::test_the_session_about_decisions",
        "session/test_limits.py::test_through_a_session",
    ),
    # What is bound to a run is bound to whoever names it.
    "S16": ("docs/test_sessions_page.py::test_the_defaults_are_as_shown",),
    # Some doors ask nobody and write nothing down.
    "S19": ("docs/test_sessions_page.py::test_what_opens_a_vault_acts_in_a_session_or_is_listed",),
}

WAITING = {
    "P31": "no tool is run yet, so none is classed as read-only",
}


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / file)
        assert re.search(rf"\b{row}\b", documented[name]), f"{node} does not name {row}"


def test_every_row_is_proved_somewhere():
    """A hazard that nobody wrote down is met again."""
    proved = {row for table in (PROVED, OF_POLICIES, OF_APPROVALS, AUDIT) for row in table if row[0] == "P"}
    assert proved.isdisjoint(WAITING)
    assert proved | WAITING.keys() == {f"P{number}" for number in range(1, 36)}


def test_every_row_of_secrets_that_is_of_decisions_is_proved_somewhere():
    """The rows that the table of secrets leaves to whoever decides, asks a human and writes down."""
    proved = {row for table in (PROVED, OF_APPROVALS, AUDIT) for row in table if row[0] == "S"}
    assert proved >= {f"S{number}" for number in (13, 14, 15, 16, 18, 19)}
