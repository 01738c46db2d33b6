"""Rows of auth profiles: hazards (H) of providers, as adapters know them."""

_AT_THE_VENDOR = "auth/test_adapters_at_the_vendor.py"
_OPENAI = "../plugins/oauth_openai/tests/test_openai.py"
_ANTHROPIC = "../plugins/provider_anthropic/tests/test_anthropic.py"

VENDORS: dict[str, tuple[str, ...]] = {
    # A token in the field for keys.
    "auth H8": (
        f"{_AT_THE_VENDOR}::test_what_arrives_with_a_key",
        f"{_OPENAI}::test_every_credential_is_a_bearer",
        f"{_ANTHROPIC}::test_a_key_has_its_own_field",
        f"{_ANTHROPIC}::test_a_token_is_never_sent_as_a_key",
    ),
    # Text outranks the status.
    "auth H30": (
        f"{_OPENAI}::test_the_readme_lists_every_code",
        f"{_ANTHROPIC}::test_the_readme_lists_every_type",
        f"{_OPENAI}::test_no_text_says_what_an_error_means",
        f"{_ANTHROPIC}::test_no_text_says_what_an_error_means",
    ),
    # Redirects are followed.
    "auth H47": (
        f"{_AT_THE_VENDOR}::test_a_redirect_takes_nothing_along",
        f"{_OPENAI}::test_the_hosts_are_two",
    ),
    # Bodies without a limit.
    "auth H55": (f"{_AT_THE_VENDOR}::test_trouble_is_a_failure_and_one_request",),
}
