"""When the quiet hours are, to the minute: over midnight, over the week, and where the clock is changed."""

import tomllib
from calendar import timegm
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_check_quiet_hours import QuietHours
from palyra_kernel import CheckPlace, Deadline, InvalidInputError
from palyra_kernel.testing import action_request

PRAGUE = "Europe/Prague"  # 2026: 02:00 -> 03:00 on 29 March, 03:00 -> 02:00 on 25 October
BASE = {"timezone": PRAGUE, "actions": ["vault.rekey"]}
wall = datetime.fromisoformat
README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def opened(**settings):
    return QuietHours.open(CheckPlace(settings={**BASE, **settings}))


def at(check, *utc, action="vault.rekey", **facts):
    """What the check says of a moment in UTC."""
    at_ms = timegm((*utc, 0, 0)[:6]) * 1000
    request = action_request(action=action, at_ms=at_ms, **facts)
    return check.objection(request, Deadline.after(30))


QUIET = "outside_working_hours"


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ((2026, 7, 1, 5, 59, 59), QUIET),
        ((2026, 7, 1, 6, 0, 0), None),
        ((2026, 7, 1, 15, 59, 59), None),
        ((2026, 7, 1, 16, 0, 0), QUIET),
        ((2026, 7, 4, 10, 0, 0), QUIET),  # a Saturday
        ((2026, 1, 7, 6, 30, 0), QUIET),  # in winter the same hour is another one in UTC
        ((2026, 1, 7, 7, 0, 0), None),
    ],
)
def test_working_hours_go_by_the_clock_on_the_wall(utc, expected):
    """Hours kept in UTC are wrong for half of the year."""
    assert at(opened(working_hours=["Mon-Fri 08:00-18:00"]), *utc) == expected


@pytest.mark.parametrize(
    ("utc", "expected"),
    [
        ((2026, 7, 3, 19, 59), QUIET),
        ((2026, 7, 3, 20, 0), None),  # Friday 22:00
        ((2026, 7, 4, 3, 59), None),  # Saturday 05:59
        ((2026, 7, 4, 4, 0), QUIET),
        ((2026, 7, 4, 20, 30), QUIET),  # Saturday evening is not Friday's
        ((2026, 7, 3, 3, 0), QUIET),  # nor is Friday morning
    ],
)
def test_hours_over_midnight_belong_to_the_day_they_begin(utc, expected):
    """22:00-06:00 compared as two numbers is never, or always."""
    assert at(opened(working_hours=["Fri 22:00-06:00"]), *utc) == expected


@pytest.mark.parametrize("days", ["Sat-Mon", "Sat,Sun,Mon", "Sun,Sat-Sun,Mon"])
def test_days_go_over_the_end_of_the_week(days):
    check = opened(working_hours=[f"{days} 00:00-24:00"])
    answers = [at(check, 2026, 7, day, 12, 0) for day in range(6, 13)]  # Monday to Sunday
    assert answers == [None, QUIET, QUIET, QUIET, QUIET, None, None]


def test_an_hour_that_comes_twice_counts_twice():
    """On 25 October 02:30 is 00:30 and 01:30 in UTC."""
    check = opened(working_hours=["Sun 02:15-02:45"])
    seen = [at(check, 2026, 10, 25, hour, minute) for hour in (0, 1) for minute in (0, 30, 50)]
    assert seen == [QUIET, None, QUIET, QUIET, None, QUIET]


def test_an_hour_that_never_comes_counts_never():
    """On 29 March the clock goes from 01:59 to 03:00."""
    check = opened(working_hours=["Sun 02:00-03:00"])
    assert [at(check, 2026, 3, 29, 0, 59), at(check, 2026, 3, 29, 1, 0)] == [QUIET, QUIET]
    over = opened(working_hours=["Sun 01:30-03:30"])
    assert [at(over, 2026, 3, 29, 0, 30), at(over, 2026, 3, 29, 1, 29), at(over, 2026, 3, 29, 1, 30)] == [
        None,
        None,
        QUIET,
    ]


