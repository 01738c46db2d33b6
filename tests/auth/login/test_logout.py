"""Logging out: the end in one commit, then what is left to do, whoever dies in between (invariant I8)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.login.revocations import (
    FIRST_PAUSE_MS,
    GIVEN_UP_MS,
    LONGEST_PAUSE_MS,
    REVOCATIONS,
    Revocations,
)
from palyra_kernel.auth.tokens import Tokens
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, UnavailableError
from palyra_kernel.records import Change, Namespace
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.login.stand import KEY, key_wanted
from tests.auth.login.test_failing import PowerCut, failing
from tests.auth.script import error, status


def family(stand, id="work"):
    return stand.auth.parts.families.read(id)[1]


def chosen(stand):
    return stand.auth.parts.chosen.read()


def choose(stand, edit):
    change = Change()
    stand.auth.parts.chosen.plan(change, edit)
    stand.parts.records.commit(change)


def test_nothing_is_left(stand):
    """Invariant I8, hazard H41, hazard H42: both tokens revoked with hints at the issuer's endpoint, the vault as it
    was before, no profile, and a family that no answer can wake up."""
    before = stand.secrets()
    stand.login()
    access, refresh = stand.tokens()
    gone = stand.logins.logout("work")
    assert gone.remote == "revoked"
    assert gone.profile.id == "work"
    sent = [
        (seen.path, seen.form["token"], seen.form["token_type_hint"]) for seen in stand.vendor.requests[1:]
    ]
    assert sent == [("/revoke", refresh, "refresh_token"), ("/revoke", access, "access_token")]
    assert stand.secrets() == before == 0
    assert not stand.logins.revocations.waiting()
    assert (family(stand).terminal, family(stand).stored) == ("revoked", False)
    with pytest.raises(NotFoundError) as missing:
        stand.logins.logout("work")
    assert missing.value.code == "profile_missing"


def test_a_provider_that_is_down_keeps_no_profile_alive(stand):
    """Hazard H42 of auth profiles: revoke answered 503 and the credential stayed usable. Here it is over at once, and
    the issuer is told later, both tokens."""
    stand.login()
    stand.vendor.always(status(503), path="/revoke")
    assert stand.logins.logout("work").remote == "waiting"
    assert family(stand).terminal == "revoked"
    with pytest.raises(NotFoundError):
        stand.auth.get_token("work")
    with pytest.raises(NotFoundError):
        stand.tokens()
    assert stand.secrets() == 1  # what is to be revoked
    stand.restart()
    stand.logins.tidy()
    (waiting,) = stand.logins.revocations.waiting()
    assert stand.logins.revocations.attempt(waiting.id) is None  # not due
    assert stand.posts("/revoke") == 1
    stand.vendor._always.clear()
    stand.clock.go(FIRST_PAUSE_MS / 1000)
    (done,) = stand.logins.tidy().revocations
    assert done.became == "revoked"
    assert stand.living() == set()
    assert stand.posts("/revoke") == 3
    assert stand.secrets() == 0


def test_what_fails_is_tried_again_with_growing_pauses(stand):
    """Hazard H42 of auth profiles, hazard H29: not for ever, not all at once, and what the server asks for is
    honoured."""
    stand.login()
    stand.vendor.always(status(500), path="/revoke")
    stand.logins.logout("work")
    pauses = []
    for _ in range(14):
        (waiting,) = stand.logins.revocations.waiting()
        pauses.append(waiting.next_ms - stand.clock.now)
        stand.clock.now = waiting.next_ms
        stand.logins.tidy()
    assert pauses[:3] == [FIRST_PAUSE_MS * 0.75, FIRST_PAUSE_MS * 1.5, FIRST_PAUSE_MS * 3]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_MS * 0.75
    stand.vendor.always(status(429, retry_after="80000"), path="/revoke")
    stand.clock.go(LONGEST_PAUSE_MS / 1000)
    stand.logins.tidy()
    (waiting,) = stand.logins.revocations.waiting()
    assert waiting.next_ms == stand.clock.now + 80_000_000
    stand.clock.go(GIVEN_UP_MS / 1000)
    (done,) = stand.logins.tidy().revocations
    assert done.became == "given_up"
    assert stand.secrets() == 0
    assert not stand.logins.revocations.waiting()


@pytest.mark.parametrize("step", [error("unsupported_token_type"), None])
def test_an_issuer_that_cannot_revoke_is_asked_once(stand, step):
    """RFC 7009, 2.2.1; and an issuer without the endpoint is not asked at all."""
    stand.login(None if step else stand.wanted(revocation_endpoint=""))
    if step:
        stand.vendor.script(step, path="/revoke")
    assert stand.logins.logout("work").remote == "unsupported"
    assert stand.secrets() == 0
    assert stand.posts("/revoke") == (1 if step else 0)


def test_a_key_is_erased_and_nobody_is_told(stand):
    """Hazard H41 of auth profiles: a key has nothing to revoke."""
    stand.vendor.keys.add(KEY)
    stand.logins.add_key(key_wanted(), SensitiveBytes(KEY.encode()))
    asked = len(stand.vendor.requests)
    assert stand.logins.logout("work").remote == "nothing"
    assert len(stand.vendor.requests) == asked
    assert stand.secrets() == 0
    assert not stand.logins.revocations.waiting()


def test_the_secret_of_a_client_goes_along(stand):
    """It authenticates the revocation, and is erased with the rest."""
    stand.vendor.grants.clients["web"] = "web-secret"
    wanted = stand.wanted(client_auth="client_secret_basic", client_id="web")
    opened = stand.open(wanted, client_secret=SensitiveBytes(b"web-secret"))
    stand.complete(stand.consent(opened.url))
    assert stand.logins.logout("work").remote == "revoked"
    assert stand.living() == set()
    assert stand.secrets() == 0


def test_nothing_names_it_any_more(stand):
    """Hazard H16 of auth profiles: deleted ids stayed in orders and blocked everything; hazard H18: and in defaults."""
    first, second = stand.login(), stand.login(stand.wanted("other"))
    place = first.scope, first.provider
    choose(stand, lambda known: known.with_order(*place, ["work", "other"]).with_default(*place, "work"))
    stand.logins.logout("work")
    assert chosen(stand).orders == {place: ("other",)}
    assert chosen(stand).defaults == {}
    choose(stand, lambda known: known.with_default(*place, "other"))
    stand.logins.logout("other")
    assert chosen(stand).orders == {}
    assert chosen(stand).defaults == {}
    assert not any(chosen(stand).names(each.id) for each in (first, second))


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_tokens_that_cannot_be_read_hinder_no_logout(stand, harm):
    """Hazard H17 of auth profiles: an unreadable secret stopped everything. What is not there cannot be revoked."""
    stand.login()
    ref = stand.auth.parts.tokens.ref("tokens", "work")
    if harm == "missing":
        stand.parts.vault.destroy(ref)
    else:
        stand.parts.vault.put(ref, b"{}")
    assert stand.logins.logout("work").remote == "nothing"
    assert stand.secrets() == 0
    assert family(stand).terminal == "revoked"


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (Revocations, "queue"),
        (Revocations, "attempt"),
        (Revocations, "_erased"),
        (Revocations, "_told"),
        (Revocations, "tell"),
        (Revocations, "_finished"),
        (Tokens, "ref"),
    ],
)
def test_a_process_that_dies_in_a_logout_leaves_it_to_the_next(stand, monkeypatch, owner, step):
    """Invariant I8, hazard H41: killed in each phase, the vault returns to what it was and the issuer is told."""
    stand.login()
    with monkeypatch.context() as patched:
        if owner is Tokens:
            stand.auth.parts.tokens.read("work").wipe()
            patched.setattr(owner, step, _dies_after_reading(Tokens.ref))
        else:
            patched.setattr(owner, step, failing(PowerCut())(getattr(owner, step)))
        with pytest.raises(PowerCut):
            stand.logins.logout("work")
    stand.restart()
    if step == "queue":
        assert stand.vendor.works(stand.tokens()[0])  # nothing was committed: it is as it was
        assert stand.logins.logout("work").remote == "revoked"
    else:
        with pytest.raises(NotFoundError):
            stand.auth.parts.registry.find("work")
        stand.clock.go(FIRST_PAUSE_MS / 1000)
        stand.logins.tidy()
    assert stand.living() == set()
    assert stand.secrets() == 0
    assert not stand.logins.revocations.waiting()


def _dies_after_reading(ref):
    calls = [0]

    def called(*args):
        calls[0] += 1
        if calls[0] == 2:  # the first reads, the second erases
            raise PowerCut
        return ref(*args)

    return called


def test_a_new_login_under_the_same_name_is_not_erased_by_the_old_end(stand, monkeypatch):
    """Hazard H33 of auth profiles: what is left of the old login is done late, and harms nothing of the new one."""
    stand.login()
    with monkeypatch.context() as patched:
        patched.setattr(Revocations, "_erased", failing(PowerCut())(Revocations._erased))
        with pytest.raises(PowerCut):
            stand.logins.logout("work")
    stand.restart()
    stand.login()
    access, _ = stand.tokens()
    stand.clock.go(FIRST_PAUSE_MS / 1000)
    stand.logins.tidy()
    assert stand.tokens()[0] == access
    assert stand.vendor.works(access)
    assert stand.living() == {"family-2"}
    assert family(stand).generation == 2
    assert stand.secrets() == 1


def test_newer_tokens_are_the_ones_that_are_revoked(stand, monkeypatch):
    """Hazard H33 of auth profiles: a refresh that ends while somebody logs out left its tokens behind."""
    from palyra_kernel.auth.login.logout import Logout
    from palyra_kernel.auth.tokens import TokenSet

    stand.login()
    real, calls = Logout._kept, [0]

    def meanwhile(self, profile):
        kept = real(self, profile)
        calls[0] += 1
        if calls[0] == 1:  # another process stores what a refresh brought
            version, now = stand.auth.parts.families.read("work")
            access, refresh = stand.vendor.issue()
            new = TokenSet(
                now.login,
                now.generation + 1,
                SensitiveBytes(access.encode()),
                SensitiveBytes(refresh.encode()),
            )
            import msgspec

            def beside():
                change = Change()
                newer = msgspec.structs.replace(now, generation=new.generation)
                stand.auth.parts.families.plan(change, version, newer)
                return change

            stand.auth.parts.tokens.store("work", {"tokens": new}, beside)
        return kept

    monkeypatch.setattr(Logout, "_kept", meanwhile)
    assert stand.logins.logout("work").remote == "revoked"
    assert "family-2" not in stand.living()
    assert stand.secrets() == 0


def test_what_stands_beside_is_committed_with_it_or_nothing_is(stand):
    """The audit event of a logout is in its commit; an act that may not be is none."""
    notes = Namespace("notes", guarded=False)
    stand.login()

    def no():
        raise UnavailableError("no", "no")

    with pytest.raises(UnavailableError):
        stand.logins.logout("work", beside=no)
    assert stand.vendor.works(stand.tokens()[0])
    assert not stand.logins.revocations.waiting()

    def noted():
        change = Change()
        change.put(notes.key("x"), b"logged out")
        return change

    stand.logins.logout("work", beside=noted)
    assert stand.parts.records.read(notes.key("x")).document == b"logged out"


def test_an_answer_that_comes_late_finds_nothing_to_be_stored_in(stand):
    """Hazard H33 of auth profiles: delete, then the old reply: nothing is stored, and the generation goes on with the
    next login."""
    first = stand.login()
    version, old = stand.auth.parts.families.read("work")
    stand.logins.logout("work")
    assert not stand.auth.parts.families.swap(version, old)
    assert stand.secrets() == 0
    again = stand.login()
    assert again.created_at_ms == first.created_at_ms
    assert (family(stand).generation, family(stand).terminal) == (2, "")


def test_a_change_that_meets_a_logout_brings_nothing_back(stand, monkeypatch):
    """Hazard H33 of auth profiles: a deleted record keeps its version, so a rename that was planned before found
    nothing changed."""
    import msgspec

    from palyra_kernel.auth.registry import Registry

    first = stand.login()
    renamed = msgspec.structs.replace(first, name="another")
    real, calls = Registry.plan_save, [0]

    def meanwhile(self, *args, **more):
        planned = real(self, *args, **more)
        calls[0] += 1
        if calls[0] == 1:
            stand.logins.logout("work")
        return planned

    monkeypatch.setattr(Registry, "plan_save", meanwhile)
    with pytest.raises(ConflictError) as refused:
        stand.auth.accounts.save(renamed, expected_ms=first.updated_at_ms)
    assert refused.value.code == "profile_changed"
    assert not stand.auth.parts.registry.snapshot().profiles


def test_who_drains_at_the_same_time_tells_the_issuer_once(stand, monkeypatch):
    """Whoever counts a try makes it; the others, who saw the same, leave it."""
    stand.login()
    stand.vendor.script(status(503), path="/revoke")
    stand.logins.logout("work")
    stand.clock.go(FIRST_PAUSE_MS / 1000)
    (waiting,) = stand.logins.revocations.waiting()
    all_saw_it, pause = Barrier(8), Revocations._pause

    def together(self, seen):
        all_saw_it.wait(30)
        return pause(self, seen)

    monkeypatch.setattr(Revocations, "_pause", together)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: stand.logins.revocations.attempt(waiting.id), range(8)))
    assert [each.became for each in done if each is not None] == ["revoked"]
    assert stand.posts("/revoke") == 3


def test_a_revocation_that_somebody_removed_is_noticed(stand):
    """Guarded by the set-hash: a token that is to be revoked is not lost in silence."""
    stand.login()
    stand.vendor.always(status(503), path="/revoke")
    stand.logins.logout("work")
    (stored,) = stand.parts.store.scan(REVOCATIONS.prefix, None, 10)
    stand.parts.store.commit({}, [], [stored.key])
    with pytest.raises(IntegrityError) as refused:
        stand.logins.revocations.waiting()
    assert refused.value.code == "set_tampered"


def test_reconnecting_revokes_nothing(stand):
    """Some issuers end every token of a person and a client with one of them: the new login too."""
    first = stand.login()
    stand.clock.go(1)
    stand.login(Wanted(profile=first))
    assert stand.posts("/revoke") == 0
    assert stand.secrets() == 1
