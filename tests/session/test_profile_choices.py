"""Orders, defaults and switches of profiles, through a session."""

import threading

import pytest
from msgspec.structs import replace

from palyra_kernel import ConflictError, DeniedError, InvalidInputError, NotFoundError, UnavailableError
from palyra_kernel.auth.names import ProfileScope, Provider
from palyra_kernel.records import Records
from tests.auth.world import keyed
from tests.session.house import ME, NOBODY, answer

OPENAI = Provider("openai")


@pytest.fixture
def choices(house):
    auth = house.kernel.auth
    for name in ("one", "two", "three"):
        keyed(auth, f"sk-{name}", name, provider="openai")
    keyed(auth, "sk-b", "bobs", provider="openai", scope="agent:bob")
    keyed(auth, "sk-c", "claude", provider="anthropic")
    with house.session() as session:
        yield session.auth.choices


def picked(house, selector="openai", **more):
    return house.kernel.auth.explain(selector, **more).selected_profile_id


def test_each_provider_and_agent_has_its_own_default(house, choices):
    """Hazard H9 of auth profiles: there was one default for everything."""
    choices.use("two")
    choices.use("claude")
    choices.use("one", scope="agent:bob")
    before = choices.read()
    assert before.defaults == {
        (ProfileScope("global"), OPENAI): "two",
        (ProfileScope("global"), Provider("anthropic")): "claude",
        (ProfileScope("agent", "bob"), OPENAI): "one",
    }
    assert [picked(house), picked(house, "anthropic"), picked(house, agent="bob")] == ["two", "claude", "one"]
    choices.use("three")
    after = choices.read()
    changed = {place for place in before.defaults if before.defaults[place] != after.defaults[place]}
    assert changed == {(ProfileScope("global"), OPENAI)}
    choices.unuse("openai")
    assert (ProfileScope("global"), OPENAI) not in choices.read().defaults


