"""What becomes of tokens when a later step of a login fails, or its process dies: none is left that nobody knows."""

from __future__ import annotations

import pytest

from palyra_kernel.auth.login.attempt import CLAIM_MS
from palyra_kernel.errors import ConflictError, NotFoundError, PalyraError, UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.login.stand import key_wanted, profile
from tests.auth.script import status


class PowerCut(BaseException):
    """The process dies here."""


def failing(error, times=1):
    """A step that fails so many times, and then does what it should."""
    left = [times]

    def decorate(step):
        def called(*args, **more):
            if left[0]:
                left[0] -= 1
                raise error
            return step(*args, **more)

        return called

    return decorate


def test_a_profile_that_cannot_be_saved_costs_its_tokens(stand):
    """Hazard H40 of auth profiles: errors after the exchange left the attempt pending and tokens issued; hazard H41:
    failed saves orphaned secrets; hazard H22: and were found after the key was stored."""
    opened = stand.open()
    redirect = stand.consent(opened.url)

    def no(_):
        raise UnavailableError("disk_full", "no room")

    with pytest.raises(UnavailableError, match="no room"):
        stand.complete(redirect, beside=no)
    assert stand.logins.find(opened.attempt.id).code == "disk_full"
    assert stand.secrets() == 0
    assert stand.living() == set()
    assert stand.posts("/revoke") == 2
    assert not stand.logins.revocations.waiting()


def test_a_profile_that_was_taken_meanwhile_costs_its_tokens(stand):
    """Hazard H40 of auth profiles: and hazard H33, a login that ends late replaces nothing."""
    redirect = stand.consent(stand.open().url)
    mine = stand.login()
    with pytest.raises(ConflictError):
        stand.complete(redirect)
    assert stand.living() == {"family-1"}
    assert stand.auth.parts.registry.find("work") == mine
    assert stand.secrets() == 1


def test_tokens_that_cannot_be_revoked_now_wait(stand):
    """Hazard H40 of auth profiles: revoked or queued, none is forgotten."""
    stand.vendor.script(status(503), path="/revoke")
    with pytest.raises(PalyraError):
        stand.complete(stand.consent(stand.open().url), beside=failing(UnavailableError("x", "x"), 9)(None))
    (waiting,) = stand.logins.revocations.waiting()
    assert (waiting.tries, waiting.last) == (1, "http_status")
    assert stand.living() == {"family-1"}
    stand.clock.go(60)
    stand.restart()
    stand.logins.tidy()
    assert stand.living() == set()
    assert stand.secrets() == 0


@pytest.mark.parametrize("fails", range(1, 5))
def test_a_store_that_fails_after_the_exchange_orphans_nothing(stand, monkeypatch, fails):
    """Hazard H40 of auth profiles: whatever the store refuses after tokens came, they are stored, revoked or queued."""
    redirect = stand.consent(stand.open().url)
    vault = stand.parts.backend
    real, calls = vault.put, [0]

    def put(blobs, deadline):
        calls[0] += 1
        if calls[0] <= fails:
            raise UnavailableError("backend_down", "the backend is away")
        return real(blobs, deadline)

    monkeypatch.setattr(vault, "put", put)
    with pytest.raises(PalyraError):
        stand.complete(redirect)
    monkeypatch.undo()
    stand.clock.go(CLAIM_MS / 1000 + 1)
    stand.logins.tidy()
    stand.logins.tidy()
    assert stand.living() == set()
    assert stand.secrets() == 0


STEPS = ("hold", "_check", "save", "succeeded", "erase")


@pytest.mark.parametrize("step", ["secrets", "exchange", *STEPS])
def test_a_process_that_dies_in_a_login_leaves_nothing_behind(stand, monkeypatch, step):
    """Hazard H40 and hazard H41: killed before each step, the next process gives back what came and erases what was
    kept; only where the issuer's answer was on its way does nobody know of it."""
    import palyra_kernel.auth.login.settle as settle
    from palyra_kernel.auth.login.attempts import Attempts
    from palyra_kernel.auth.login.peer import Peer
    from palyra_kernel.auth.store import Accounts

    owner = {"_check": settle, "save": Accounts, "exchange": Peer}.get(step, Attempts)
    redirect = stand.consent(stand.open().url)
    monkeypatch.setattr(owner, step, failing(PowerCut())(getattr(owner, step)))
    with pytest.raises(PowerCut):
        stand.complete(redirect)
    monkeypatch.undo()
    stand.restart()
    with pytest.raises(ConflictError):
        stand.complete(redirect)
    stand.clock.go(CLAIM_MS / 1000 + 1)
    stand.logins.tidy()
    if step == "erase":
        assert stand.vendor.works(stand.tokens()[0])
        assert stand.secrets() == 1
    else:
        assert stand.living() <= ({"family-1"} if step == "hold" else set())
        assert stand.secrets() == 0
        with pytest.raises(NotFoundError):
            stand.auth.parts.registry.find("work")


