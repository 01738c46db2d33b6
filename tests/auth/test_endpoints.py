"""Where a credential may go: what an adapter declares and an issuer names, judged before anything is stored or sent."""

from __future__ import annotations

import pytest

from palyra_kernel import OAuthMetadata, PalyraError
from palyra_kernel.contracts.endpoints import ASKED, hosts_for
from palyra_kernel.contracts.oauth import OAuthMetadata as Declared
from palyra_kernel.net.hosts import divided

ISSUER = "https://issuer.example"


def refused(hosts, issuer, **endpoints):
    with pytest.raises(PalyraError) as caught:
        hosts_for(hosts, issuer, OAuthMetadata(**endpoints))
    return caught.value.code


def test_the_hosts_of_an_issuer_are_those_that_it_names():
    metadata = OAuthMetadata(
        authorization_endpoint="https://login.example/authorize?tenant=7",
        token_endpoint="https://TOKENS.example:8443/token",
        revocation_endpoint="https://issuer.example/revoke",
        jwks_uri="https://keys.example/keys?app=1",
    )
    assert hosts_for((), ISSUER, metadata) == ("issuer.example", "keys.example", "tokens.example:8443")


def test_the_hosts_of_an_adapter_are_those_that_it_declares():
    hosts = ("auth.acme.example", "api.acme.example")
    metadata = OAuthMetadata(token_endpoint="https://auth.acme.example/token")
    assert hosts_for(hosts, "", metadata) == tuple(sorted(hosts))


@pytest.mark.parametrize("name", [*ASKED, "jwks_uri"])
def test_no_endpoint_lies_outside_of_what_the_adapter_declares(name):
    """Hazard H48, invariant I7 of auth profiles: a profile could name any https address, and the refresh token was
    posted there."""
    for url in (
        "https://evil.example/token",
        "https://auth.acme.example:444/t",
        "https://auth.acme.example.evil.example/",
    ):
        assert refused(["auth.acme.example"], "", **{name: url}) == "host_not_allowed"


@pytest.mark.parametrize("name", [*ASKED, "jwks_uri", "authorization_endpoint"])
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://issuer.example/token", "not_https"),
        ("http://localhost:9777/token", "not_https"),
        ("https://user@issuer.example/token", "bad_url"),
        ("https://issuer.example/token#fragment", "bad_url"),
        ("https:///token", "bad_url"),
        ("issuer.example/token", "bad_url"),
        ("ftp://issuer.example/token", "bad_url"),
        ("https://issuer.example:0/token", "bad_url"),
        ("https://issuer.example:99999/token", "bad_url"),
        ("https://issuer.example/a b", "bad_url"),
        ("https://127.1/token", "bad_host"),
        ("https://0x7f.0.0.1/token", "bad_host"),
        ("https://2130706433/token", "bad_host"),
        ("https://127.0.0.1/token", "endpoint_inside"),
        ("https://127.0.0.1:9777/token", "endpoint_inside"),
        ("http://127.0.0.1:9777/token", "endpoint_inside"),
        ("http://[::1]:9777/token", "endpoint_inside"),
        ("http://127.255.0.1/token", "endpoint_inside"),
    ],
)
def test_what_an_issuer_may_not_name(name, url, code):
    """Hazards H26, H48 and H50 of auth profiles: the same table at save and at use. An issuer that names an address
    of this machine would have the kernel knock at whatever listens here."""
    assert refused((), ISSUER, **{name: url}) == code


@pytest.mark.parametrize("name", ASKED)
def test_what_gets_a_credential_has_no_query(name):
    assert refused((), ISSUER, **{name: "https://issuer.example/token?next=1"}) == "endpoint_query"


@pytest.mark.parametrize("base", ["http://127.0.0.1:9777", "http://[::1]:9777", "https://127.0.0.1:9777"])
def test_an_issuer_on_this_machine_may_be_spoken_to_by_http(base):
    metadata = OAuthMetadata(token_endpoint=f"{base}/token", authorization_endpoint=f"{base}/authorize")
    place = base.partition("//")[2]
    assert hosts_for((), base, metadata) == (place,)
    assert hosts_for((), "", metadata) == (place,)
    assert hosts_for((place,), "", metadata) == (place,)


def test_a_browser_is_not_sent_to_this_machine_by_an_issuer_elsewhere():
    """Hazard H48 of auth profiles: it could be a page of another program here, with a form that looks right."""
    url = "http://127.0.0.1:80/authorize"
    assert refused(["auth.acme.example"], "", authorization_endpoint=url) == "endpoint_inside"


def test_the_hosts_of_an_adapter_are_checked():
    for hosts in (["*.example"], ["https://acme.example"], [""], ["a b"], ["127.1"], ["acme.example/path"]):
        assert refused(hosts, "") == "bad_host"


def test_what_is_an_address_of_this_machine():
    entries = [
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "[::1]:8080",
        "localhost",
        "a.example:8443",
        "[2600::1]",
        "10.0.0.1",
    ]
    public, here = divided(entries)
    assert here == ["127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:8080"]
    assert public == ["localhost", "a.example:8443", "[2600::1]", "10.0.0.1"]


def test_every_endpoint_is_looked_at():
    """An endpoint that is added to the contract and not to the list would go unchecked."""
    named = {field for field in Declared.__struct_fields__ if field.endswith(("_endpoint", "_uri"))}
    assert named == {*ASKED, "jwks_uri", "authorization_endpoint"}
