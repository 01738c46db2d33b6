"""``docs/auth.md``: its session and program are run, and its numbers are the code's."""

from __future__ import annotations

import re
import sys

import pytest

from palyra_kernel.access.system import system_principal
from palyra_kernel.auth import choices, cooldowns, names, profile, refresh, registry, scheduler
from palyra_kernel.auth.explaining import _REASON
from palyra_kernel.auth.family import EXPIRING_MS
from palyra_kernel.auth.lifetime import due_ms
from palyra_kernel.auth.login import api_key, attempt, attempts, revocations
from palyra_kernel.auth.names import ProfileScope, Provider
from palyra_kernel.auth.profile import ApiKey, Profile
from palyra_kernel.auth.stages import Unfit
from palyra_kernel.auth.store import NewCredential
from palyra_kernel.cli.app import app
from palyra_kernel.plugins.manage import enable
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.docs.cli_table import commands
from tests.docs.pages import ROOT, blocks, page, section, table_rows
from tests.docs.sessions import normal, ran

PAGE = page("auth.md")
PLAIN = " ".join(PAGE.split())
_MINUTE = 60_000


@pytest.mark.skipif(sys.platform == "win32", reason="a session of a POSIX shell")
def test_the_session_is_what_happens(tmp_path):
    """Hazard U17: no documented example was ever run."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (shown,) = blocks(PAGE, "console")
    assert ran(shown, home) == normal(shown)


def test_the_program_runs(places, monkeypatch, capsys):
    with places.create() as kernel, kernel.session(system_principal()) as session:
        key = Profile(
            id="work",
            provider=Provider.parse("custom:acme"),
            name="Work",
            scope=ProfileScope.parse("global"),
            credential=ApiKey(),
        )
        session.auth.save(key, NewCredential(key=SensitiveBytes(b"acme-key-0123456789")))
    enable(places.config_dir, "file")
    monkeypatch.setenv("PALYRA_STATE_ROOT", str(places.state_root))
    monkeypatch.setenv("PALYRA_CONFIG_DIR", str(places.config_dir))
    (code,) = blocks(PAGE, "python")
    exec(code, {})  # the page's own
    assert capsys.readouterr().out == "work ['authorization'] rate_limit other\ncooldown_active\n"


def test_the_limits_are_those_of_the_code():
    said = {row[0]: row[1] for row in table_rows(section(PAGE, "## Limits"))}
    assert said["profiles in one vault"] == f"{registry.MAX_PROFILES:,}"
    assert said["the id of a profile, an agent, a workspace"].startswith(f"{names.MAX_ID_BYTES} of")
    assert said["the name of a profile; of a custom provider"] == (
        f"{names.MAX_NAME_BYTES} bytes; {names.MAX_PROVIDER_BYTES}"
    )
    assert said["scopes of a login; each; its client id"] == (
        f"{profile.MAX_SCOPES}; {profile.MAX_SCOPE_BYTES} bytes; {profile.MAX_CLIENT_ID_BYTES} bytes"
    )
    assert said["profiles in an order"] == f"{choices.MAX_ORDER:,}"
    assert said["a key"] == f"{api_key.MAX_KEY_BYTES:,} bytes"
    assert said["logins under way, and just over"] == f"{attempts.MAX_ATTEMPTS:,}"
    assert said["a login waits for its human"].startswith(f"{attempt.TTL_MS // _MINUTE} minutes")
    assert said["a login waits for its human"].endswith(f"up to {attempt.LONGEST_MS // _MINUTE}")
    assert said["a request to an issuer"] == f"{refresh.CALL_SECONDS:.0f} s"
    assert said["an intent to refresh"].startswith(f"{refresh.LEASE_MS // 1000} s")
    assert said["refreshes at a time in one process"] == str(scheduler.AT_ONCE)


def test_when_a_token_is_due_is_as_said():
    hour = 3_600_000
    assert due_ms(0, hour, 0.0) == 0.8 * hour
    assert due_ms(0, hour, 1.0) == pytest.approx(0.7 * hour)
    assert due_ms(0, 20 * _MINUTE, 0.0) == 15 * _MINUTE
    assert "at 80 % of its life, or five minutes before its end" in PLAIN
    assert f"`expiring` ({EXPIRING_MS // _MINUTE} minutes)" in PLAIN
    assert f"for {revocations.GIVEN_UP_MS // 86_400_000} days if need be" in PLAIN


_UNITS = {"s": 1, "minutes": 60, "hours": 3600}


def _seconds(cell: str) -> int:
    number, unit = cell.split()
    return int(number) * _UNITS[unit]


def test_the_rests_are_those_of_the_code():
    """Hazard H5 of auth profiles: there were two tables with different numbers, and neither was written down."""
    for row in table_rows(section(PAGE, "## When a call fails")):
        kind = row[0].strip("`")
        first, _, openai = row[2].partition("; OpenAI ")
        if kind == "refresh_failed":
            assert _seconds(first) * 1000 == cooldowns._OTHERS[0]
            assert [int(each) * 1000 for each in re.findall(r"\d+", openai)] == [
                cooldowns._BACKOFF[provider][0] for provider in ("openai", "anthropic")
            ]
        else:
            assert _seconds(first) * 1000 == cooldowns._BASE[kind]  # type: ignore[index]  # a kind
        most, _, other = row[3].partition("; OpenAI ")
        assert _seconds(most) * 1000 == cooldowns._MOST.get(kind, cooldowns._OTHERS[1])  # type: ignore[call-overload]
        assert ("OpenAI" in row[3]) == (kind not in cooldowns._MOST)
        if other:
            assert [int(each) * _MINUTE for each in re.findall(r"\d+", other)] == [
                cooldowns._BACKOFF[provider][1] for provider in ("openai", "anthropic")
            ]


def test_every_reason_is_explained():
    from typing import get_args

    said = set(re.findall(r"`(\w+)`", "".join(row[0] for row in table_rows(section(PAGE, "## Choose")))))
    assert said == {*get_args(Unfit), *_REASON.values()} - {"eligible", "no_provider"}


def test_every_verb_is_on_the_page():
    for path, _ in commands(app, "palyra"):
        if path.startswith("palyra auth"):
            assert re.search(rf"\b{path.split()[-1]}\b", PAGE), path


def test_every_difference_names_the_hazard_that_it_ends():
    """Each deviation from what is published has a reason, and a test that names it."""
    rows = table_rows(section(PAGE, "## Where this differs from the published formats"))
    assert len(rows) > 15
    named = {hazard for row in rows for hazard in re.findall(r"\bH\d+\b", row[-1])}
    assert all(re.search(r"\(H\d+", row[-1]) for row in rows)
    sources = [
        path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py") if "docs" not in path.parts
    ]
    tested = {
        hazard for text in sources if "auth profiles" in text for hazard in re.findall(r"\bH\d+\b", text)
    }
    assert named - tested == set()
