"""How many logins are kept, for how long, and that each changes once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from palyra_kernel.auth.login.attempt import KEPT_MS, LONGEST_MS, TTL_MS
from palyra_kernel.auth.login.attempts import ATTEMPTS, MAX_ATTEMPTS
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, UnavailableError
from palyra_kernel.records import Change
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.auth.login.stand import OWNER


def kept(stand):
    return len(stand.parts.store.scan(ATTEMPTS.prefix, None, 100_000))


def test_any_number_of_starts_keeps_1024(stand):
    """Hazard H39 of auth profiles: attempts were kept without a limit; the rest is told to come later."""
    attempts, wanted = stand.logins.attempts, stand.wanted()
    begun, refused = 0, set()
    for _ in range(MAX_ATTEMPTS + 200):
        try:
            attempts.begin(wanted, Bundle(), owner=OWNER)
            begun += 1
        except UnavailableError as error:
            refused.add(error.code)
    assert (begun, refused) == (MAX_ATTEMPTS, {"rate_limited"})
    assert kept(stand) == MAX_ATTEMPTS
    stand.clock.go((TTL_MS + KEPT_MS) / 1000 + 1)
    attempts.begin(wanted, Bundle(), owner=OWNER)
    while attempts.tidy():
        pass
    assert kept(stand) == 1
    assert stand.secrets() == 1


def test_starts_at_once_keep_no_more(stand, monkeypatch):
    """Hazard H39 of auth profiles: counted and kept under one lock."""
    monkeypatch.setattr("palyra_kernel.auth.login.attempts.MAX_ATTEMPTS", 10)

    def once(_):
        try:
            stand.open()
        except UnavailableError:
            return 0
        return 1

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(once, range(40))) == 10
    assert kept(stand) == 10


def test_of_many_who_claim_a_login_one_gets_it(stand):
    """Hazard H40 of auth profiles, invariant I4: compare-and-set."""
    row = stand.logins.attempts.pending(stand.open().attempt.id, OWNER)

    def once(_):
        try:
            return stand.logins.attempts.claim(row).attempt.state
        except ConflictError as refused:
            return refused.code

    with ThreadPoolExecutor(20) as pool:
        results = sorted(pool.map(once, range(20)))
    assert results == ["exchanging", *["login_over"] * 19]


def test_an_issuer_cannot_make_a_login_last_for_ever(stand):
    """A device login of a year is one of half an hour."""
    row = stand.logins.attempts.begin(stand.wanted(), Bundle(), owner=OWNER, lifetime_ms=365 * 86_400_000)
    assert row.attempt.until_ms == stand.clock.now + LONGEST_MS
    stand.clock.go((TTL_MS + KEPT_MS) / 1000 + 1)
    stand.logins.attempts.tidy()
    assert stand.logins.find(row.attempt.id).state == "pending"


def test_a_damaged_record_is_an_error_of_its_own(stand):
    """Hazard H36 of auth profiles: no other error leaves, and the login is not taken for another."""
    opened = stand.open()
    for document in (b"", b"{}", b"\xff", b'{"format":2}'):
        change = Change()
        change.put(ATTEMPTS.key(opened.attempt.id), document)
        stand.parts.records.commit(change)
        with pytest.raises(IntegrityError) as refused:
            stand.logins.find(opened.attempt.id)
        assert refused.value.code == "login_damaged"


def test_a_damaged_record_keeps_nobody_from_logging_in(stand):
    """Hazard H36 of auth profiles: one bad row stopped everything; here it is thrown away when its time is over."""
    opened = stand.open()
    change = Change()
    change.put(ATTEMPTS.key(opened.attempt.id), b"damaged")
    stand.parts.records.commit(change)
    stand.clock.go((TTL_MS + KEPT_MS + LONGEST_MS) / 1000 + 1)
    assert stand.login().id == "work"
    stand.logins.tidy()
    with pytest.raises(NotFoundError):
        stand.logins.find(opened.attempt.id)
    assert stand.secrets() == 1


@pytest.mark.parametrize("id", ["", "x", "turn", "../x", "01HZY2V3J5Q8R9S0T1V2W3X4Y5"])
def test_an_unknown_login_is_not_there(stand, id):
    """And its id is no path to anything else."""
    with pytest.raises(NotFoundError):
        stand.logins.find(id)


def test_secrets_of_a_login_have_no_text_form():
    """Hazard H56 of auth profiles: canaries in repr, format, pickle and copy."""
    import copy
    import pickle

    bundle = Bundle(verifier=SensitiveBytes(b"canary-canary"), nonce=SensitiveBytes(b"x"))
    assert repr(bundle) == "<Bundle of nonce, verifier>"
    assert "canary" not in f"{bundle!r} {bundle}"
    for act in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            act(bundle)
    with bundle.sealed() as document:
        again = Bundle.opened(document)
        assert again["verifier"] == b"canary-canary"
    with bundle:
        pass
    assert not any(bundle["nonce"]._buffer)


@pytest.mark.parametrize("document", [b"", b"[]", b'{"a":1}', b'{"a":"%%%"}', b"\xff"])
def test_an_envelope_that_is_not_ours_is_refused(document):
    """Without quoting it."""
    with pytest.raises(IntegrityError) as refused:
        Bundle.opened(SensitiveBytes(document))
    assert refused.value.code == "login_damaged"
