"""Which addresses are read, how, and which hosts a client may talk to."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import DeniedError, InvalidInputError
from palyra_kernel.net.hosts import Hosts, parse_url


@pytest.mark.parametrize(
    ("url", "host", "port", "resource"),
    [
        ("https://a.example", "a.example", 443, "/"),
        ("https://A.Example:8443/x?y=%20&z", "a.example", 8443, "/x?y=%20&z"),
        ("https://a.example?x", "a.example", 443, "/?x"),
        ("http://localhost/", "localhost", 80, "/"),
        ("https://1.2.3.4/", "1.2.3.4", 443, "/"),
        ("https://[2606:4700::1]:444/", "[2606:4700::1]", 444, "/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://a.example/@user:b/", "a.example", 443, "/@user:b/"),
    ],
)
def test_what_is_an_address(url, host, port, resource):
    target = parse_url(url)
    assert (target.host, target.port, target.resource) == (host, port, resource)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "a.example",
            "//a.example",
            "ftp://a.example",
            "HTTPS://a.example",
            "https:a.example",
            "https:///x",
        ),
        *("https://user@a.example/", "https://a:b@c.example/", "https://a.example#x", "https://a.example/#x"),
        *(
            "https://a.example\\@b.example/",
            "https://a.example/\\x",
            "https://a.example/ x",
            "https://a.example/\n",
        ),
        *("https://a.example\n", " https://a.example", "https://a.example/\r\nX: y", "https://a.example/\0"),
        *("https://bücher.example/", "https://a.example/ü", "https://a。example/", "https://a%2eexample/"),
        *("https://a.example:0/", "https://a.example:65536/", "https://a.example:x/", "https://a.example:/"),
        *(
            "https://a..example/",
            "https://.example/",
            "https://a.example./",
            "https://-a.example/",
            "https://a_b.c/",
        ),
        *(
            "https://127.1/",
            "https://0x7f.0.0.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://017700000001/",
        ),
        *(
            "https://0177.0.0.1/",
            "https://127.0.0.1.1/",
            "https://1.2.3.0x4/",
            "https://a.1/",
            "https://256.1.1.1/",
        ),
        *(
            "https://[::1/",
            "https://::1/",
            "https://[FE80::1%25eth0]/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[1.2.3.4/",
        ),
        "https://a.example/" + "x" * 9000,
        "https://" + "a" * 64 + ".example/",
    ],
)
def test_what_is_none(url):
    """Hazard H26: two parsers read one text as two hosts; one looked at the first, the other connected to the second.
    Four numbers in other spellings than the usual were names for one and addresses for the other."""
    with pytest.raises(InvalidInputError) as caught:
        parse_url(url)
    assert caught.value.code in ("bad_url", "bad_host")


@given(st.text(max_size=60))
def test_whatever_follows_a_host_does_not_change_it(rest):
    try:
        target = parse_url("https://a.example" + "/" + rest)
    except InvalidInputError:
        return
    assert target.host == "a.example"
    assert target.resource == "/" + rest


_PLAIN = r"https?://(([a-zA-Z]{1,5}\.){1,2}[a-z]{2,4}|([0-9]{1,3}\.){3}[0-9]{1,3}|\[[0-9a-f]{1,4}(::?[0-9a-f]{1,4}){1,7}\])"
_ODD = r"https?://[][A-Za-z0-9.:@\\%_-]{1,20}"
_REST = r"(:[0-9]{1,3})?[/?#\\]?[ -~]{0,10}"


@given(st.one_of([st.from_regex(start + _REST, fullmatch=True) for start in (_PLAIN, _ODD)]))
def test_what_is_accepted_is_the_same_host_for_others(url):
    """Hazard H26: what was checked by one parser was connected to by another."""
    try:
        target = parse_url(url)
    except InvalidInputError:
        return
    standard, other = urlsplit(url), httpx2.URL(url)
    bare = target.host.strip("[]")
    assert (standard.hostname, standard.port or target.port) == (bare, target.port)
    assert (other.host, other.port or target.port) == (bare, target.port)


def test_only_what_is_listed():
    """Hazard A6: an empty list of hosts meant any host, and a credential went wherever the address said."""
    hosts = Hosts(["a.example", "b.example:8443"])
    assert hosts.admitted("https://A.example/x").host == "a.example"
    assert hosts.admitted("https://b.example:8443/").port == 8443
    for url in (
        *("https://b.example/", "https://a.example:8443/", "https://x.a.example/", "https://aa.example/"),
        *("https://example/", "https://a.example.evil.example/", "http://a.example:443/"),
    ):
        with pytest.raises(DeniedError) as caught:
            hosts.admitted(url)
        assert caught.value.code == ("not_https" if url.startswith("http:") else "host_not_allowed")
    with pytest.raises(DeniedError):
        Hosts([]).admitted("https://a.example/")


def test_http_is_for_loopback_alone():
    """Hazard A6: a credential was sent in the clear because the address said ``http``."""
    hosts = Hosts(["a.example", "a.example:80"], loopback=["localhost:9777"])
    assert hosts.admitted("http://localhost:9777/").scheme == "http"
    with pytest.raises(DeniedError) as caught:
        hosts.admitted("http://a.example/")
    assert caught.value.code == "not_https"


@pytest.mark.parametrize(
    "entry", ["*", "*.example", ".example", "https://a.example", "a.example/", "a b", "127.1", "ü", ""]
)
def test_an_entry_that_nobody_meant(entry):
    with pytest.raises(InvalidInputError):
        Hosts([entry])


def test_one_text_is_no_list_and_one_host_is_of_one_kind():
    """Each letter of the text would have been a host."""
    for arguments in (("a.example",), (["a"], ["a"])):
        with pytest.raises(InvalidInputError):
            Hosts(*arguments)


def test_its_text_form_shows_no_path():
    assert repr(parse_url("https://a.example:1/secret?token=x")) == "<Target a.example:1>"
