"""Codes: how they look, how their secrets are drawn, and where these are."""

import base64
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.errors import ConflictError, InvalidInputError, NotFoundError
from palyra_kernel.identity.pairing import codes
from palyra_kernel.identity.pairing.codes import (
    clamped_ttl_ms,
    new_pin,
    new_secret,
    parse_pin,
    parse_qr,
    pin_text,
    qr_uri,
)
from palyra_kernel.identity.pairing.keeping import MAX_CODES, Codes
from palyra_kernel.identity.pairing.states import RUN_MS
from tests.identity.pairing_world import ADDRESS, CA, NOW, World
from tests.support import Places

DAY_MS = 86_400_000


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def drawing(*numbers):
    left = iter(numbers)
    return lambda count: next(left).to_bytes(count, "big")


def test_a_pin_is_uniform_over_all_drawings():
    """Hazard H13: of all numbers that can be drawn, each PIN has the same count, and the rest is drawn again."""
    assert codes._FAIR % 10**6 == 0
    assert codes._FAIR <= 2**24 < codes._FAIR + 10**6
    assert new_pin(drawing(codes._FAIR, 2**24 - 1, codes._FAIR - 1)) == b"999999"
    assert new_pin(drawing(271_828)) == b"271828"
    assert new_pin(drawing(7)) == b"000007"


def test_a_million_mints_are_uniform():
    """Hazard H13: PINs of the system's randomness, a million of them, by a chi-square over a hundred bins (the bound is
    passed once in 10^9 runs)."""
    count = Counter(int(new_pin()) // 10_000 for _ in range(1_000_000))
    assert len(count) == 100
    assert sum((each - 10_000) ** 2 / 10_000 for each in count.values()) < 230


def test_equal_secrets_under_two_ids_coexist(world, monkeypatch):
    """Hazard H13: a PIN that collides with another one replaces nothing."""
    monkeypatch.setattr("palyra_kernel.identity.pairing.keeping.new_pin", lambda: b"271828")
    one, other = world.pin(), world.pin()
    assert one.secret == other.secret
    assert one.id != other.id
    for code in world.codes.list():
        with world.codes.secret(code) as secret:
            assert secret.reveal() == b"271828"


def test_a_list_shows_no_secret(world):
    """Hazard H14: not in lists, not in any text form, not in the records."""
    pin, qr = world.pin(), world.qr()
    shown = repr((world.codes.list(), pin, qr))
    documents = [
        world.parts.records.open(stored) for stored in world.parts.records.stored(b"g/pairing_codes/")
    ]
    for secret in (pin.secret, qr.secret):
        assert secret.decode() not in shown
        assert not any(secret in document for document in documents)


def test_no_file_holds_a_code(tmp_path):
    """Hazard H14: a scan of everything on the disk finds none of the codes that were minted."""
    places = Places(tmp_path)
    with places.create() as kernel:
        kept = Codes(kernel._records, kernel.vault)
        minted = [kept.mint_pin(issued_by="user:1000", at_ms=NOW) for _ in range(5)]
        minted += [
            kept.mint_qr(gateway=ADDRESS, ca_hash=CA, issued_by="user:1000", at_ms=NOW) for _ in range(5)
        ]
        parsed = [parse_pin(each.text) for each in minted[:5]] + [parse_qr(each.text) for each in minted[5:]]
    for path in places.files():
        content = path.read_bytes()
        for code in parsed[5:]:
            assert code.secret not in content
            assert base64.b32decode(code.secret + b"======") not in content
        assert not any(each.text.encode() in content for each in minted)


@pytest.mark.parametrize(
    ("wanted", "given_ms"), [(None, 600_000), (0, 30_000), (30_001, 30_001), (10**12, DAY_MS), (-5, 30_000)]
)
def test_a_code_lives_within_bounds(wanted, given_ms):
    assert clamped_ttl_ms(wanted) == given_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7-271828",
        "7-271-82",
        "07-271-828",
        "0-271-828",
        "7 271 828",
        "7-271-8288",
        "\u0667-271-828",
        None,
    ],
)
def test_what_is_no_code(text):
    with pytest.raises(InvalidInputError, match="a code looks like 7-271-828"):
        parse_pin(text)


def test_a_code_as_it_was_read_out():
    assert parse_pin(" 7-271-828\n")[:3] == ("pin", "7", b"271828")
    assert pin_text("12", b"000042") == "12-000-042"


@given(
    st.integers(1, 999_999),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**53),
    st.sampled_from([ADDRESS, "https://[2001:db8::1]:7443", "https://192.0.2.1"]),
)
def test_what_a_camera_sees_says_it_all(id, secret, ca, expires, gateway):
    made = new_secret(lambda _: secret)
    uri = qr_uri(str(id), made, gateway, ca, expires)
    assert parse_qr(uri) == ("qr", str(id), made, gateway, ca, expires)
    assert len(uri) < 300


def test_a_damaged_picture_is_refused(world):
    """One spelling: whatever else it could be read as, it is not read."""
    uri = qr_uri("7", new_secret(), ADDRESS, CA, NOW)
    damaged = [
        *(
            uri[:60],
            uri + "&x=1",
            uri.replace("palyra-pair:1", "palyra-pair:2"),
            uri.replace("code=7", "code=07"),
        ),
        *(uri.replace("https", "http"), uri.replace("expires=", "expires=+"), uri.upper(), uri + "\n", None),
        *(
            uri.replace(CA.hex(), CA.hex().upper()),
            uri.replace("gateway.test", "u:p@gateway.test"),
            "x" * 5000,
        ),
        *(
            uri.replace(":7443", ":99999"),
            uri.replace(":7443", ":7443/path"),
            uri.replace("&ca=", "&ca=&ca="),
        ),
    ]
    for each in damaged:
        with pytest.raises(InvalidInputError):
            parse_qr(each)


def test_the_address_of_a_gateway_is_checked_before_anything_is_made(world):
    with pytest.raises(InvalidInputError, match="address"):
        world.codes.mint_qr(gateway="http://x", ca_hash=CA, issued_by="user:1", at_ms=NOW)
    assert world.codes.list() == []


def test_what_is_over_is_swept_away(world):
    """The secret of a code that expired is not kept for anybody to find."""
    world.pin()
    (code,) = world.codes.list()
    world.now += 600_000 + RUN_MS
    assert world.codes.sweep(world.now) == 1
    assert world.codes.list() == []
    with pytest.raises(NotFoundError):
        world.codes.secret(code)


def test_there_are_not_too_many(world, monkeypatch):
    monkeypatch.setattr("palyra_kernel.identity.pairing.keeping.MAX_CODES", 5)
    assert MAX_CODES == 1000
    ids = {world.pin().id for _ in range(5)}
    assert len(ids) == 5
    with pytest.raises(ConflictError, match="there are 5"):
        world.pin()
