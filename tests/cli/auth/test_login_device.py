"""``palyra auth login --device``: a code here, a browser elsewhere."""

from __future__ import annotations

import pytest

from palyra_kernel.cli.auth import showing
from tests.auth.grants import CLIENT
from tests.cli.auth.issuer import CODE


@pytest.fixture
def device(auth, vendor):
    options = ("--issuer", vendor.url, "--client-id", CLIENT, "--scope", "read", "--device")
    return lambda *more: auth("login", "custom:acme", *options, *more)


def test_the_code_and_the_address_are_shown_until_somebody_typed_it(auth, vendor, device):
    done = device("--id", "work")
    assert done.code == 0, done
    assert f"{vendor.url}/activate" in done.err
    assert f"type this code there:  {CODE}" in done.err
    assert done.text == "logged in: work (custom:acme, global)\n"
    assert auth("token", "work", "--reveal").code == 0
    assert "device-code-canary" not in done.text + done.err


def test_a_login_that_is_declined_elsewhere_leaves_nothing(auth, vendor, device):
    before = auth.envelopes()
    vendor.confirmed = False
    done = device("--json")
    assert (done.code, done.error["code"]) == (4, "login_refused")
    assert (auth("profiles", "list", "--json").json["profiles"], auth.envelopes()) == ([], before)


def test_an_issuer_without_device_logins_says_so(auth, vendor):
    from tests.auth.script import changed

    for path in ("openid-configuration", "oauth-authorization-server"):
        vendor.always(changed("device_authorization_endpoint"), path=f"/.well-known/{path}")
    done = auth("login", "custom:acme", "--issuer", vendor.url, "--client-id", CLIENT, "--device", "--json")
    assert (done.code, done.error["code"]) == (2, "no_device_endpoint")


def test_a_terminal_gets_a_qr_code_of_the_address_with_the_code_in_it(auth, device, monkeypatch):
    drawn: list[str] = []
    monkeypatch.setattr(showing, "_qr", drawn.append)
    device()
    assert [address.endswith(f"/activate?user_code={CODE}") for address in drawn] == [True]


@pytest.mark.parametrize(
    ("terminal", "length", "drawn"), [(True, 80, True), (True, 5000, False), (False, 80, False)]
)
def test_a_qr_code_is_for_eyes_alone(monkeypatch, terminal, length, drawn):
    """On a pipe it would be noise, and a long one fills more than the screen."""
    import io
    import sys

    class Screen(io.StringIO):
        def isatty(self):
            return terminal

    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    showing._qr("https://login.example/" + "a" * length)
    assert bool(screen.getvalue()) is drawn
