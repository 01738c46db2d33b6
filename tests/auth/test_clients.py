"""Clients by hosts: shared, apart from each other, and closed together."""

from __future__ import annotations

import threading

import pytest

from palyra_kernel import DeniedError, HttpRequest, IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.auth import clients as clients_module
from palyra_kernel.auth.clients import HttpClients
from palyra_kernel.net import Limits
from tests.net.server import answering


@pytest.fixture
def clients(authority):
    with HttpClients(ca_file=authority.ca_file) as made:
        yield made


def get(http, url):
    return http.send(HttpRequest("GET", url)).status


def test_one_client_for_a_set_of_hosts(clients):
    """Hazard H46 of auth profiles: a client was built for each call: a handshake, and all authorities read, for each
    refresh."""
    with (
        clients.to(["a.example", "b.example"]) as first,
        clients.to(["b.example", "A.example:443"]) as second,
    ):
        assert first is second
    with clients.to(["a.example", "b.example"]) as again, clients.to(["a.example"]) as other:
        assert again is first
        assert other is not first


def test_connections_are_kept_between_calls(net, clients):
    """Hazard H46 of auth profiles: ten calls, one connection."""
    server = net.server(answering(), tls=False)
    for _ in range(10):
        with clients.to([f"127.0.0.1:{server.port}"]) as http:
            assert get(http, f"http://127.0.0.1:{server.port}/") == 200
    assert (server.connections, len(server.requests)) == (1, 10)


def test_one_sets_client_does_not_reach_anothers_host(net, clients):
    """Hazard H48 of auth profiles: with one client for all, each adapter could send its secret to any host that
    another one has."""
    mine, other = (net.server(answering(), tls=False) for _ in range(2))
    with (
        clients.to([f"127.0.0.1:{other.port}"]),
        clients.to([f"127.0.0.1:{mine.port}"]) as http,
        pytest.raises(DeniedError) as caught,
    ):
        get(http, f"http://127.0.0.1:{other.port}/")
    assert caught.value.code == "host_not_allowed"
    assert other.connections == 0


def test_a_name_is_never_of_this_machine(clients):
    """A name that resolves to this machine is no reason to speak http to it."""
    with clients.to(["localhost:9777"]) as http:
        with pytest.raises(DeniedError) as caught:
            get(http, "http://localhost:9777/")
        assert caught.value.code == "not_https"
        with pytest.raises(DeniedError) as caught:
            get(http, "https://localhost:9777/")
        assert caught.value.code == "address_not_public"


def test_no_hosts_reach_nothing(clients):
    with clients.to([]) as http, pytest.raises(DeniedError):
        get(http, "https://a.example/")


def test_all_are_closed_together(net, authority):
    server = net.server(answering(), tls=False)
    made = HttpClients(ca_file=authority.ca_file)
    with made.to([f"127.0.0.1:{server.port}"]) as http:
        made.close()
        made.close()
        with pytest.raises(UnavailableError) as caught:
            get(http, f"http://127.0.0.1:{server.port}/")
    assert caught.value.code == "closed"
    with pytest.raises(UnavailableError) as caught, made.to(["a.example"]):
        pass
    assert caught.value.code == "closed"


def test_the_ones_that_nobody_used_for_longest_are_closed(net, clients, monkeypatch):
    """Ten thousand profiles of ten thousand issuers are not ten thousand pools; but who is in the middle of a refresh
    keeps theirs."""
    monkeypatch.setattr(clients_module, "MOST_IDLE", 3)
    server = net.server(answering(), tls=False)
    place = f"127.0.0.1:{server.port}"
    with clients.to([place]) as busy:
        found = []
        for number in range(6):
            with clients.to([f"h{number}.example"]) as http:
                found.append(http)
        assert get(busy, f"http://{place}/") == 200
    assert repr(clients) == "<HttpClients 3>"
    assert [repr(http) for http in found[:4]] == ["<HttpClient closed>"] * 4
    assert [repr(http) for http in found[4:]] == ["<HttpClient>"] * 2


def test_many_threads_share_one(clients):
    found: list[int] = []

    def use():
        with clients.to(["a.example"]) as http:
            found.append(id(http))

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 16
    assert len(set(found)) == 1


def test_limits_are_those_of_the_invariant():
    """Invariant I11 of auth profiles: a body of 64 KiB at most, a deadline for the whole, a connection for each
    refresh at one time."""
    limits = clients_module.LIMITS
    assert (limits.body_bytes, limits.total_seconds) == (64 * 1024, 10)
    assert limits.connections >= 16


def test_other_limits_and_authorities(net, authority, tmp_path):
    server = net.server(answering(b"x" * 100), tls=False)
    with (
        HttpClients(ca_file=authority.ca_file, limits=Limits(body_bytes=99)) as made,
        made.to([f"127.0.0.1:{server.port}"]) as http,
        pytest.raises(IntegrityError, match="larger"),
    ):
        get(http, f"http://127.0.0.1:{server.port}/")
    with (
        HttpClients(ca_file=tmp_path / "none.pem") as broken,
        pytest.raises(InvalidInputError) as caught,
        broken.to(["a.example"]),
    ):
        pass
    assert caught.value.code == "bad_ca_file"