def test_fifty_defaults_at_once_are_all_there(house, choices):
    """Hazard H43 of auth profiles: choosing a default was a read and a write without a lock."""
    failures: list[BaseException] = []

    def choose(number):
        try:
            choices.use("one", scope=f"workspace:w{number}")
        except BaseException as error:  # noqa: BLE001  # told below
            failures.append(error)

    threads = [threading.Thread(target=choose, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(choices.read().defaults) == 50
    acts = [event.details.get("act") for event in house.events()]
    assert acts.count("auth.profile.default_selected") == 50


def test_a_change_and_its_event_are_one(house, choices, monkeypatch):
    """Hazard H43 of auth profiles: a journal that failed after the commit was reported as a failure. Here neither
    happens without the other."""

    def refuse(*_given):
        raise UnavailableError("disk_full", "no room")

    with monkeypatch.context() as broken:
        broken.setattr(Records, "commit", refuse)
        assert answer(choices.use, "one") == "disk_full"
    assert choices.read().defaults == {}
    choices.use("one")
    acts = [event.details.get("act") for event in house.events() if event.outcome == "allowed"]
    assert acts.count("auth.profile.default_selected") == 1


def test_an_order_is_an_allow_list_and_can_go(house, choices):
    """Hazard H16 of auth profiles: orders could not be removed, and an agent's had no global fallback."""
    choices.order("openai", ["three", "one", "THREE"])
    assert choices.read().orders == {(ProfileScope("global"), OPENAI): ("three", "one")}
    assert picked(house) == "three"
    assert picked(house, agent="bob") == "three"
    choices.order("openai", ["bobs"], scope="agent:bob")
    assert picked(house, agent="bob") == "bobs"
    choices.order("openai", [], scope="agent:bob")
    choices.order("openai", [])
    assert choices.read().orders == {}
    acts = [event.details.get("act") for event in house.events()]
    assert acts.count("auth.profile.order_set") == 4


def test_what_cannot_be_chosen_is_refused(choices):
    """Hazard H16 of auth profiles: ids of nobody, of another provider, and of somebody else's scope."""
    with pytest.raises(NotFoundError):
        choices.order("openai", ["gone"])
    with pytest.raises(InvalidInputError):
        choices.order("openai", ["claude"])
    with pytest.raises(NotFoundError):
        choices.order("openai", ["bobs"])
    with pytest.raises(NotFoundError):
        choices.use("bobs", scope="agent:eve")
    assert choices.read().orders == {}


def test_clearing_resets_every_layer(house, choices):
    """Hazard H12 of auth profiles: the gate of refreshes stayed, and brought the cooldown back."""
    auth = house.kernel.auth
    parts, now = auth.parts, auth.parts.clock.now_ms()
    for kind in ("quota", "rate_limit", "refresh_failed"):
        parts.states.failed("one", kind, OPENAI, now_ms=now)
    parts.families.update("one", lambda seen: replace(seen, gate_ms=now + 10**7, refresh_failures=4))
    choices.clear("one")
    family = parts.families.read("one")[1]
    assert (family.gate_ms, family.refresh_failures) == (0, 0)
    assert parts.states.read("one", now).cooldowns == {}
    (candidate,) = auth.explain("one").candidates
    assert candidate.reason_code == "eligible"
    assert house.events()[-1].details == {"act": "auth.profile.cooldown_cleared"}


def test_a_disabled_profile_is_used_for_nothing(house, choices):
    """Invariant I6 of auth profiles: `disabled` stays until an operator ends it."""
    choices.disable("one")
    assert answer(house.kernel.auth.get_token, "one") == "disabled"
    choices.disable("one")
    choices.enable("one")
    with house.kernel.auth.get_token("one")._value as value:
        assert value.reveal() == b"sk-one"


def test_what_ended_is_not_enabled(house, choices):
    """Invariant I6 of auth profiles: only a login begins it anew."""
    families = house.kernel.auth.parts.families
    families.update("one", lambda seen: replace(seen, terminal="reauth_required", terminal_code="rejected"))
    for act in (choices.enable, choices.disable):
        with pytest.raises(ConflictError) as refused:
            act("one")
        assert refused.value.code == "profile_ended"
    assert families.read("one")[1].terminal_code == "rejected"


def test_who_may_not_manage_chooses_nothing(house, choices):
    """Hazard H54 of auth profiles: some principals were allowed even where policy denied."""
    with house.session(NOBODY) as session:
        theirs = session.auth.choices
        for act in (
            lambda: theirs.order("openai", ["one"]),
            lambda: theirs.use("one"),
            lambda: theirs.disable("one"),
            lambda: theirs.clear("one"),
            lambda: session.auth.documents.plan(b"version = 1\n"),
            session.auth.documents.export,
            session.auth.health,
            theirs.read,
        ):
            with pytest.raises(DeniedError):
                act()
    assert choices.read().defaults == {}


def test_saving_is_named_in_the_journal(house, choices):
    with house.session(ME) as session:
        session.auth.save(replace(session.auth.show("one"), name="New"))
    assert "auth.profile.saved" in [event.details.get("act") for event in house.events()]


def test_a_profile_that_is_gone_is_chosen_nowhere(house, choices):
    """Hazard H16, hazard H18 and invariant I8 of auth profiles: deleted ids stayed in orders and defaults. Each member
    that goes shortens its order, the last one ends it."""
    choices.order("openai", ["one", "two"])
    choices.use("one")
    choices.use("one", scope="agent:bob")
    house.kernel.auth.logins.logout("one")
    left = choices.read()
    assert left.orders == {(ProfileScope("global"), OPENAI): ("two",)}
    assert left.defaults == {}
    house.kernel.auth.logins.logout("two")
    assert choices.read().orders == {}
    assert picked(house) == "three"
    assert "two" not in house.session().auth.documents.export().runtime
