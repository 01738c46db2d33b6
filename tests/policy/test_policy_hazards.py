"""What has gone wrong elsewhere with policies, and the test that shows that it does not go wrong here.

P is of decisions, approvals, audit and redaction; the rows of the others are proved in their rooms. C is of the library
that evaluates: what it was seen to do.
"""

from __future__ import annotations

import re

import pytest

from tests.test_hazards import TESTS, docstrings

PROVED: dict[str, tuple[str, ...]] = {
    # Anybody may do anything to any secret.
    "P9": ("policy/test_defaults.py::test_a_scope_belongs_to_one_principal",),
    # What the operator calls sensitive does not count for management.
    "P10": ("policy/test_tools.py::test_sensitive_actions_ask_on_every_surface",),
    # A table of booleans; the logic is in the host, and nobody can write rules.
    "P11": ("policy/test_tools.py::test_changing_only_the_bundle_flips_decisions",),
    # Rules have numbers for names.
    "P12": (
        "policy/test_rules.py::test_texts_that_do_not_load",
        "policy/test_explain.py::test_rules_have_their_names",
        "cli/test_policy_commands.py::test_explain_names_rules_grants_and_the_bundle",
    ),
    # A rule that fails is skipped, and the answer is believed.
    "P13": (
        "policy/test_fails_closed.py::test_only_a_clean_allow_allows",
        "policy/test_fails_closed.py::test_a_forbid_that_errors_denies",
        "policy/test_fails_closed.py::test_without_any_one_fact_nothing_is_allowed",
    ),
    # Every denial says that an approval helps; codes are parsed from sentences.
    "P14": ("policy/test_approvals.py::test_codes_do_not_come_from_texts",),
    # A human is asked in vain.
    "P15": (
        "policy/test_tools.py::test_nobody_is_asked_in_vain",
        "policy/test_approvals.py::test_an_approval_that_would_not_help_is_not_asked_for",
    ),
    # What needs an approval can never get one.
    "P16": ("policy/test_tools.py::test_sensitive_actions_ask_on_every_surface",),
    # A name is above the rules.
    "P17": ("policy/test_fails_closed.py::test_no_name_is_above_the_rules",),
    # A lower layer loosens.
    "P18": (
        "policy/test_layers.py::test_a_lower_layer_never_loosens",
        "policy/test_layers.py::test_organisation_disabled_wins_over_everything_below",
    ),
    # What does not load leaves everything open; a read writes.
    "P19": (
        "policy/test_store.py::test_what_does_not_load_stops_an_opening_process_and_keeps_a_running_one",
        "policy/test_store.py::test_what_is_applied_is_in_force_everywhere",
    ),
    # Names are matched by their beginnings.
    "P32": (
        "policy/test_defaults.py::test_near_misses_of_actions_are_unknown",
        "policy/test_tools.py::test_only_listed_tools_run",
    ),
    # Explained by other rules than those in force; lists that nobody can set.
    "P33": (
        "policy/test_explain.py::test_it_says_by_which_bundle",
        "policy/test_tools.py::test_who_may_run_tools_can_be_listed",
        "cli/test_policy_commands.py::test_show_names_every_rule_and_every_list",
    ),
    # Only a denial that no rule looks at is measured.
    "P35": ("policy/test_policy_hazards.py::test_what_is_measured_is_what_is_allowed",),
    # A forbid that errors is skipped.
    "C1": ("policy/test_fails_closed.py::test_a_forbid_that_errors_denies",),
    # Rules and entities are not compared with the schema unless somebody asks for it.
    "C2": (
        "policy/test_rules.py::test_texts_that_do_not_load",
        "policy/test_fails_closed.py::test_the_schema_fits_every_request_that_is_made",
    ),
    # An unknown principal is no error.
    "C3": ("policy/test_fails_closed.py::test_who_is_not_known_is_denied",),
    # What is malformed does not raise: it is no decision.
    "C4": ("policy/test_fails_closed.py::test_only_a_clean_allow_allows",),
    # And some of it raises.
    "C5": ("policy/test_fails_closed.py::test_every_exception_of_the_library_denies",),
    # Floats, null and large numbers have no answer.
    "C6": ("policy/test_fails_closed.py::test_fields_of_a_wrong_type_deny",),
    # Messages quote the request.
    "C7": ("policy/test_fails_closed.py::test_every_exception_of_the_library_denies",),
    # Deep nesting ends the process.
    "C8": (
        "policy/test_bounds.py::test_the_parser_never_sees_what_nests_too_deep",
        "policy/test_bounds.py::test_five_thousand_brackets_in_another_process",
    ),
}


@pytest.mark.parametrize("row", PROVED)
def test_the_row_is_named_by_its_test(row):
    """A test that was renamed, or that came to mean something else, proves nothing of the row any more."""
    for node in PROVED[row]:
        file, _, name = node.partition("::")
        documented = docstrings(TESTS / file)
        assert re.search(rf"\b{row}\b", documented[name]), f"{node} does not name {row}"


def test_every_row_of_policies_and_of_the_library_is_here():
    """A hazard that nobody wrote down is met again."""
    assert {row for row in PROVED if row[0] == "P"} == {f"P{n}" for n in (*range(9, 20), 32, 33, 35)}
    assert {row for row in PROVED if row[0] == "C"} == {f"C{n}" for n in range(1, 9)}


@pytest.mark.parametrize("rules", [10, 1_000])
def test_what_is_measured_is_what_is_allowed(rules):
    """Hazard P35: one benchmark measured the quickest answer there is, a denial that no rule looks at."""
    from benchmarks import policy as measured
    from palyra_kernel.policy.engine import PolicyEngine
    from palyra_kernel.values.decisions import Allow

    engine = PolicyEngine(measured.bundle(rules))
    request = measured._request("own")
    assert type(engine.decide(request, measured._OWNER)) is Allow
    own = [rule for rule in engine.bundle.rules if rule.layer == "organisation"]
    assert len(own) == rules
    assert sum(rule.actions is None for rule in own) == (
        measured.UNSCOPED if rules > measured.UNSCOPED else 1
    )
