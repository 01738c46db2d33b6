"""Importing what use has shown, orders and defaults."""

import tomlkit

from palyra_kernel.records import Change
from tests.auth.documents.desk import document, key_row


def runtime(**lists):
    return tomlkit.dumps({"version": 1, **lists}).encode()


def record(id="main", **fields):
    return {"profile_id": id, "failure_count": 1, **fields}


def state(desk, id="main"):
    parts = desk.auth.parts
    return parts.states.read(id, parts.clock.now_ms())


def test_a_cooldown_from_elsewhere_holds_here(desk):
    """A profile that its provider throttles is not hammered because it moved."""
    now = desk.auth.parts.clock.now_ms()
    desk.take(
        document(key_row()),
        runtime(records=[record(cooldown_until_unix_ms=now + 50_000, last_failure_kind="quota")]),
    )
    assert state(desk).cooldowns["quota"].until_ms == now + 50_000
    assert desk.auth.health().profiles[0].eligibility in ("cooling_down", "missing_credential")


def test_no_document_brings_a_deadline_nearer(desk):
    """Hazard H13 and invariant I5 of auth profiles: a shorter cooldown replaced a longer one."""
    desk.take(document(key_row()))
    profile, now = desk.profiles["main"], desk.auth.parts.clock.now_ms()
    desk.auth.parts.states.failed("main", "quota", profile.provider, now_ms=now)
    until = state(desk).cooldowns["quota"].until_ms
    desk.take(None, runtime(records=[record(cooldown_until_unix_ms=now + 5, last_failure_kind="quota")]))
    assert state(desk).cooldowns["quota"].until_ms == until


def test_an_absurd_deadline_is_cut(desk):
    """Hazard H5 of auth profiles: garbage of a document locks nobody out for ever."""
    now = desk.auth.parts.clock.now_ms()
    until = 2**63 - 1
    desk.take(document(key_row()), runtime(records=[record(cooldown_until_unix_ms=until)]))
    assert state(desk).cooldowns["transient"].until_ms <= now + 25 * 3_600_000


def test_a_corrupt_document_is_reported_and_stops_nothing(desk):
    """Hazard H36 and invariant I10 of auth profiles: a corrupt disposable file stopped the start."""
    done = desk.take(document(key_row()), b"version = 1\n[[records]]\nprofile_id = 5\n[[records\n")
    assert [each.act for each in done] == ["add"]
    plan = desk.plan(None, b"version = 2\n")
    assert [problem.code for problem in plan.runtime.problems] == ["unsupported_version"]
    assert plan.empty


def test_one_bad_record_stops_no_other(desk):
    desk.take(document(key_row()))
    now = desk.auth.parts.clock.now_ms()
    good = record(cooldown_until_unix_ms=now + 50_000)
    plan = desk.plan(None, runtime(records=[{"x": 1}, good, record("gone")]))
    assert list(plan.runtime.states) == ["main"]
    assert sorted(problem.code for problem in plan.runtime.problems) == ["missing_field", "profile_missing"]


def test_orders_name_only_what_is_there(desk):
    """Hazard H16 of auth profiles: deleted ids stayed in orders and blocked everything."""
    orders = [
        {"scope": "global", "provider": "openai", "profile_ids": ["gone", "main", "MAIN"]},
        {"scope": "agent:bob", "provider": "openai", "profile_ids": ["gone"]},
        {"scope": "global", "profile_ids": ["main"]},
    ]
    defaults = [{"scope": "global", "provider": "openai", "profile_id": "gone"}]
    data = runtime(profile_orders=orders, profile_defaults=defaults)
    plan = desk.plan(document(key_row()), data)
    codes = sorted(problem.code for problem in plan.runtime.problems)
    assert codes == ["invalid_provider", "profile_missing", "profile_missing", "profile_missing"]
    desk.take(document(key_row()), data)
    choices = desk.choices.read()
    assert list(choices.orders.values()) == [("main",)]
    assert choices.defaults == {}


def test_a_lost_state_is_rebuilt_and_told(desk):
    """Hazard H36 and invariant I10 of auth profiles: corrupt runtime state is rebuilt, and doctor says so."""
    desk.take(document(key_row()))
    parts = desk.auth.parts
    key = parts.states._key("main")
    change = Change()
    change.put(key, b"not a state")
    parts.records.commit(change)
    health = desk.auth.health()
    assert dict(health.rebuilt) == {"main": "state_damaged"}
    assert "runtime_rebuilt" in {finding.code for finding in health.findings()}
    parts.states.clear("main")
    assert dict(desk.auth.health().rebuilt) == {}
