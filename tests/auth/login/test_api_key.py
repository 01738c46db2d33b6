"""An API key comes in: what its provider says of it decides whether it is kept."""

from __future__ import annotations

import pytest

from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.profile import ApiKey
from palyra_kernel.errors import ConflictError, InvalidInputError, UnavailableError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.login.stand import KEY, key_wanted, profile
from tests.auth.script import never, status


def add(stand, key=KEY, wanted=None, **more):
    return stand.logins.add_key(wanted or key_wanted(), SensitiveBytes(key.encode()), **more)


def test_a_good_key_is_kept(stand):
    """Tried, stored, and the default if that was asked for."""
    stand.vendor.keys.add(KEY)
    made = add(stand, wanted=key_wanted(default=True))
    assert made.checked
    with stand.auth.parts.tokens.value("key", "work") as kept:
        assert kept == KEY.encode()
    assert stand.secrets() == 1
    assert list(stand.auth.parts.chosen.read().defaults.values()) == ["work"]


@pytest.mark.parametrize(
    ("answer", "code", "raised"),
    [
        (401, "invalid_credential", InvalidInputError),
        (403, "invalid_credential", InvalidInputError),
        (429, "rate_limited", UnavailableError),
        (500, "provider_unavailable", UnavailableError),
        (502, "provider_unavailable", UnavailableError),
        (503, "provider_unavailable", UnavailableError),
        (504, "provider_unavailable", UnavailableError),
        (404, "unexpected_response", UnavailableError),
        (418, "unexpected_response", UnavailableError),
        (501, "unexpected_response", UnavailableError),
    ],
)
def test_a_key_that_does_not_pass_leaves_nothing(stand, answer, code, raised):
    """Hazard H41 of auth profiles: failed saves orphaned secrets; hazard H22: nothing is stored before it is known to
    fit."""
    stand.vendor.keys.add(KEY)
    stand.vendor.script(status(answer, b"the key sk-test is bad"), path="/models")
    with pytest.raises(raised) as refused:
        add(stand)
    assert refused.value.code == code
    assert "sk-test" not in f"{refused.value}{refused.value.hint}"
    assert "nothing was stored" in refused.value.hint
    assert stand.secrets() == 0
    assert not stand.auth.parts.registry.snapshot().profiles


def test_a_provider_that_does_not_answer(stand):
    """Within the deadline, and nothing is stored."""
    stand.vendor.script(never(), path="/models")
    with pytest.raises(UnavailableError) as refused:
        add(stand, deadline=Deadline.after(0.2))
    assert refused.value.code == "provider_unavailable"
    assert stand.secrets() == 0


def test_a_key_is_kept_untried_if_somebody_says_so(stand):
    """A machine without a network; and a profile whose provider nobody knows how to ask."""
    assert not add(stand, check=False).checked
    nobody = Wanted(profile=profile("other", ApiKey()).__class__(**_fields("other")))
    assert not add(stand, wanted=nobody).checked
    assert stand.secrets() == 2
    assert not stand.vendor.requests


def _fields(id):
    made = profile(id, ApiKey())
    return {name: getattr(made, name) for name in ("id", "provider", "name", "scope", "credential")}


@pytest.mark.parametrize("key", ["", "   ", "a b", "a\nb", "ké", "a" * 8193, "a\x00b", "a\x7f"])
def test_what_is_no_key_is_sent_to_nobody(stand, key):
    """What no header field carries, or two files in one paste."""
    with pytest.raises(InvalidInputError) as refused:
        add(stand, key)
    assert refused.value.code == "invalid_key"
    assert not stand.vendor.requests
    assert stand.secrets() == 0


@pytest.mark.parametrize("key", [f"{KEY}\n", f"  {KEY}\r\n", f"\t{KEY}\t"])
def test_white_space_around_a_key_is_none_of_it(stand, key):
    """A file ends with a line break."""
    stand.vendor.keys.add(KEY)
    add(stand, key)
    with stand.auth.parts.tokens.value("key", "work") as kept:
        assert kept == KEY.encode()


def test_a_profile_that_is_there_is_replaced_only_on_purpose(stand):
    """Hazard H20 of auth profiles: and nobody is asked about a key that could not be saved."""
    stand.vendor.keys.add(KEY)
    first = add(stand).profile
    asked = len(stand.vendor.requests)
    with pytest.raises(ConflictError) as refused:
        add(stand)
    assert refused.value.code == "profile_changed"
    assert len(stand.vendor.requests) == asked
    stand.clock.go(1)
    again = add(stand, wanted=Wanted(profile=first)).profile
    assert again.updated_at_ms > first.updated_at_ms
    assert stand.secrets() == 1


def test_a_login_is_no_key(stand):
    """Hazard H20 of auth profiles: another type of credential under the same name."""
    with pytest.raises(InvalidInputError) as refused:
        add(stand, wanted=stand.wanted())
    assert refused.value.code == "not_api_key"
