"""The listener that a browser comes back to, among strangers."""

from __future__ import annotations

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from threading import Thread

import pytest

from palyra_kernel.auth.login.loopback import Loopback
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.values.deadline import Deadline

GENEROUS = 30


def port_of(listener):
    return int(listener.redirect_uri.split(":")[2].partition("/")[0])


def connected(listener, family=socket.AF_INET, address="127.0.0.1"):
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(GENEROUS)
    sock.connect((address, port_of(listener)))
    return sock


def asked(listener, target="/callback?state=s&code=c", *, host=None, method="GET", address="127.0.0.1"):
    """A browser: status, header fields and page."""
    connection = HTTPConnection(address, port_of(listener), timeout=GENEROUS)
    authority = listener.redirect_uri.split("/")[2] if host is None else host
    connection.request(method, target, headers={"Host": authority})
    response = connection.getresponse()
    try:
        return response.status, dict(response.getheaders()), response.read().decode()
    finally:
        connection.close()


class Waiter:
    """Waits in a thread for the redirect with ``state=s``, and answers it."""

    def __init__(self, listener, accept=lambda url: "state=s" in url):
        self.listener = listener
        self.accept = accept
        self.url = ""
        self.thread = Thread(target=self._run)

    def _run(self):
        visit = self.listener.wait(self.accept, Deadline.after(GENEROUS))
        self.url = visit.url
        visit.answer(done=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.thread.join(GENEROUS)
        assert not self.thread.is_alive()


@pytest.fixture
def listener():
    with Loopback() as listener:
        yield listener


def test_the_redirect_arrives(listener):
    """RFC 8252, 7.3: an address of this machine, a port of the moment."""
    assert listener.redirect_uri.startswith("http://127.0.0.1:")
    with Waiter(listener) as waiter:
        status, fields, page = asked(listener)
    assert waiter.url == f"{listener.redirect_uri}?state=s&code=c"
    assert status == 200
    assert "Logged in" in page
    assert fields["Connection"] == "close"


def test_the_page_shows_nothing_and_loads_nothing(listener):
    """Hazard H52 of auth profiles: the page had no policy, and repeated what it was told; hazard H56: no secret is on
    it."""
    with Waiter(listener):
        _, _, wrong = asked(listener, "/callback?state=x&code=canary&error=%3Cb%3Ecanary")
        _, fields, page = asked(listener, "/callback?state=s&code=canary")
    assert fields["Content-Security-Policy"].startswith("default-src 'none'")
    assert "script" not in page + wrong
    assert "canary" not in page + wrong
    assert fields["Referrer-Policy"] == "no-referrer"
    assert fields["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("target", "more", "status"),
    [
        ("/", {}, 404),
        ("/favicon.ico", {}, 404),
        ("/callback/../x?state=s", {}, 404),
        ("/callback%3Fstate=s", {}, 404),
        ("/callback?state=wrong&code=c", {}, 404),
        ("http://127.0.0.1/callback?state=s", {}, 404),
        ("/callback?state=s", {"host": "evil.example"}, 404),
        ("/callback?state=s", {"host": "localhost"}, 404),
        ("/callback?state=s", {"method": "POST"}, 405),
        ("/callback?state=s", {"method": "HEAD"}, 405),
        ("/callback?state=s", {"method": "OPTIONS"}, 405),
    ],
)
def test_a_wrong_request_does_not_end_the_wait(listener, target, more, status):
    """A page of some site that asks for our port, another method, a name that leads here by DNS: they get a page, and
    we wait on."""
    with Waiter(listener) as waiter:
        assert asked(listener, target, **more)[0] == status
        assert not waiter.url
        assert asked(listener)[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        *(b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        *(
            b"GET /callback?state=s HTTP/1.1\r\n\r\n",
            b"GET /callback?state=s HTTP/2\r\nHost: AUTHORITY\r\n\r\n",
        ),
        *(
            b"GET /callback?state=s HTTP/1.1\r\nHost: AUTHORITY\r\nHost: evil.example\r\n\r\n",
            b"GET /callback?state=s&code=\xff HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n",
            b"GET /callback?state=s HTTP/1.1\r\nHost: AUTHORITY" + b"x" * 40_000,
        ),
    ],
)
def test_what_is_no_request_does_not_end_the_wait(listener, head):
    """Two hosts, no host, TLS, no end: none of it reaches whoever waits."""
    authority = listener.redirect_uri.split("/")[2].encode()
    with Waiter(listener) as waiter, connected(listener) as sock:
        with contextlib.suppress(OSError):  # whoever says too much is hung up on while it still speaks
            sock.sendall(head.replace(b"AUTHORITY", authority))
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
        assert not waiter.url
        assert asked(listener)[0] == 200


def test_strangers_who_say_nothing_hold_nobody_up(listener):
    """More of them than there is room for, connected before and after; the oldest have to go."""
    with ExitStack() as strangers, Waiter(listener):
        for number in range(200):
            sock = strangers.enter_context(connected(listener))
            if number % 3 == 0:
                sock.sendall(b"GET /callback?sta")
        assert asked(listener)[0] == 200


def test_a_slow_browser_is_heard_out(listener):
    """A head that comes byte by byte is a head."""
    authority = listener.redirect_uri.split("/")[2]
    with Waiter(listener) as waiter, connected(listener) as sock:
        for byte in f"GET /callback?state=s HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode():
            sock.sendall(bytes((byte,)))
        assert sock.recv(4096).startswith(b"HTTP/1.1 200")
    assert waiter.url


def test_many_browsers_at_once_are_all_answered(listener):
    """One of them is the one."""
    with Waiter(listener), ThreadPoolExecutor(20) as pool:
        wrong = pool.map(lambda number: asked(listener, f"/callback?state=x{number}")[0], range(100))
        assert set(wrong) == {404}
        assert asked(listener)[0] == 200


def test_nobody_comes(listener):
    """The wait ends at its deadline."""
    with pytest.raises(UnavailableError) as refused:
        listener.wait(lambda _: True, Deadline.after(0.05))
    assert refused.value.code == "login_timeout"


def test_both_addresses_of_this_machine_listen():
    """RFC 8252, 7.3: where a browser takes ``localhost`` for IPv6, somebody else could listen there."""
    with Loopback(host="localhost", path="/cb") as listener, Waiter(listener) as waiter:
        assert listener.redirect_uri == f"http://localhost:{port_of(listener)}/cb"
        with pytest.raises(OSError):
            socket.create_server(("127.0.0.1", port_of(listener)))
        v6 = len(listener._listeners) == 2
        assert asked(listener, "/cb?state=s", address="::1" if v6 else "127.0.0.1")[0] == 200
    assert waiter.url.startswith("http://localhost:")


def test_a_port_that_is_taken_is_named(listener):
    """An issuer may allow one port alone."""
    with pytest.raises(UnavailableError, match="in use") as refused:
        Loopback(port=port_of(listener))
    assert refused.value.code == "no_listener"


def test_a_given_port_is_there_again_after_a_restart():
    """Hazard H39 of auth profiles: whoever restarts waits at the same address."""
    with Loopback() as first, Waiter(first):
        port = port_of(first)
        assert asked(first)[0] == 200
    with Loopback(port=port) as second:
        assert port_of(second) == port


def test_a_path_is_plain():
    """Nothing that a browser and we could read in two ways."""
    for path in ("", "callback", "/a?b", "/a b", "/a%2f"):
        with pytest.raises(InvalidInputError):
            Loopback(path=path)


def test_a_whole_login_through_the_listener(stand):
    """Begun, opened, consented, come back, stored; a redirect of another login meanwhile changes nothing."""
    from tests.auth.login.stand import OWNER

    with Loopback() as listener:
        uri = listener.redirect_uri
        opened = stand.logins.code.begin(stand.wanted(), owner=OWNER, redirect_uri=uri)
        other = stand.logins.code.begin(stand.wanted("other"), owner=OWNER, redirect_uri=uri)
        redirect, foreign = stand.consent(opened.url), stand.consent(other.url)
        with Waiter(listener, lambda url: stand.logins.code.is_ours(url, opened.attempt.id)) as waiter:
            assert asked(listener, "/callback?" + foreign.partition("?")[2])[0] == 404
            assert asked(listener, "/callback?" + redirect.partition("?")[2])[0] == 200
    assert stand.complete(waiter.url).id == "work"
    assert stand.logins.find(other.attempt.id).state == "pending"
