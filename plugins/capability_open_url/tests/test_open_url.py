"""Which addresses are opened, and where there is a browser to open them."""

import json
import sys
import webbrowser

import pytest

from palyra_capability_open_url import OpenUrl
from palyra_kernel import CapabilityCall, CapabilityPlace, Deadline, InvalidInputError, UnavailableError

PLACE = CapabilityPlace(device="01JZ0000000000000000000000", version="0.0.0")


def run(url, seconds=20.0):
    call = CapabilityCall(Deadline.after(seconds))
    return json.loads(OpenUrl.open(PLACE).run(json.dumps({"url": url}).encode(), call))


GOOD = [
    "https://example.com",
    "https://example.com/",
    "HTTPS://EXAMPLE.COM/",
    "http://localhost:8080/a/b;c?d=e&f=%23",
    "https://xn--bcher-kva.example/",
    "https://192.0.2.1/",
    "https://[2001:db8::1]:8443/",
    "https://example.com./",
    "https://example.com/~user/(a)!*'",
    "https://example.com/@user",
    "https://my_host.example/",
]
BAD = [
    "",
    "example.com",
    "//example.com/",
    "/etc/passwd",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://example.com/",
    "vbscript:x",
    "https:example.com",
    "https:///etc",
    "https://",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://bank.example@evil.example/",
    "https://@example.com/",
    "https://example.com#fragment",
    "https://example.com/#",
    "https://example.com/a b",
    " https://example.com/",
    "https://example.com/\n",
    "https://example.com/\x00",
    "https://exam\tple.com/",
    "https://example.com\\@evil.example/",
    "https://example.com/\u202egpj.exe",
    "https://b\u00fccher.example/",
    "https://\u0430pple.example/",
    "https://example.com/<script>",
    'https://example.com/"',
    "https://example.com/`id`",
    "https://example.com/{a}",
    "https://example.com:99999/",
    "https://example.com:0/",
    "https://example.com:/",
    "https://example.com:port/",
    "https://-evil.example/",
    "https://evil-.example/",
    "https://.example/",
    "https://example..com/",
    "https://%65xample.com/",
    "https://[::1/",
    "https://::1]/",
    "https://[v1.x]/",
    "https://[fe80::1%25eth0]/",
    "https://[192.0.2.1]/",
    "--new-window https://example.com/",
    "https://example.com/" + "x" * 2048,
    "https://" + ".".join(["x" * 60] * 5) + "/",
]


@pytest.mark.parametrize("url", GOOD)
def test_an_address_of_the_web_is_opened_as_it_was_shown(browser, url):
    """What the person agreed to, and what was opened, differed by what a parser made of it."""
    assert run(url) == {"opened": True}
    assert browser.opened == [(url, 2)]


@pytest.mark.parametrize("url", BAD)
def test_what_reads_otherwise_than_it_opens_is_refused(browser, url):
    """Credentials, turned text, another scheme: the address that was shown was not the one that was opened."""
    with pytest.raises(InvalidInputError) as caught:
        run(url)
    assert caught.value.code == "invalid_input"
    assert browser.opened == []
    assert len(url) < 8 or url not in caught.value.message


def test_a_browser_that_does_not_take_it(browser):
    browser.takes = False
    assert run("https://example.com/") == {"opened": False}


def test_behind_the_deadline_nothing_opens(browser):
    """Hazard H30: a page that opened an hour later, in front of somebody else."""
    with pytest.raises(UnavailableError):
        run("https://example.com/", -1.0)
    assert browser.opened == []


def test_where_there_is_a_browser_it_is_available(browser):
    assert OpenUrl.open(PLACE).available() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a desktop")
def test_without_a_desktop_it_is_not(browser, monkeypatch):
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert OpenUrl.open(PLACE).available() == "there is no desktop"


def test_a_browser_for_a_terminal_is_none(browser, monkeypatch):
    """lynx took the terminal of the node, and with it the next question."""
    monkeypatch.setattr(webbrowser, "get", lambda *_: webbrowser.GenericBrowser("lynx"))
    assert "no browser" in str(OpenUrl.open(PLACE).available())
    assert run("https://example.com/") == {"opened": False}

    def none(*_):
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    assert "no browser" in str(OpenUrl.open(PLACE).available())


def test_it_wants_consent():
    """Hazard H16: it has to be asked about, by whoever sits there."""
    assert OpenUrl.sensitivity == "local_consent"
