"""Which addresses are public: a table from the registries, and a comparison with Python's own opinion."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.net.addresses import is_loopback, is_public, literal

PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1"),
    *("169.253.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255", "11.0.0.0", "9.255.255.255"),
    *("2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "2001:200::1", "64:ff9b::808:808"),
]
NOT_PUBLIC = [
    # RFC 6890 and the registry of special-purpose addresses
    *("0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255"),
    *("127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255"),
    *(
        "192.0.0.0",
        "192.0.0.170",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
    ),
    *("198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255"),
    *("240.0.0.0", "255.255.255.255"),
    # and of IPv6
    *(
        "::",
        "::1",
        "::2",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
    ),
    *(
        "100::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
        "5f00::1",
    ),
    *(
        "2001::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff::1",
        "2001:db8::1",
        "3fff::1",
    ),
    # IPv4 inside IPv6
    *("2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1"),
    *("64:ff9b::169.254.169.254", "64:ff9b::192.168.0.1", "64:ff9b::0.0.0.0", "64:ff9b:1::808:808"),
    *("64:ff9b:1:7f00:0:1::", "64:ff9b:1:ffff:ffff:ffff:10.0.0.1", "64:ff9b:0:1::808:808"),
    *("2606:4700::1%1",),
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_not_public(text):
    """Hazard H26: addresses inside other addresses, NAT64 and ``::/96``, were open."""
    assert not is_public(ip_address(text))


addresses_4 = st.integers(0, 2**32 - 1).map(IPv4Address)
addresses_6 = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(2**125, 2**126 - 1),  # 2000::/3
    st.integers(0x2001 << 112, (0x2002 << 112) - 1),
    st.integers(0, 2**97),
).map(IPv6Address)


@given(st.one_of(addresses_4, addresses_6))
def test_never_more_than_python_allows(address):
    """Python knows the same registries. It must not know of one that is missing here."""
    if is_public(address) and address not in IPv6Network("64:ff9b::/96"):
        assert address.is_global
        assert not address.is_private
        assert not address.is_multicast
        assert not address.is_reserved


@given(addresses_4)
def test_never_less_than_python_allows_in_ipv4(address):
    """What is refused beyond Python's list is the list's: multicast and the relays of 6to4."""
    if address.is_global and not is_public(address):
        more = ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4")
        assert any(address in IPv4Network(network) for network in more)


@given(addresses_4)
def test_what_carries_an_ipv4_address_is_no_better_than_that(address):
    """Hazard H26: a private IPv4 address passed in the clothes of IPv6."""
    inside = int(address)
    assert is_public(IPv6Address((0x64FF9B << 96) | inside)) == is_public(address)
    for carrier in (0xFFFF << 32, 0, 0x64FF9B0001 << 80, 0x20010000 << 96):
        assert not is_public(IPv6Address(carrier | inside))
    assert not is_public(IPv6Address((0x2002 << 112) | (inside << 80)))


@pytest.mark.parametrize("text", ["127.0.0.1", "127.255.0.1", "::1"])
def test_loopback(text):
    assert is_loopback(ip_address(text))


@pytest.mark.parametrize(
    "text", ["::ffff:127.0.0.1", "0.0.0.0", "::", "::7f00:1", "64:ff9b::7f00:1", "128.0.0.1"]
)
def test_no_loopback(text):
    assert not is_loopback(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "127.1",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "2130706433",
            "127.0.0.01",
            "::0:1",
            "FE80::1",
            "[::1",
            "a",
            "",
        ),
        *("1.2.3.4.", "\uff11.1.1.1", " 1.1.1.1", "1.1.1.1/32"),
    ],
)
def test_an_address_has_one_spelling(text):
    assert literal(text) is None


def test_brackets_are_no_part_of_it():
    """Hazard H26: ``https://[::1]/`` passed where it was stored, and public IPv6 addresses never worked."""
    assert literal("[::1]") == literal("::1") == ip_address("::1")
