"""One normaliser of lifetimes, and one table of what servers say."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from palyra_kernel import SensitiveBytes
from palyra_kernel.auth.expiry import MOST_SECONDS, expires_at_ms
from palyra_kernel.auth.jwt_peek import claimed_end
from palyra_kernel.contracts.oauth import TokenReply

NOW = 1_800_000_000_000
MOST = NOW + MOST_SECONDS * 1000
USUAL = NOW + 3600_000


def jwt(payload: bytes) -> bytes:
    """A token that says *payload*, signed by nobody."""
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (b"{}", payload, b"signature"))


def ends(said=None, token=b"opaque", *, skew=None, lifetime=3600):
    reply = TokenReply(access_token=SensitiveBytes(token), expires_in=said, clock_skew=skew)
    return expires_at_ms(reply, now_ms=NOW, default_lifetime=lifetime)


TABLE = [
    (120, NOW + 120_000),
    ("120", NOW + 120_000),
    (120.0, NOW + 120_000),
    (1, NOW + 1000),
    (1_800_000_600, NOW + 600_000),
    ("1800000600", NOW + 600_000),
    (1.8000006e9, NOW + 600_000),
    (1_800_000_600_000, NOW + 600_000),
    ("1800000600000", NOW + 600_000),
    (999_999_999, MOST),  # the last number that is a duration
    (10**12 - 1, MOST),  # the last one in seconds
    (10**15 - 1, MOST),  # the last one at all
    (4_000_000_000, MOST),
    (1_000_000_000, USUAL),  # 2001
    (1_800_000_000, USUAL),  # this very moment
    (10**12, USUAL),
    (10**15, USUAL),
    (0, USUAL),
    ("0", USUAL),
    (-1, USUAL),
    ("-1", USUAL),
    (12.5, USUAL),
    ("12.5", USUAL),
    ("1h", USUAL),
    ("", USUAL),
    (" 120", USUAL),
    ("+120", USUAL),
    ("1_000", USUAL),
    ("१२०", USUAL),  # digits, but no ASCII
    (10**30, USUAL),
    ("9" * 5000, USUAL),
    (1e400, USUAL),
    (float("nan"), USUAL),
    (True, USUAL),
    (None, USUAL),
    ([120], USUAL),
    ({"seconds": 120}, USUAL),
]


@pytest.mark.parametrize(("said", "end"), TABLE, ids=lambda each: str(each)[:24])
def test_what_servers_say(said, end):
    """Invariant I13, hazards H10 and H11 of auth profiles: an absolute time was read as seconds on refresh and not at
    login (about the year 55,900), a text failed at login and not on refresh, and a reply that said nothing kept the
    old token's end."""
    assert ends(said) == end


@pytest.mark.parametrize(("said", "end"), TABLE, ids=lambda each: str(each)[:24])
def test_a_jwt_speaks_where_the_reply_says_nothing(said, end):
    """Invariant I13 of auth profiles: first the reply, then the token, then the provider's usual."""
    token = jwt(b'{"exp": 1800000077}')
    assert ends(said, token) == (NOW + 77_000 if end == USUAL else end)


@pytest.mark.parametrize(
    ("payload", "end"),
    [
        (b'{"exp": 1800000077, "iat": 1}', NOW + 77_000),
        (b'{"exp": 1800000077.9}', NOW + 77_000),
        (b'{"exp": 1e11}', MOST),
        (b'{"exp": 1000000000}', USUAL),
        (b'{"exp": 1800000077000}', USUAL),  # milliseconds, which the standard does not know
        (b'{"exp": -5}', USUAL),
        (b'{"exp": 1e400}', USUAL),
        (b'{"exp": ' + b"9" * 5000 + b"}", USUAL),
        (b'{"exp": "1800000077"}', USUAL),
        (b'{"exp": true}', USUAL),
        (b'{"exp": null}', USUAL),
        (b"{}", USUAL),
        (b"[1800000077]", USUAL),
        (b"[" * 50_000, USUAL),
        (b'{"exp"', USUAL),
        (b"\xff\xfe", USUAL),
    ],
)
def test_what_tokens_say(payload, end):
    """Invariant I13 of auth profiles: nothing is verified, so nothing that a token says may stop a login or fool the
    clock."""
    assert ends(None, jwt(payload)) == end


@pytest.mark.parametrize("token", [b"a.b", b"a.b.c.d.e", b"..", b"a.%%%.c", b"a.b.c", b"\xff.\xff.\xff"])
def test_what_is_no_jwt_says_nothing(token):
    assert claimed_end(SensitiveBytes(token)) is None


def test_points_in_time_are_by_the_servers_clock():
    """Invariant I13 of auth profiles: a server whose clock is an hour ahead made tokens that lived an hour too long,
    by ours."""
    assert ends(1_800_004_200, skew=3600.0) == NOW + 600_000
    assert ends(1_799_997_000, skew=-3600.0) == NOW + 600_000
    assert ends(None, jwt(b'{"exp": 1800004200}'), skew=3600.0) == NOW + 600_000
    assert ends(120, skew=3600.0) == NOW + 120_000, "a duration needs no clock"


@pytest.mark.parametrize("skew", [float("nan"), float("inf"), 1e308])
def test_a_skew_that_is_none_moves_nothing(skew):
    assert ends(1_800_000_600, skew=skew) == NOW + 600_000


@pytest.mark.parametrize(
    ("lifetime", "end"),
    [(60, NOW + 60_000), (10**9, MOST), (0, USUAL), (-3, USUAL)],
)
def test_the_providers_usual_lifetime(lifetime, end):
    assert ends(None, lifetime=lifetime) == end


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(said=anything, exp=anything, skew=st.none() | st.floats(), lifetime=st.integers())
@example(said=10**400, exp=10**400, skew=1e308, lifetime=10**400)
def test_whatever_is_said_the_end_lies_ahead_and_not_too_far(said, exp, skew, lifetime):
    """Invariant I13 and hazard H10 of auth profiles: the clamp of 400 days, and never the past: 100 sweeps of a dead
    token made 100 calls."""
    try:
        token = jwt(json.dumps({"exp": exp}).encode())
    except ValueError:
        token = b"opaque"
    assert NOW < ends(said, token, skew=skew, lifetime=lifetime) <= MOST
