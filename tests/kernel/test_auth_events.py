"""Refreshes that nobody's session asked for stand in the audit log."""

import pytest
from msgspec.structs import replace

from palyra_kernel import UnavailableError
from palyra_kernel.access.system import system_principal
from palyra_kernel.audit import Audit
from palyra_kernel.auth.family import Intent
from palyra_kernel.kernel.auth_events import AuthEvents
from tests.auth.script import error
from tests.auth.vendor import Vendor
from tests.auth.world import auth_of, login, refresh_token
from tests.support import Places


@pytest.fixture
def vendor():
    with Vendor() as made:
        yield made


@pytest.fixture
def kernel(tmp_path):
    with Places(tmp_path).create() as made:
        yield made


def told(kernel):
    """What the log says of profiles."""
    events = [each.opened.event for each in kernel.audit.tail(100)]
    return [event for event in events if event.action.startswith("auth.")]


def test_a_refresh_is_written_down_by_the_system(kernel, vendor):
    """Every refresh is an event; nobody has to have asked."""
    login(kernel.auth, vendor)
    kernel.auth.refresh("main")
    (event,) = told(kernel)
    assert (event.action, event.outcome, event.code) == ("auth.token.refreshed", "allowed", "refreshed")
    assert (event.principal, event.resource) == (str(system_principal()), "profile:global/main")
    assert event.details == {"provider": "custom:vendor", "generation": "2"}
    text = str(event)
    assert refresh_token(kernel.auth) not in text


def test_a_failure_says_why_and_no_word_of_the_issuers(kernel, vendor):
    login(kernel.auth, vendor)
    vendor.script(error("invalid_grant"))
    kernel.auth.refresh("main")
    (event,) = told(kernel)
    assert (event.action, event.outcome, event.code) == ("auth.refresh.failed", "failed", "invalid_grant")
    assert event.details["terminal"] == "reauth_required"


def test_what_did_not_begin_is_no_event(kernel, vendor):
    """Only attempts are events: one that was skipped asked nobody."""
    login(kernel.auth, vendor)
    vendor.script(error("server_error", 500))
    kernel.auth.refresh("main")
    kernel.auth.scheduler.sweep()
    assert len(told(kernel)) == 1


def test_a_lost_refresh_is_reported_once(kernel, vendor):
    """Hazard H37 of auth profiles: what may be lost is said once, by whoever finds it."""
    auth = kernel.auth
    login(auth, vendor)
    now = auth.parts.clock.now_ms()
    dead = Intent(holder="dead", until_ms=now - 1, started_at_ms=now - 30_000)
    auth.parts.families.update("main", lambda seen: replace(seen, intent=dead))
    kernel.auth.refresh("main")
    kernel.auth.refresh("main")
    actions = [event.action for event in told(kernel)]
    assert actions.count("auth.refresh.suspect") == 1


def test_a_journal_that_is_down_gets_it_later_and_once(kernel, vendor, monkeypatch):
    """Hazard H43 of auth profiles: a journal fault was taken for a failed act, or the event was lost."""
    events = AuthEvents(lambda: kernel.audit)
    auth = auth_of(kernel, ended=events.tell)
    login(auth, vendor)

    def refuse(*_given, **_more):
        raise UnavailableError("disk_full", "no room")

    with monkeypatch.context() as broken:
        broken.setattr(Audit, "write", refuse)
        assert auth.refresh("main").outcome == "succeeded"
        assert (events.waiting, told(kernel)) == (1, [])
    auth.refresh("main")
    assert events.waiting == 0
    assert [event.details["generation"] for event in told(kernel)] == ["2", "3"]
    auth.close()
