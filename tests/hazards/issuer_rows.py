"""Rows of auth profiles, as a real issuer and processes that are killed show them: the others are beside."""

_LOGIN = "oidc/test_login.py"
_ADAPTER = "oidc/test_adapter.py"
_KILLS = "auth/races/test_kills.py"

_RACES = "auth/races/test_expiries.py"

ISSUER: dict[str, tuple[str, ...]] = {
    # Tokens are read once, at the start.
    "auth H1": (f"{_RACES}::test_a_newer_token_is_there_for_all_at_once",),
    # Nobody refreshes before it is needed.
    "auth H3": (f"{_RACES}::test_schedulers_and_callers_in_real_time",),
    # A login that is over is asked for again and again.
    "auth H6": (f"{_LOGIN}::test_a_refresh_token_that_a_thief_used_ends_the_login_and_is_told",),
    # A refusal for good looks like any other.
    "auth H7": (
        f"{_ADAPTER}::test_a_spent_refresh_token_is_told_from_a_server_in_trouble",
        f"{_LOGIN}::test_a_refresh_token_that_a_thief_used_ends_the_login_and_is_told",
    ),
    # Waiters refresh again.
    "auth H32": (
        "oidc/test_issuer.py::test_a_refresh_token_that_is_used_again_ends_all_of_its_family",
        f"{_RACES}::test_each_expiry_costs_one_refresh",
        f"{_RACES}::test_schedulers_and_callers_in_real_time",
        "auth/races/test_stops.py::test_a_process_that_was_taken_for_dead_sends_nothing_any_more",
    ),
    # Who was stopped goes on beside who took over.
    "auth H35": ("auth/races/test_stops.py::test_a_process_that_was_taken_for_dead_sends_nothing_any_more",),
    # A crash between answer and vault.
    "auth H37": (
        f"{_KILLS}::test_kill_9_in_a_refresh",
        f"{_ADAPTER}::test_a_reply_that_is_lost_was_sent_for",
    ),
    # A code that is exchanged twice.
    "auth H40": (f"{_LOGIN}::test_a_redirect_that_comes_again_does_not_cost_the_login",),
    # Secrets that stay after a logout, and tokens that go on working.
    "auth H41": (f"{_LOGIN}::test_logging_out_ends_both_tokens_at_the_issuer",),
    "auth H42": (f"{_LOGIN}::test_logging_out_ends_both_tokens_at_the_issuer",),
    # Whose redirect it is, and whose token, nobody checks.
    "auth H52": (
        f"{_LOGIN}::test_a_redirect_of_another_issuer_costs_no_code",
        f"{_LOGIN}::test_a_login_by_code_comes_back_to_this_machine_and_is_refreshed_from_then_on",
        f"{_ADAPTER}::test_an_address_that_is_nearly_its_own_is_another_issuer",
    ),
    # Every use reads the current version.
    "auth I1": (f"{_RACES}::test_a_newer_token_is_there_for_all_at_once",),
    # One refresh, whoever asks.
    "auth I2": (
        f"{_RACES}::test_each_expiry_costs_one_refresh",
        f"{_RACES}::test_schedulers_and_callers_in_real_time",
    ),
    # An intent before the call; what is suspect is probed once, never blindly repeated.
    "auth I3": (
        f"{_KILLS}::test_kill_9_in_a_refresh",
        f"{_KILLS}::test_kill_9_in_a_refresh_and_in_what_comes_after",
        f"{_KILLS}::test_kill_9_in_a_refresh_while_the_token_still_works",
    ),
}