def test_tokens_are_down_before_anything_else_is_done_with_them(stand, monkeypatch):
    """Hazard H40 of auth profiles: a process killed between the issuer's answer and the profile kept nothing of it."""
    from palyra_kernel.auth.store import Accounts

    opened = stand.open()
    redirect = stand.consent(opened.url)
    monkeypatch.setattr(Accounts, "save", failing(PowerCut())(Accounts.save))
    with pytest.raises(PowerCut):
        stand.complete(redirect)
    assert stand.living() == {"family-1"}
    stand.restart()
    assert stand.logins.find(opened.attempt.id).state == "exchanged"
    assert stand.logins.tidy().recovered == 0  # it may live
    stand.clock.go(CLAIM_MS / 1000 + 1)
    assert stand.logins.find(opened.attempt.id).code == "interrupted"
    assert stand.logins.tidy().recovered == 1
    assert stand.living() == set()
    assert stand.logins.tidy().recovered == 0


def test_whoever_was_taken_for_dead_stores_nothing_late(stand, monkeypatch):
    """Hazard H33 of auth profiles: the tokens were given back meanwhile; a profile of them would be dead from the
    start."""
    from palyra_kernel.auth.store import Accounts

    real = Accounts.save

    def slow(self, *args, **more):
        stand.clock.go(CLAIM_MS / 1000 + 1)
        stand.logins.tidy()
        return real(self, *args, **more)

    redirect = stand.consent(stand.open().url)
    monkeypatch.setattr(Accounts, "save", slow)
    with pytest.raises(ConflictError):
        stand.complete(redirect)
    assert stand.living() == set()
    assert stand.secrets() == 0
    assert not stand.auth.parts.registry.snapshot().profiles


def test_a_login_that_is_cancelled_while_it_is_exchanged_keeps_nothing(stand, monkeypatch):
    """Hazard H40 of auth profiles: the tokens of a login that nobody wants any more."""
    from palyra_kernel.auth.login.peer import Peer

    opened = stand.open()
    redirect = stand.consent(opened.url)
    real = Peer.exchange

    def meanwhile(self, *args, **more):
        reply = real(self, *args, **more)
        stand.clock.go(CLAIM_MS / 1000 + 1)
        stand.logins.attempts.tidy()
        return reply

    monkeypatch.setattr(Peer, "exchange", meanwhile)
    with pytest.raises(ConflictError):
        stand.complete(redirect)
    assert stand.logins.find(opened.attempt.id).code == "interrupted"
    assert stand.living() == set()
    assert stand.secrets() == 0


@pytest.mark.parametrize("name", ["a", "é" * 128, "日" * 85, "x" * 256, "  -- ", "ä" * 100 + " " + "b" * 50])
def test_every_name_makes_an_id_that_fits(stand, name):
    """Hazard H22 of auth profiles: names over 101 characters made ids that were too long, found after the key was
    stored."""
    from palyra_kernel.auth.login.attempt import Wanted
    from palyra_kernel.auth.names import made_profile_id
    from palyra_kernel.auth.profile import ApiKey

    if not name.strip():
        name = "x"
    made = profile(made_profile_id(name), ApiKey(), name=name)
    assert len(made.id.encode()) <= 128
    stand.vendor.keys.add("sk-canary")
    assert stand.logins.add_key(Wanted(profile=made), SensitiveBytes(b"sk-canary")).profile.id == made.id


def test_a_name_that_cannot_be_is_refused_before_anything_is_kept(stand):
    """Hazard H22 of auth profiles: 257 bytes, a line break; nobody is asked and nothing is stored."""
    for name in ("x" * 257, "a\nb", ""):
        with pytest.raises(PalyraError):
            key_wanted_named(name)
    assert stand.secrets() == 0
    assert not stand.vendor.requests


def key_wanted_named(name):
    from palyra_kernel.auth.profile import ApiKey

    return profile("work", ApiKey(), name=name)


def test_what_stands_beside_a_login_is_committed_with_it_or_not_at_all(stand):
    """The audit event of a login is in its commit."""
    from palyra_kernel.records import Namespace

    notes = Namespace("notes", guarded=False)

    def beside(made):
        change = Change()
        change.put(notes.key(made.id), b"logged in")
        return change

    stand.complete(stand.consent(stand.open().url), beside=beside)
    assert stand.parts.records.read(notes.key("work")).document == b"logged in"
    stand.vendor.keys.add("k" * 20)
    stand.logins.add_key(key_wanted("key"), SensitiveBytes(b"k" * 20), beside=beside)
    assert stand.parts.records.read(notes.key("key")).document == b"logged in"
