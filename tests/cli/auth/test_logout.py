"""``palyra auth logout``: used by nobody from then on, erased here, revoked there."""

from __future__ import annotations

from tests.auth.script import status


def test_the_issuer_revokes_and_nothing_is_left_here(auth, vendor):
    """Hazard H41 of auth profiles: deleting left the secrets for ever. Hazard H42: the access token was not
    revoked."""
    before = auth.envelopes()
    auth.logged_in("work")
    token = auth("token", "work", "--reveal").text
    done = auth("logout", "work", "--yes")
    assert done.code == 0, done
    assert done.text == "logged out: work; its secrets here are erased; its issuer revoked the tokens\n"
    assert not vendor.works(token)
    assert auth.envelopes() == before
    assert auth("profiles", "show", "work").code == 3


def test_an_issuer_that_is_down_is_told_later(auth, vendor):
    """Hazard H42 of auth profiles: with the provider down a credential stayed usable."""
    auth.logged_in("work")
    vendor.always(status(503), path="/revoke")
    done = auth("logout", "work", "--yes", "--json")
    assert done.json == {"profile_id": "work", "deleted": True, "remote_revocation": "waiting"}
    assert auth("token", "custom:acme", "--reveal").code == 3


def test_orders_and_defaults_name_it_no_more(auth):
    """Hazard H18 of auth profiles: a deleted profile stayed the default."""
    auth.logged_in("work", "--use")
    auth.logged_in("other")
    assert auth("logout", "work", "--yes").code == 0
    with auth.kernel() as kernel:
        assert not kernel.auth.parts.chosen.read().names("work")
    assert auth("token", "custom:acme").text.startswith("other ")


def test_it_asks_first(auth):
    auth.key("work")
    assert auth("logout", "work").code == 2
    assert auth("logout", "work", stdin=b"n\n", terminal=True).code == 130
    assert auth("profiles", "show", "work").code == 0
    assert auth("logout", "work", stdin=b"y\n", terminal=True).code == 0
    assert auth("profiles", "show", "work").code == 3


def test_a_key_is_erased_and_nobody_is_asked(auth, vendor):
    before = auth.envelopes()
    auth.key("work")
    done = auth("logout", " WORK ", "--yes", "--json")
    assert done.json["remote_revocation"] == "nothing"
    assert (auth.envelopes(), vendor.requests) == (before, [])


def test_a_profile_that_is_not_there_is_not_found(auth):
    done = auth("logout", "work", "--yes", "--json")
    assert (done.code, done.error["code"]) == (3, "profile_missing")
