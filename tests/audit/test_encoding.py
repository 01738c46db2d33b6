"""What an event says, and what it must not say."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from palyra_kernel import SensitiveBytes
from palyra_kernel.audit import Event, encode, event_of
from palyra_kernel.audit.commitment import commitment, field_salts, leaves
from palyra_kernel.audit.encoding import ITEM_BYTES, ITEMS, TEXT_BYTES, decode
from palyra_kernel.audit.event import NAMES
from palyra_kernel.errors import IntegrityError
from palyra_kernel.records.journal import MAX_EVENT_BYTES
from palyra_kernel.values.decisions import ActionRequest, Resource
from palyra_kernel.values.principals import Principal
from tests.audit.events import made

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = (
    st.integers(0, 2**63 - 1)
    | WORDS
    | st.lists(WORDS, max_size=3)
    | st.dictionaries(WORDS, WORDS, max_size=3)
)
FIELDS = st.dictionaries(WORDS, VALUES, max_size=5)
SALT = bytes(32)


def committed(content):
    return commitment(leaves(content, field_salts(SALT, content)))


@given(FIELDS, FIELDS)
def test_two_events_never_share_an_encoding(one, other):
    """Hazard P20: fields were joined by a sign that may stand in them, and two events had one hash."""
    same = msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")
    assert (committed(one) == committed(other)) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 0x6162636465666768}, {"a": "abcdefgh"}),
        ({"a": ["b", "c"]}, {"a": {"b": "c"}}),
        ({"a": ["bc"]}, {"a": ["b", "c"]}),
        ({"a": "b", "c": "d"}, {"a": "bc", "d": ""}),
        ({"a|b": "c"}, {"a": "b|c"}),
        ({}, {"": ""}),
        ({"a": []}, {"a": {}}),
    ],
)
def test_values_that_could_be_taken_for_each_other(one, other):
    """Hazard P20: ("a|b", "c") and ("a", "b|c") were one."""
    assert committed(one) != committed(other)


def test_any_byte_that_is_changed_is_found():
    """Hazard P20: number, time and a flag were left out of the hash; whoever changed them was not noticed."""
    data = encode(made(rules=("a", "b"), details={"x": "y"}, version=7))
    assert decode(data).event == made(rules=("a", "b"), details={"x": "y"}, version=7)
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            with pytest.raises(IntegrityError) as caught:
                decode(bytes(flipped))
            assert caught.value.code == "event_damaged"


def test_the_same_event_twice_has_two_commitments():
    """Hazard P20: without a salt a field that was left out is found by trying what it may have said."""
    assert encode(made())[:32] != encode(made())[:32]


@pytest.mark.parametrize("field", ["purpose", "resource", "principal", "action", "tool"])
@pytest.mark.parametrize(
    "spell", [bytes.decode, lambda value: base64.b64encode(value).decode(), lambda value: value.hex()]
)
def test_a_value_that_lives_is_masked(field, spell):
    """Hazard S21: a log of accesses kept the secrets that it told of."""
    with SensitiveBytes(b"a value of this test alone") as value:
        text = spell(value.reveal())
        event = made(**{field: f"user:{text}"})
        assert text.encode() not in encode(event)
    assert decode(encode(event)).fields[NAMES[field]] == f"user:{text}"


@pytest.mark.parametrize("token", ["ghp_" + "a" * 36, "sk-ant-" + "b" * 40, "password=hunter2hunter2"])
def test_what_looks_like_a_secret_is_masked(token):
    """Hazard S21: what people type in the wrong place is kept for ever in a log that nobody can edit."""
    event = made(
        purpose=f"deploy with {token}",
        resource=f"secret:global/{token}",
        rules=(token,),
        details={"a": token},
    )
    said = decode(encode(event)).event
    assert token.encode() not in encode(event)
    assert said.resource.startswith("secret:global/")
    assert said.purpose.startswith("deploy with ")


def test_the_name_of_a_secret_is_no_secret():
    """Hazard P24: masking by names took the resource out of every event about secrets."""
    event = made(resource="secret:global/openai_api_key", principal="token:ci-deploy-token-1")
    assert decode(encode(event)).event == event


def test_a_secret_across_the_cut_is_masked_whole():
    """Hazard P26: the text was cut first and masked then, so half a token was not known and stayed."""
    token = "ghp_" + "a" * 36
    for before in range(TEXT_BYTES - len(token) - 2, TEXT_BYTES + 2):
        said = decode(encode(made(purpose="x" * (before - 1) + " " + token))).event.purpose
        assert "ghp_" not in said


@pytest.mark.parametrize(
    "text",
    ["\0", "a\nb\r\n", "\x1b[31m", "\udcff\ud800", "\u202e", "x" * 20_000, "é" * 20_000, "\0" * 20_000],
)
def test_whatever_somebody_sends_fits_in_one_event(text):
    """Hazard S14: a request with NUL or line breaks was refused by the journal, and so were those behind it."""
    names = [field.name for field in fields(Event) if field.type is str]
    event = made(
        **dict.fromkeys(names, text),
        rules=(text,) * 100,
        capabilities=(text,),
        details={text: text, "b": text},
    )
    data = encode(event)
    assert len(data) <= MAX_EVENT_BYTES
    said = decode(data)
    assert b"\n" not in data[64:]
    assert len(said.event.purpose.encode()) <= TEXT_BYTES + 40
    assert len(said.event.rules) == ITEMS + 1
    assert all(len(rule.encode()) <= ITEM_BYTES + 40 for rule in said.event.rules)


def test_a_megabyte_is_cut_and_its_size_is_told():
    """Hazard S14: a megabyte of context filled the journal, or was refused by it together with the act."""
    data = encode(made(purpose="word " * 200_000))
    assert len(data) < 4_000
    assert decode(data).event.purpose.endswith("… (1000000 bytes)")


def test_an_event_has_all_that_was_asked():
    """Hazard P3: the record had the requester and not who decided, and nobody could tell afterwards."""
    request = ActionRequest(
        principal=Principal("channel", "irc:#ops"),
        action="secret.read",
        resource=Resource("secret", "global/a"),
        at_ms=5,
        session="s",
        purpose="deploy",
        surface="daemon",
        workspace="team",
        tool="shell",
        skill="deploying",
        vouched_by=Principal("service", "irc"),
        capabilities=("SecretsRead",),
        arguments="ab" * 32,
        auth_method="mtls",
    )
    event = event_of(
        request,
        outcome="denied",
        code="policy.baseline_deny",
        rules=("r",),
        policy="d",
        approval="i",
        version=2,
    )
    said = decode(encode(event)).fields
    assert set(said) == set(NAMES.values()) - {"end_time", "unmapped.details"}
    assert said["actor.invoked_by"] == "service:irc"
    assert said["resource.uid"] == "secret:global/a"
    assert decode(encode(event)).event == event


def test_every_field_has_a_name_of_its_own():
    """A name that two fields share gives one of them away with the other."""
    assert len(set(NAMES.values())) == len(NAMES)
    assert {field.name for field in fields(Event)} == NAMES.keys() | {"count"}
