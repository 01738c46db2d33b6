"""``palyra auth login`` with a browser: the address is always shown, and nothing is left of a login that fails."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.auth.grants import CLIENT
from tests.auth.script import cut
from tests.auth.vendor import Vendor
from tests.cli.auth.browser import redirect_of, visit
from tests.cli.auth.issuer import DeviceVendor

_ADDRESS = re.compile(r"http://\S+/authorize\?\S+")
_BROWSER = Path(__file__).with_name("browser.py")


def _options(vendor: Vendor, *more: str) -> tuple[str, ...]:
    return (
        "auth",
        "login",
        "custom:acme",
        "--issuer",
        vendor.url,
        "--client-id",
        CLIENT,
        "--scope",
        "read",
        *more,
    )


def _address(stream) -> str:
    for line in iter(stream.readline, b""):
        if found := _ADDRESS.search(line.decode()):
            return found[0]
    raise AssertionError("no address was shown")


def test_the_address_is_shown_and_a_browser_that_comes_back_ends_the_login(palyra, vendor):
    """Hazard H59 of auth profiles: the address of a login was in the JSON alone, and nothing worked without a
    daemon."""
    with palyra.start(*_options(vendor, "--id", "work", "--use")) as running:
        address = _address(running.stderr)
        assert visit(redirect_of(address)) == 200
        out, err = running.communicate(timeout=50)
    assert running.returncode == 0, err
    assert out.decode() == "logged in: work (custom:acme, global), the default for custom:acme\n"
    assert "code=" not in out.decode() + err.decode()


def test_programs_get_the_address_as_json(palyra, vendor):
    with palyra.start(*_options(vendor, "--id", "work", "--json")) as running:
        line = json.loads(running.stderr.readline())["login"]
        assert visit(redirect_of(line["open"])) == 200
        out, _ = running.communicate(timeout=50)
    assert set(line) == {"open", "code", "complete", "until"}
    profile = json.loads(out)
    assert (profile["profile_id"], profile["credential"]["type"], profile["default"]) == (
        "work",
        "oauth",
        False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="BROWSER is a matter of POSIX")
def test_the_browser_is_opened_only_if_asked(palyra, vendor, tmp_path):
    """Hazard H59 of auth profiles: a machine without a screen has to be able to log in, and one with a screen must
    not have pages thrown at it."""
    browser = f"{sys.executable} {_BROWSER} %s"
    done = palyra(*_options(vendor, "--id", "work", "--open"), env={"BROWSER": browser})
    assert done.code == 0, done
    touched = tmp_path / "opened"
    spy = f"touch {touched} %s"
    with palyra.start(*_options(vendor, "--id", "other"), env={**os.environ, "BROWSER": spy}) as running:
        visit(redirect_of(_address(running.stderr)))
        running.communicate(timeout=50)
    assert running.returncode == 0
    assert not touched.exists()


def test_the_address_that_a_browser_ended_at_can_be_pasted(palyra, vendor):
    with palyra.start(*_options(vendor, "--id", "work", "--paste")) as running:
        redirect = redirect_of(_address(running.stderr))
        out, err = running.communicate(redirect.encode() + b"\n", timeout=50)
    assert running.returncode == 0, err
    assert out.decode().startswith("logged in: work")


@pytest.mark.parametrize(
    "pasted",
    [b"", b"no address\n", b"http://127.0.0.1:1/callback?state=x&code=y\n", b"x" * 20_000],
    ids=["nothing", "text", "foreign", "long"],
)
def test_a_pasted_address_of_no_login_of_ours_ends_it(auth, vendor, pasted):
    """Hazard H51 of auth profiles: the state of a login was guessable and bound to nobody."""
    before = auth.envelopes()
    done = auth.call("--json", *_options(vendor, "--paste"), stdin=pasted)
    assert (done.code, done.error["code"]) in ((2, "bad_redirect"), (3, "login_unknown"))
    assert vendor.counts["POST /token"] == 0
    assert (auth("profiles", "list", "--json").json["profiles"], auth.envelopes()) == ([], before)


@pytest.mark.parametrize(
    ("said", "exit_code", "code"),
    [
        ({"error": "access_denied", "code": ""}, 4, "login_refused"),
        ({"error": "a_word_of_theirs", "code": ""}, 4, "login_refused"),
        ({"iss": "https://another.example"}, 4, "wrong_issuer"),
        ({"code": ""}, 2, "code_missing"),
        ({"code": "stale"}, 4, "login_refused"),
    ],
)
def test_a_login_that_fails_leaves_nothing(auth, said, exit_code, code):
    """Hazard H52 of auth profiles: `iss` was not looked at. Hazard H41: failed saves left secrets behind."""
    before = auth.envelopes()
    auth.redirect = lambda url: redirect_of(url, **said)
    done = auth.login("work", "--json")
    assert (done.code, done.error["code"]) == (exit_code, code), done
    assert auth.pages == [200] or auth.pages[0] >= 400
    assert (auth("profiles", "list", "--json").json["profiles"], auth.envelopes()) == ([], before)
    assert "a_word_of_theirs" not in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child of Windows")
def test_a_login_that_is_given_up_is_over(auth, palyra, vendor):
    """Hazard H40 of auth profiles: what went wrong left the login pending."""
    before = auth.envelopes()
    with palyra.start(*_options(vendor, "--id", "work")) as running:
        address = _address(running.stderr)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=50)
    assert running.returncode == 130
    with pytest.raises(OSError):
        visit(redirect_of(address))
    assert auth.envelopes() == before


def test_whoever_logs_in_again_keeps_the_profile(auth):
    auth.logged_in("work", "--name", "At work")
    first = auth("token", "work", "--reveal").out
    assert auth.login("work", provider="custom:acme").code == 0
    profile = auth("profiles", "show", "work", "--json").json
    assert (profile["name"], profile["standing"]["reason_code"]) == ("At work", "eligible")
    assert auth("token", "work", "--reveal").out != first


def test_an_id_that_is_there_says_the_provider_too(auth, vendor):
    """The hints of errors say `palyra auth login --id ID`."""
    auth.logged_in("work")
    done = auth("login", "--id", "work", "--paste", "--json", stdin=b"x\n")
    assert done.error["code"] == "bad_redirect"
    assert vendor.url in done.err
    assert auth("login", "--id", "gone", "--json").error["code"] == "profile_missing"


def test_another_provider_under_the_same_id_is_refused(auth):
    """Hazard H20 of auth profiles: a save replaced the profile of another provider."""
    auth.logged_in("work")
    done = auth.login("work", "--json", provider="custom:other")
    assert (done.code, done.error["code"]) == (2, "other_provider")


def test_another_issuer_for_a_profile_waits_for_a_human(auth):
    """Hazard H48 of auth profiles: a profile could be pointed at any endpoint, which then got its credential."""
    auth.logged_in("work")
    with Vendor() as other:
        done = auth("login", "--id", "work", "--issuer", other.url, "--paste", "--json", stdin=b"x\n")
        assert (done.code, done.error["code"]) == (5, "profile.endpoint.approval_required")
        assert other.counts["POST /token"] == 0
    assert auth("profiles", "show", "work", "--json").json["credential"]["issuer"] == auth.vendor.url


def test_what_the_human_approved_is_done_once(auth, prompts, tmp_path):
    """Hazard H48 of auth profiles: an approval allows exactly the endpoints that it showed."""
    auth.logged_in("work")
    prompts += ["walnut ferry marble seven"] * 2
    assert auth.call("approvals", "passphrase", terminal=True).code == 0
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("walnut ferry marble seven\n")
    passphrase.chmod(0o600)
    with DeviceVendor() as other:
        home, auth.vendor = auth.vendor, other
        assert auth.login("work").code == 5
        (asked,) = auth.call("approvals", "list", "--json").json["approvals"]
        assert other.url in asked["arguments"]["shown"]
        allow = ("approvals", "decide", asked["id"], "--allow", "--approval-passphrase-file", str(passphrase))
        assert auth.call(*allow).code == 0
        assert auth.login("work").code == 0
        assert other.works(auth("token", "work", "--reveal").text)
        auth.vendor = home
        assert auth.login("work").code == 5, "the way back is another act"


def test_whoever_may_not_manage_profiles_asks_no_issuer(auth, vendor):
    """Hazard H54 of auth profiles: admins were allowed even where policy denied."""
    auth.logged_in("work")
    auth.call("principals", "grant", "agent:planner")
    asked = len(vendor.requests)
    for words in (
        ("login", "custom:acme", "--issuer", vendor.url, "--client-id", CLIENT, "--device"),
        ("logout", "work", "--yes"),
        ("profiles", "list"),
        ("profiles", "health"),
        ("profiles", "export"),
        ("profiles", "disable", "work"),
        ("profiles", "refresh", "work"),
    ):
        done = auth.call("--as", "agent:planner", "--json", "auth", *words)
        assert (done.code, done.out) == (4, b""), words
    assert len(vendor.requests) == asked


def test_a_client_shows_its_secret_as_asked(call, monkeypatch):
    """Hazard H24 of auth profiles: scopes were changed on the way, and client ids cut."""
    from tests.cli.auth.conftest import Auth

    with DeviceVendor(clients={"sec:ret": "s e+c/ret"}) as vendor:
        auth = Auth(call, vendor, monkeypatch)
        for way, name in (("basic", "a"), ("post", "b")):
            done = auth(
                *("login", "custom:acme", "--issuer", vendor.url, "--client-id", "sec:ret", "--id", name),
                *("--scope", "Mail.Read", "--scope", "read", "--device"),
                *("--client-secret-stdin", "--client-auth", way),
                stdin=b"s e+c/ret\n",
            )
            assert done.code == 0, done
            assert "s e+c" not in done.text + done.err
        assert auth("login", "--id", "b", "--device").code == 0, "it has its secret already"
        asked = [seen for seen in vendor.requests if seen.path == "/device"]
        assert [seen.form["scope"] for seen in asked] == ["Mail.Read read"] * 3
        assert ["authorization" in seen.headers for seen in asked] == [True, False, False]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("custom:acme", "--device", "--paste"),
        ("custom:acme", "--api-key-stdin", "--issuer", "https://a.example"),
        ("custom:acme", "--source", "env://X", "--client-id", "a"),
        ("custom:acme", "--no-check"),
        ("custom:acme", "--timeout", "1"),
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_is_said_at_once(auth, arguments):
    done = auth("login", *arguments, "--json")
    assert (done.code, done.error["code"]) == (2, "usage")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("acme",), "invalid_provider"),
        (("custom:openai", "--issuer", "https://a.example"), "invalid_provider"),
        (("custom:acme",), "no_issuer"),
        (("custom:acme", "--issuer", "http://a.example"), "not_https"),
        (("custom:acme", "--issuer", "URL", "--redirect", "https://a.example/cb"), "bad_redirect_uri"),
        (("custom:acme", "--issuer", "URL", "--for", "tenant:x"), "invalid_scope"),
        (("custom:acme", "--issuer", "URL", "--name", "a\u202eb"), "invalid_name"),
        (("custom:acme", "--issuer", "URL", "--scope", "s" * 257), "invalid_scopes"),
        (("custom:acme", "--issuer", "URL", "--client-id", "c" * 257), "invalid_client_id"),
        (("custom:acme", "--issuer", "URL"), "client_id_missing"),
        (("custom:acme", "--issuer", "URL", "--id", "openai"), "invalid_profile_id"),
    ],
)
def test_what_could_never_log_in_is_refused_before_anybody_does(auth, vendor, arguments, code):
    """Hazards H22, H24, H27 and H60 of auth profiles: found only after the secret was stored, or never."""
    before = auth.envelopes()
    given = [vendor.url if each == "URL" else each for each in arguments]
    done = auth("login", *given, "--json")
    assert (done.error["code"], done.out) == (code, b""), done
    assert auth.envelopes() == before


def test_an_issuer_that_does_not_answer_is_named(auth, vendor):
    vendor.always(cut(), path="/.well-known/openid-configuration")
    vendor.always(cut(), path="/.well-known/oauth-authorization-server")
    done = auth("login", "custom:acme", "--issuer", vendor.url, "--client-id", CLIENT, "--json")
    assert (done.code, done.error["kind"]) == (6, "unavailable"), done