def freeze(start, until, **settings):
    return opened(maintenance=[{"from": start, "until": until}], **settings)


def test_a_freeze_around_an_hour_that_comes_twice_is_the_longer_one():
    """A change freeze ended an hour early, because the library took the first of two 02:30."""
    check = freeze(wall("2026-10-25 02:15"), wall("2026-10-25 02:30"))
    assert at(check, 2026, 10, 25, 0, 14) is None
    assert at(check, 2026, 10, 25, 0, 15) == "maintenance"  # the first 02:15
    assert at(check, 2026, 10, 25, 1, 29) == "maintenance"
    assert at(check, 2026, 10, 25, 1, 30) is None  # the second 02:30


def test_a_freeze_that_begins_at_a_time_that_never_comes_is_the_longer_one():
    check = freeze(wall("2026-03-29 02:30"), wall("2026-03-29 04:00"))
    assert at(check, 2026, 3, 29, 0, 29) is None
    assert at(check, 2026, 3, 29, 0, 30) == "maintenance"
    assert at(check, 2026, 3, 29, 2, 0) is None
    ends = freeze(wall("2026-03-29 01:00"), wall("2026-03-29 02:30"))
    assert at(ends, 2026, 3, 29, 1, 29) == "maintenance"
    assert at(ends, 2026, 3, 29, 1, 30) is None


def test_a_freeze_with_offsets_is_just_that():
    zone = ZoneInfo("Asia/Tokyo")
    check = freeze(datetime(2026, 1, 1, 9, 0, tzinfo=zone), datetime(2026, 1, 1, 10, 0, tzinfo=UTC))
    assert [at(check, 2026, 1, 1, hour) for hour in (0, 9, 10)] == ["maintenance", "maintenance", None]


def test_a_freeze_counts_in_working_hours_too():
    check = freeze(wall("2026-07-01 00:00"), wall("2026-07-02 00:00"), working_hours=["Mon-Fri 08:00-18:00"])
    assert at(check, 2026, 7, 1, 9) == "maintenance"
    assert at(check, 2026, 7, 2, 9) is None


ZONES = [
    "Europe/Prague",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Tehran",
    "UTC",
]


@given(
    st.sampled_from(ZONES),
    st.datetimes(wall("2020-01-01 00:00"), wall("2030-01-01 00:00")),
    st.timedeltas(timedelta(minutes=1), timedelta(days=3)),
    st.timedeltas(timedelta(days=-1), timedelta(days=4)),
)
def test_no_moment_of_a_freeze_is_left_out(zone, start, length, after):
    """Whenever the clock on the wall reads a time of the freeze, it is one."""
    check = freeze(start, start + length, timezone=zone)
    now = (start + after).replace(tzinfo=UTC)
    reads = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if start <= reads < start + length:
        said = check.objection(
            action_request(action="vault.rekey", at_ms=int(now.timestamp() * 1000)), Deadline.after(30)
        )
        # Milliseconds are the grain of a request.
        assert said == "maintenance" or reads - start < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("pattern", "denied"),
    [
        ("vault.*", ["vault.rekey", "vault.gc", "vault.deep.down"]),
        ("vault.rekey", ["vault.rekey"]),
        ("*", ["vault.rekey", "vault.gc", "vault.deep.down", "vaults.list", "vault", "secret.read", "x"]),
    ],
)
def test_which_actions(pattern, denied):
    """Hazard P32: subjects were matched by their beginning, so one tool's rule was another's too."""
    check = opened(actions=[pattern], working_hours=["Mon 00:00-00:01"])
    every = ["vault.rekey", "vault.gc", "vault.deep.down", "vaults.list", "vault", "secret.read", "x"]
    assert [action for action in every if at(check, 2026, 7, 1, 9, action=action)] == denied


