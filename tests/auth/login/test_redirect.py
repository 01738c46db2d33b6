"""Reading a redirect: it is a stranger's until its state is known."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from palyra_kernel.auth.login.redirect import MAX_REDIRECT, parse_redirect
from palyra_kernel.errors import InvalidInputError

HOME = "http://127.0.0.1:7777/callback"


@pytest.mark.parametrize("begin", [f"{HOME}?", ""])
def test_what_a_redirect_says(begin):
    """The whole address from a browser or from a human, or its query."""
    found = parse_redirect(begin + "code=a%2Fb&state=s&iss=https%3A%2F%2Fauth.example.com&session_state=x")
    assert found.code == b"a/b"
    assert (found.state, found.iss, found.error) == ("s", "https://auth.example.com", "")


@pytest.mark.parametrize(
    "url",
    [
        *("", HOME, f"{HOME}?", f"{HOME}?code=a", f"{HOME}?state=&code=a", "what is this"),
        *(
            f"{HOME}?state=s&state=t&code=a",
            f"{HOME}?state=s&code=a&code=b",
            f"{HOME}?state=s&code=a&iss=x&iss=x",
        ),
        *(f"{HOME}#access_token=secret&state=s", f"{HOME}?state=s&code=a#", f"{HOME}?state=s&code=a\r\nx: y"),
        *(
            f"{HOME}?state=s&code=\x00",
            f"{HOME}?state=s&code=é",
            f"{HOME}?state=s&code=" + "a" * MAX_REDIRECT,
        ),
        f"{HOME}?state=s&" + "&".join(f"a{number}=1" for number in range(50)),
    ],
)
def test_what_is_no_redirect(url):
    """An address with a fragment was taken for an implicit grant elsewhere; a field twice means one thing here and
    another there. Nothing of it is quoted."""
    with pytest.raises(InvalidInputError) as refused:
        parse_redirect(url)
    assert refused.value.code == "bad_redirect"
    assert "secret" not in str(refused.value)


def test_an_error_comes_first():
    """A callback with an error and no code sent a request to the token endpoint elsewhere; beside one there is none."""
    found = parse_redirect(f"{HOME}?state=s&error=access_denied&error_description=go+away&code=a")
    assert (found.error, found.code) == ("access_denied", None)
    assert parse_redirect(f"{HOME}?state=s&error=%3Cscript%3E").error == "provider_error"
    assert parse_redirect(f"{HOME}?state=s&error=").error == "provider_error"


def test_a_code_is_not_shown():
    """Hazard H56 of auth profiles: a text form of a redirect has no code."""
    assert "code-canary" not in repr(parse_redirect(f"{HOME}?state=s&code=code-canary"))


@given(st.text(max_size=200))
@example("?state=s&code=%zz")
@example("http://[::1?state=s")
def test_whatever_comes_is_read_or_refused(text):
    """Nothing but our own error leaves the parser."""
    with suppress(InvalidInputError):
        assert parse_redirect(text).state
