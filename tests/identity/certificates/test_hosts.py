"""Names of servers: trimmed, once each, and nothing that a certificate cannot carry."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.certificates.hosts import MOST, Hosts

labels = st.from_regex(r"[a-zA-Z][a-zA-Z0-9]{0,10}", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=3).map(".".join)
addresses = st.ip_addresses().map(str).filter(lambda text: "%" not in text)


@given(st.lists(names | addresses | st.sampled_from(["", " ", "\t"]), max_size=20))
def test_each_name_once_in_one_form(texts):
    kept = [text.lower() for text in texts if text.strip()]
    if not kept:
        return
    hosts = Hosts.of([f" {text}\t" for text in texts])
    assert list(hosts.dns) == list(dict.fromkeys(text for text in kept if not is_address(text)))
    assert list(hosts.addresses) == list(dict.fromkeys(text for text in kept if is_address(text)))
    assert Hosts.of([*hosts.dns, *hosts.addresses]) == hosts


def is_address(text):
    try:
        return bool(str(ipaddress.ip_address(text)))
    except ValueError:
        return False


@given(st.text(max_size=40))
def test_any_text_is_a_host_or_refused(text):
    try:
        hosts = Hosts.of([text])
    except InvalidInputError as error:
        assert error.message.isprintable()  # noqa: PT017
        return
    assert len(hosts.dns) + len(hosts.addresses) == 1


def test_one_address_has_one_form():
    assert Hosts.of(["::1", "0:0:0:0:0:0:0:1", "2001:DB8::A"]).addresses == ("::1", "2001:db8::a")


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "*.example",
        "a..b",
        "-a",
        "a-",
        ".a",
        "a.",
        "a b",
        "a/b",
        "a:443",
        "a_b",
        "[::1]",
        "fe80::1%eth0",
        "1.2.3",
        "a.1",
        "0x7f.0x1",
        "2130706433",
        "münchen.example",
        "x" * 64,
        ".".join(["x" * 60] * 5),
        "a\0b",
        "a\n",
        7,
        None,
        b"a",
    ],
)
def test_what_is_no_host(text):
    """A name that a browser reads as an address would be a certificate for something else than it says."""
    with pytest.raises(InvalidInputError) as caught:
        Hosts.of([text])
    assert caught.value.code == "invalid_host"


@pytest.mark.parametrize("texts", [[], ["", " "], [f"h{number}.example" for number in range(MOST + 1)]])
def test_none_or_too_many(texts):
    with pytest.raises(InvalidInputError):
        Hosts.of(texts)
