"""Certificates of servers: renewed by the rules, swapped whole, their keys never behind or ahead."""

import pytest

from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.identity.ca.secrets import SCOPE
from palyra_kernel.identity.ca.servers import Servers
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import key_id, new_key, packed, parsed, public_key, unpacked
from palyra_kernel.identity.certificates.times import DAY, MINUTE
from palyra_kernel.identity.certificates.verifying import verify_server
from palyra_kernel.values.refs import VaultRef
from tests.identity.making import NOW

HOSTS = Hosts.of(["gateway.example", "127.0.0.1"])


def show(gateway, servers=None, hosts=HOSTS, name="work"):
    """What it shows, after it was compared with its key and verified."""
    found = (servers or gateway.servers).identity(name, hosts)
    with found.key as secret:
        assert key_id(unpacked(secret).public_key()) == key_id(public_key(parsed(found.chain[0])))
    verify_server(found.chain, gateway.authority.bundle().roots, hosts.dns[0], gateway.now)
    return found.chain


def test_it_is_made_once_and_then_the_same(gateway):
    """Hazard H17: after a restart everything was issued again."""
    first = show(gateway)
    for _ in range(3):
        assert show(gateway, Servers(gateway.process(), gateway.vault)) == first
    assert gateway.authority.log.verify() == 1
    assert [entry.subject for entry in gateway.authority.log.entries()] == ["server:work"]


def test_it_is_renewed_after_two_thirds(gateway):
    """Hazard H19: the certificate of the server lived 24 hours from its start, and was never renewed."""
    first = show(gateway)
    gateway.now = NOW + 16 * 60 * MINUTE - 1000
    assert show(gateway) == first
    gateway.now += 1000
    second = show(gateway)
    assert second != first
    assert gateway.authority.log.verify() == 2
    assert gateway.secret_names().count("server/work") == 1


def test_other_hosts_another_ca_or_a_clock_that_went_back(gateway):
    first = show(gateway)
    second = show(gateway, hosts=Hosts.of(["other.example"]))
    gateway.authority.rotate()
    third = show(gateway, hosts=Hosts.of(["other.example"]))
    gateway.now -= 6 * MINUTE
    with pytest.raises(UnavailableError, match="clock"):
        show(gateway, hosts=Hosts.of(["other.example"]))
    assert len({first, second, third}) == 3


def test_an_emergency_voids_it(gateway):
    first = show(gateway)
    gateway.authority.rotate_emergency()
    assert show(gateway)[1] != first[1]


def test_two_servers_have_two_keys(gateway):
    one, two = show(gateway, name="work"), show(gateway, name="enrolment")
    assert key_id(public_key(parsed(one[0]))) != key_id(public_key(parsed(two[0])))


@pytest.mark.parametrize("name", ["", "Work", "a/b", "1st", "a" * 33, "é", None])
def test_names_of_servers(gateway, name):
    with pytest.raises(InvalidInputError) as caught:
        gateway.servers.identity(name, HOSTS)
    assert caught.value.code == "invalid_server_name"


def test_a_key_of_another_day_is_not_used(gateway):
    """Whoever puts another key there gets no server that fails at each handshake, but an error."""
    show(gateway)
    with packed(new_key()) as other:
        gateway.vault.put(VaultRef(SCOPE, "server/work"), other)
    with pytest.raises(IntegrityError) as caught:
        gateway.servers.identity("work", HOSTS)
    assert caught.value.code == "server_key_mismatch"


def test_who_reads_between_record_and_key_reads_again(gateway, monkeypatch):
    """Another process renews it in that moment: a pair of the old certificate and the new key serves nobody."""
    show(gateway)
    other = Servers(gateway.process(), gateway.vault)
    get = gateway.vault.get
    once = [1]

    def late(ref):
        if once and once.pop():
            gateway.now += DAY
            show(gateway, other)
        return get(ref)

    monkeypatch.setattr(gateway.vault, "get", late)
    show(gateway)
    assert gateway.authority.log.verify() == 2


def test_two_renew_at_once(gateway, monkeypatch):
    """The second finds the renewed one, and issues none of its own."""
    show(gateway)
    gateway.now += DAY
    other = Servers(gateway.process(), gateway.vault)
    signing, once = gateway.authority.signing, [1]

    def slow():
        if once and once.pop():
            show(gateway, other)
        return signing()

    monkeypatch.setattr(gateway.authority, "signing", slow)
    show(gateway)
    assert gateway.authority.log.verify() == 2


def test_short_lives_are_renewed_in_time(gateway):
    """Of one minute of life, the five that a certificate is dated back are no part."""
    servers = Servers(gateway.authority, gateway.vault, leaf_ms=MINUTE)
    first = show(gateway, servers)
    gateway.now += 39_000
    assert show(gateway, servers) == first
    gateway.now += 2_000
    assert show(gateway, servers) != first
