"""Names, what they resolve to, and what is connected to: one answer, checked whole, used as it was checked."""

from __future__ import annotations

import socket
from itertools import count
from threading import Event

import pytest

from palyra_kernel.errors import DeniedError, PalyraError, UnavailableError
from palyra_kernel.net import NOTHING_SENT, HttpClient, HttpRequest, Limits, connections
from palyra_kernel.net.lookup import system_resolver
from tests.net.server import answering

NAME = "api.example.com"
REQUEST = HttpRequest("GET", f"https://{NAME}/")


@pytest.fixture
def connected(monkeypatch):
    """The addresses that were connected to; a connection to a public one leads to ``connected.port`` here."""
    real = connections.connected

    class Connected(list[str]):
        port = 9

    seen = Connected()

    def connect(address, port, deadline):
        seen.append(str(address))
        if seen.port == 9:
            raise ConnectionRefusedError
        return real(type(address)("127.0.0.1"), seen.port, deadline)

    monkeypatch.setattr(connections, "connected", connect)
    return seen


def refused(resolver, **options):
    with HttpClient([NAME], resolver=resolver, **options) as client, pytest.raises(PalyraError) as caught:
        client.send(REQUEST)
    assert caught.value.code in NOTHING_SENT
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["1.1.1.1", "127.0.0.1"],
        ["1.1.1.1", "10.0.0.1", "1.0.0.1"],
        ["1.1.1.1", "2606:4700::1", "fe80::1%2"],
        ["169.254.169.254"],
        ["::ffff:1.1.1.1"],
        ["64:ff9b::a00:1"],
        ["1.1.1.1", "64:ff9b:1::a00:1"],
        ["2002:a00:1::1"],
        ["0.0.0.0"],
    ],
)
def test_one_address_that_is_not_public_spoils_the_answer(connected, answer):
    """Hazard H26: only the first address was looked at, NAT64 and mapped ones were taken for public."""
    error = refused(lambda host, port: answer)
    assert (type(error), error.code) == (DeniedError, "address_not_public")
    assert connected == []


def test_what_was_checked_is_what_is_connected_to(net, connected):
    """Hazards H49 and A6: the name was resolved twice, and the second answer was loopback."""
    server = net.server(answering(b"true"), name=NAME)
    connected.port = server.port
    answers = [["1.1.1.1"], ["127.0.0.1"]]
    asked = []

    def rebinding(host, port):
        asked.append((host, port))
        return answers[min(len(asked), 2) - 1]

    with HttpClient([NAME], resolver=rebinding, ca_file=net.authority.ca_file) as client:
        assert client.send(REQUEST).body == b"true"
        assert client.send(REQUEST).body == b"true"  # by the same connection: nothing is asked again
        assert (asked, connected) == ([(NAME, 443)], ["1.1.1.1"])
        assert server.names == [NAME]  # TLS is about the name, not about the address
        (head, _) = server.requests
        assert f"\r\nhost: {NAME}\r\n".encode() in head.lower()
    with HttpClient([NAME], resolver=rebinding) as client, pytest.raises(DeniedError):
        client.send(REQUEST)
    assert (len(asked), connected) == (2, ["1.1.1.1"])


def test_nat64_with_a_public_address_inside_is_the_way_of_networks_without_ipv4(connected):
    assert refused(lambda host, port: ["64:ff9b::808:808"]).code == "connect_failed"
    assert connected == ["64:ff9b::808:808"]


def test_each_address_is_tried_in_order(connected):
    error = refused(lambda host, port: ["1.1.1.1", "2606:4700::1", "1.0.0.1"])
    assert error.code == "connect_failed"
    assert connected == ["1.1.1.1", "2606:4700::1", "1.0.0.1"]


def test_an_address_that_swallows_everything_leaves_time_for_the_next(monkeypatch):
    shares = []

    def swallowing(address, port, deadline):
        shares.append(deadline.remaining())
        raise TimeoutError

    monkeypatch.setattr(connections, "connected", swallowing)
    refused(lambda host, port: ["1.1.1.1", "1.0.0.1", "2606:4700::1"], limits=Limits(connect_seconds=6))
    assert len(shares) == 3
    for number, share in enumerate(shares):
        assert share <= 6 / (3 - number)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "[::1]", "[fe80::1]", "[64:ff9b::a00:1]"])
def test_an_address_that_was_typed_is_checked_too(connected, host):
    """Hazard H26: one verdict where an address is stored, another where it is used."""
    with HttpClient([host]) as client, pytest.raises(DeniedError) as caught:
        client.send(HttpRequest("GET", f"https://{host}/"))
    assert caught.value.code == "address_not_public"
    assert connected == []


@pytest.mark.parametrize(
    "answer", [["1.1.1.1"], ["127.0.0.1", "1.1.1.1"], ["10.0.0.1"], ["::ffff:127.0.0.1"]]
)
def test_a_host_of_this_machine_is_nowhere_else(connected, answer):
    """What may be spoken to without TLS must not be led to another machine."""
    client = HttpClient([], loopback=["dev.test:9777"], resolver=lambda host, port: answer)
    with client, pytest.raises(DeniedError) as caught:
        client.send(HttpRequest("GET", "http://dev.test:9777/"))
    assert caught.value.code == "address_not_loopback"
    assert connected == []


def failing(error):
    def resolver(host, port):
        raise error

    return resolver


@pytest.mark.parametrize(
    "resolver",
    [
        lambda host, port: [],
        lambda host, port: ["no address"],
        failing(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
        failing(UnicodeError("label too long")),
    ],
)
def test_no_answer(connected, resolver):
    error = refused(resolver)
    assert (type(error), error.code) == (UnavailableError, "name_not_found")


def test_a_resolver_that_hangs(connected):
    """The resolver of the operating system knows no deadline; it held its caller for half a minute and longer."""
    over = Event()

    def hanging(host, port):
        over.wait(20)
        return ["1.1.1.1"]

    error = refused(hanging, limits=Limits(connect_seconds=0.2))
    over.set()
    assert error.code == "connect_timeout"
    assert connected == []


def test_the_system_is_asked_once_for_each_name(monkeypatch):
    numbers = count()

    def getaddrinfo(host, port, *, type, proto):
        next(numbers)
        assert (type, proto) == (socket.SOCK_STREAM, socket.IPPROTO_TCP)
        return [(0, 0, 0, "", (address, port)) for address in ("1.1.1.1", "1.1.1.1", "2606:4700::1")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert system_resolver(NAME, 443) == ["1.1.1.1", "2606:4700::1"]
    assert next(numbers) == 1
