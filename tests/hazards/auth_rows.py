"""Rows of auth profiles: hazards (H) of logins and their use, and invariants (I) that close them."""

AUTH: dict[str, tuple[str, ...]] = {
    # One profile for a provider; what explains and what is used are two things.
    "auth H2": (
        "auth/test_rotation.py::test_a_call_ends_on_another_key_and_the_first_returns",
        "auth/test_turns.py::test_a_choice_is_always_one_that_can_be_used_and_what_the_explanation_said",
    ),
    # Failures are not written down.
    "auth H4": ("auth/test_runtime.py::test_a_failure_is_there_for_all_at_once",),
    # Two tables of cooldowns; Retry-After is not read.
    "auth H5": (
        "auth/test_cooldowns.py::test_the_backoff_of_refreshes",
        "auth/test_cooldowns.py::test_what_the_server_asked_for_is_honoured",
        "auth/test_cooldowns.py::test_explanation_and_gate_have_one_deadline",
    ),
    # States that cannot be reached; a refused key that comes back for ever.
    "auth H6": (
        "auth/test_turns.py::test_each_reason_and_state_can_be_reached",
        "auth/test_cooldowns.py::test_a_key_that_is_refused_twice_is_refused_for_good",
        "auth/test_runtime.py::test_a_static_key_that_is_refused_twice_is_reported",
        "auth/test_rotation.py::test_a_refused_key_is_not_called_for_a_month",
    ),
    # One default for everything.
    "auth H9": (
        "auth/test_choices.py::test_one_choice_leaves_the_others_as_they_are",
        "auth/test_layers.py::test_the_default_comes_before_its_layer",
    ),
    # Clearing leaves a gate behind.
    "auth H12": (
        "auth/test_cooldowns.py::test_clearing_leaves_nothing_behind",
        "auth/test_cooldowns.py::test_explanation_and_gate_have_one_deadline",
        "auth/test_runtime.py::test_clearing_is_for_all",
    ),
    # A shorter cooldown replaces a longer one.
    "auth H13": ("auth/test_cooldowns.py::test_no_failure_moves_a_deadline_nearer",),
    # Without an agent everybody's private profiles count.
    "auth H14": (
        "auth/test_layers.py::test_nobody_without_an_agent_sees_the_profiles_of_agents",
        "auth/test_choices.py::test_what_a_scope_cannot_choose",
        "auth/test_visibility.py::test_what_is_used_and_shown_is_global_or_ones_own",
    ),
    # Profiles of one name are one; a broken one hides a healthy one.
    "auth H15": (
        "auth/test_layers.py::test_a_profile_of_an_agent_that_cannot_be_used_hides_no_other",
        "auth/test_layers.py::test_profiles_of_one_name_are_as_many_as_there_are",
    ),
    # Deleted profiles in orders; no way to take an order back; no outer order for agents.
    "auth H16": (
        "auth/test_layers.py::test_members_that_are_gone_shorten_an_order_until_there_is_none",
        "auth/test_layers.py::test_an_order_whose_profiles_were_lost_otherwise_counts_no_more",
        "auth/test_layers.py::test_without_an_order_of_its_own_an_agent_has_the_outer_one",
        "auth/test_choices.py::test_an_order_can_be_taken_back",
    ),
    # Defaults that name what is gone.
    "auth H18": (
        "auth/test_choices.py::test_nothing_names_a_profile_that_is_gone",
        "auth/test_layers.py::test_a_default_that_is_gone_or_not_to_be_seen_chooses_nothing",
    ),
    # Parallel choices collide; a token that can be refreshed is not eligible.
    "auth H23": (
        "auth/test_turns.py::test_parallel_choices_share_alike",
        "auth/test_layers.py::test_a_token_that_must_be_refreshed_is_behind_its_equals_and_before_outer_layers",
        "auth/test_rotation.py::test_processes_that_make_one_call_each_share_alike",
    ),
    # Who failed together comes back together.
    "auth H29": ("auth/test_cooldowns.py::test_retries_do_not_come_back_together",),
    # Bad requests close the circuit, and everybody comes back at once.
    "auth H31": (
        "auth/test_cooldowns.py::test_bad_requests_open_nothing_and_a_provider_that_is_down_is_tried_by_one",
        "auth/test_runtime.py::test_one_of_fifty_callers_tries",
        "auth/test_turns.py::test_one_caller_tries_what_is_half_open",
        "auth/test_rotation.py::test_an_outage_of_the_provider_costs_few_calls_and_ends_by_itself",
    ),
    # Processes lose each other's updates.
    "auth H34": ("auth/test_runtime.py::test_failures_of_several_processes_all_count",),
    # What nobody needs stops the start.
    "auth H36": ("auth/test_runtime.py::test_a_damaged_state_begins_anew_and_that_is_told",),
    # Each success is a write.
    "auth H44": (
        "auth/test_runtime.py::test_a_thousand_successes_are_one_write_a_second",
        "auth/test_runtime.py::test_who_chooses_neither_writes_nor_waits_for_who_does",
    ),
    # Explaining writes.
    "auth H45": ("auth/test_turns.py::test_explaining_changes_nothing",),
    # A choice looks at everybody.
    "auth H46": (
        "auth/test_turns.py::test_policy_is_asked_for_the_best_alone",
        "auth/test_turns.py::test_a_choice_among_many_looks_at_few",
    ),
    # A provider of one's own with the name of a real one.
    "auth H60": ("auth/test_layers.py::test_selectors_that_mean_nothing",),
    # Cooldowns: the longest by reason, until what disproves it.
    "auth I5": (
        "auth/test_cooldowns.py::test_no_failure_moves_a_deadline_nearer",
        "auth/test_cooldowns.py::test_a_success_ends_what_it_disproves",
        "auth/test_cooldowns.py::test_a_call_that_began_before_the_failure_disproves_nothing",
    ),
    # What ends only by an operator or a login.
    "auth I6": ("auth/test_rotation.py::test_a_refused_key_is_not_called_for_a_month",),
    # What is damaged is told and rebuilt.
    "auth I10": (
        "auth/test_runtime.py::test_a_damaged_state_begins_anew_and_that_is_told",
        "auth/test_runtime.py::test_a_document_that_is_none",
    ),
    # Nobody's but the global profiles without a name.
    "auth I12": (
        "auth/test_layers.py::test_nobody_without_an_agent_sees_the_profiles_of_agents",
        "auth/test_layers.py::test_a_profile_of_others_is_not_to_be_had_by_its_name",
        "auth/test_visibility.py::test_what_is_used_and_shown_is_global_or_ones_own",
    ),
}
