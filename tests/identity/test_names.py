"""Names of devices have one form each: what reads alike is the same device, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity import names
from palyra_kernel.values.ulid import is_ulid, new_ulid

ULID = "01JD8Z6N6V4J1G5E1Q0QK5Z9XW"

domains = st.from_regex(
    r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?){0,3}", fullmatch=True
)
ulids = st.integers(0, 2**48 - 1).map(new_ulid)


@given(domains, ulids)
def test_a_name_comes_back_from_its_uri(domain, device):
    assert names.parse_device_uri(names.device_uri(domain, device)) == (domain, device)


@given(
    st.text(max_size=60)
    | st.builds("spiffe://{}/device/{}".format, st.text(max_size=20), st.text(max_size=30))
)
def test_what_parses_is_written_the_same(text):
    """Two spellings of one name would be two names for whoever compares text."""
    try:
        domain, device = names.parse_device_uri(text)
    except InvalidInputError:
        return
    assert names.device_uri(domain, device) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        f"spiffe://a/device/{ULID}/",
        f"spiffe://a/device/{ULID}?",
        f"SPIFFE://a/device/{ULID}",
        f"spiffe://a:1/device/{ULID}",
        f"spiffe://a/device/node/{ULID}",
        f"spiffe://a/gateway/{ULID}",
        f"spiffe:///device/{ULID}",
        f"a/device/{ULID}",
    ],
)
def test_what_is_no_name_of_a_device(text):
    with pytest.raises(InvalidInputError) as caught:
        names.parse_device_uri(text)
    assert caught.value.code == "invalid_device_uri"


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        ULID.lower(),
        ULID[:-1],
        ULID + "0",
        ULID + "\n",
        "8" + ULID[1:],
        ULID.replace("Q", "O"),
        " " + ULID,
        7,
        ULID.encode(),
    ],
)
def test_only_a_canonical_ulid_is_a_device_id(text):
    """An id whose first character is above 7 does not fit in 128 bits; it used to be accepted elsewhere."""
    with pytest.raises(InvalidInputError) as caught:
        names.device_id(text)
    assert caught.value.code == "invalid_device_id"


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        ".",
        "a..b",
        "-a",
        "a-",
        "a.-b",
        "a_b",
        "A.example",
        "a.example.",
        "a/b",
        "a:1",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "ä.example",
        "a\n",
    ],
)
def test_what_is_no_trust_domain(text):
    with pytest.raises(InvalidInputError) as caught:
        names.trust_domain(text)
    assert caught.value.code == "invalid_trust_domain"


@pytest.mark.parametrize("text", ["a", "palyra.example", "xn--4ca.example", "1.2", "a" * 63])
def test_what_is_a_trust_domain(text):
    assert names.trust_domain(text) == text


@pytest.mark.parametrize("text", ["", "Node", "node ", "nodes", None, 1, ["node"]])
def test_only_three_kinds_of_device(text):
    with pytest.raises(InvalidInputError) as caught:
        names.device_kind(text)
    assert caught.value.code == "invalid_device_kind"
    assert [names.device_kind(kind) for kind in names.KINDS] == ["cli", "desktop", "node"]


def test_a_new_id_is_one():
    assert is_ulid(names.new_device_id(1_700_000_000_000))