def test_an_exception_is_for_a_person_and_not_for_their_tools():
    """Hazard P17: whoever had the right name was not asked anything, nor was what ran in that name."""
    check = opened(**{"except": ["user:1000"]}, working_hours=["Mon 00:00-00:01"])
    night = (2026, 7, 1, 1)
    assert at(check, *night) is None
    assert at(check, *night, principal="user:10000") == QUIET
    assert at(check, *night, principal="agent:1000") == QUIET
    assert at(check, *night, tool="shell") == QUIET
    assert at(check, *night, skill="mail") == QUIET


@pytest.mark.parametrize("at_ms", [2**63 - 1, -(2**63), 253_402_300_800_000, -62_135_596_800_001])
def test_a_time_that_no_calendar_has_is_denied(at_ms):
    check = opened(working_hours=["Mon-Sun 00:00-24:00"])
    assert (
        check.objection(action_request(action="vault.rekey", at_ms=at_ms), Deadline.after(30))
        == "unknown_time"
    )


HOURS = {"working_hours": ["Mon-Fri 08:00-18:00"]}
NOON, ONE = wall("2026-07-01 12:00"), wall("2026-07-01 13:00")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {**HOURS, "actions": []},
        {**HOURS, "actions": None},
        {**HOURS, "actions": "vault.rekey"},
        {**HOURS, "actions": ["Vault.Rekey"]},
        {**HOURS, "actions": ["vault*"]},
        {**HOURS, "actions": [""]},
        {**HOURS, "timezone": None},
        {**HOURS, "timezone": ""},
        {**HOURS, "timezone": "Europe"},
        {**HOURS, "timezone": "Europe/Atlantis"},
        {**HOURS, "timezone": "../../etc/passwd"},
        {**HOURS, "timezone": "/etc/localtime"},
        {**HOURS, "timezone": "Europe/Prague\0"},
        {**HOURS, "except": ["1000"]},
        {**HOURS, "except": "user:1000"},
        {**HOURS, "hours": []},
        {"working_hours": []},
        {"working_hours": ["08:00-18:00"]},
        {"working_hours": ["mon 08:00-18:00"]},
        {"working_hours": ["Mon 8:00-18:00"]},
        {"working_hours": ["Mon 08:00-25:00"]},
        {"working_hours": ["Mon 24:00-25:00"]},
        {"working_hours": ["Mon 08:00-08:00"]},
        {"working_hours": ["Mon- 08:00-18:00"]},
        {"working_hours": [8]},
        {"working_hours": {"Mon": "08:00-18:00"}},
        {"maintenance": []},
        {"maintenance": [{"from": NOON}]},
        {"maintenance": [{"from": NOON, "until": NOON}]},
        {"maintenance": [{"from": ONE, "until": NOON}]},
        {"maintenance": [{"from": NOON, "until": ONE, "why": "x"}]},
        {"maintenance": [{"from": "2026-07-01 12:00", "until": ONE}]},
        {"maintenance": [{"from": NOON.date(), "until": ONE}]},
        {"maintenance": [{"from": wall("0001-01-01 00:00"), "until": ONE}]},
        {"maintenance": [[NOON, ONE]]},
    ],
    ids=str,
)
def test_settings_are_strict(settings):
    """Hazard U9: a freeze that was never understood looks like one that is in force."""
    with pytest.raises(InvalidInputError) as caught:
        opened(**settings)
    assert caught.value.code == "invalid_config"
    assert caught.value.hint


def test_the_example_of_the_page_opens():
    example = README.partition("```toml\n")[2].partition("```")[0]
    check = QuietHours.open(CheckPlace(settings=tomllib.loads(example)["checks"]["quiet_hours"]))
    who = {"principal": "user:1001"}
    assert at(check, 2026, 7, 1, 9, **who) is None
    assert at(check, 2026, 7, 1, 1, **who) == QUIET
    assert at(check, 2026, 12, 28, 9, **who) == "maintenance"


def test_the_page_names_every_reason():
    for reason in (QUIET, "maintenance", "unknown_time"):
        assert f"`policy.deny.check:quiet_hours:{reason}`" in README
