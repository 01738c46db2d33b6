"""Rows of auth profiles: the refresh engine, and the one way to a credential."""

_REFRESH = "auth/test_refresh.py"
_POLICY = "policy/test_defaults.py"

REFRESH: dict[str, tuple[str, ...]] = {
    # A copy from the start is used for ever.
    "auth H1": ("auth/test_one_way.py::test_a_process_that_lives_long_has_the_newest_token",),
    # One profile for each provider, and no rotation.
    "auth H2": (f"{_REFRESH}::test_three_keys_one_request",),
    # Tokens are renewed when somebody looks at their health.
    "auth H3": (f"{_REFRESH}::test_a_day_of_tokens_without_a_caller",),
    # A refused key comes back for ever.
    "auth H6": (f"{_REFRESH}::test_a_key_that_is_refused_twice_is_over",),
    # invalid_grant is retried for ever.
    "auth H7": (f"{_REFRESH}::test_invalid_grant_is_asked_once_in_thirty_days",),
    # Without an agent everybody's private profiles count.
    "auth H14": (f"{_POLICY}::test_a_profile_of_an_agent_or_workspace_is_for_nobody_else",),
    # Connecting one provider changes another.
    "auth H19": ("auth/test_one_way.py::test_another_provider_is_none_of_a_login",),
    # Waiters refresh again behind the winner.
    "auth H32": (f"{_REFRESH}::test_many_threads_make_one_refresh",),
    # A late reply overwrites a newer login.
    "auth H33": (f"{_REFRESH}::test_an_old_reply_does_not_replace_a_newer_login",),
    # A lost reply is a lost login that nobody hears of.
    "auth H37": (
        f"{_REFRESH}::test_a_reply_that_is_lost_is_told_and_the_grant_survives",
        f"{_REFRESH}::test_a_reply_that_is_lost_for_good_is_presented_once_more_and_never_again",
    ),
    # A good access token is thrown away because its successor did not come.
    "auth H38": (f"{_REFRESH}::test_what_a_server_answers_wrongly_is_tried_again_after_a_while",),
    # Whoever may change an endpoint has the refresh token sent there.
    "auth H48": (f"{_POLICY}::test_another_endpoint_for_a_credential_asks_a_human",),
    "auth I1": ("auth/test_one_way.py::test_nothing_else_opens_a_credential",),
    "auth I2": (
        f"{_REFRESH}::test_many_threads_make_one_refresh",
        f"{_REFRESH}::test_two_processes_make_one_refresh",
    ),
    "auth I3": (
        f"{_REFRESH}::test_an_intent_without_a_holder_makes_the_family_suspect",
        "auth/test_refresh_machine.py::test_a_login_survives_or_says_that_it_did_not",
    ),
    "auth I4": ("auth/test_refresh_machine.py::test_a_login_survives_or_says_that_it_did_not",),
    "auth I6": (
        f"{_REFRESH}::test_a_key_that_is_refused_twice_is_over",
        "auth/test_refresh_machine.py::test_a_login_survives_or_says_that_it_did_not",
    ),
}
