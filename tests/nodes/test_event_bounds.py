"""Tokens of one holder, and what bounds the events of a device: number, size, age."""

from __future__ import annotations

import base64

import msgspec
import pytest

from palyra_kernel.errors import (
    InvalidInputError,
)
from palyra_kernel.identity.clock import Clock
from palyra_kernel.nodes.events.event import NewEvent
from palyra_kernel.nodes.events.events import Events
from palyra_kernel.nodes.events.log import MAX_AGE_MS, NODE_EVENTS
from palyra_kernel.nodes.events.tokens import LIFE_MS, MAX_LENGTH
from palyra_kernel.records import Change
from tests.nodes.events_world import READER, SLOTS, A, B, Gateway, refused
from tests.support import Parts


@pytest.fixture
def gateway(parts):
    return Gateway(parts)


def test_a_token_is_of_one_holder_and_one_device(gateway):
    """Hazard H40: the resume token was a bare number: whoever had one of A's went on as B."""
    token = gateway.say("a")
    gateway.say("x", device=B)
    with refused("token_foreign"):
        gateway.say("y", device=B, token=token)
    with refused("token_foreign"):
        gateway.events.follow(f"device:{A}", B, token)
    with refused("token_foreign"):
        gateway.events.follow(READER, A, token)
    reading = gateway.events.follow(READER, A).token
    with refused("token_foreign"):
        gateway.events.follow("user:1001", A, reading)
    with refused("token_foreign"):
        gateway.say("y", token=reading)


def test_every_altered_token_is_refused(gateway):
    """Hazard H40: altered. Each bit of it, and what base64 reads in more than one way."""
    token = gateway.say("a")
    raw = base64.urlsafe_b64decode(token)
    altered = [
        base64.urlsafe_b64encode(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]).decode()
        for place in range(len(raw))
    ]
    altered += [
        token + "=",
        token + "\n",
        " " + token,
        token[:-1],
        "",
        "x",
        "ä",
        "=" * 8,
        "A" * (MAX_LENGTH + 1),
    ]
    for text in altered:
        if text:
            with refused("token_refused"):
                gateway.say("b", token=text)


def test_fields_of_a_token_are_not_believed_without_the_mac(gateway):
    """Hazard H40: a token that says what it is, and that anybody can write."""
    raw = base64.urlsafe_b64decode(gateway.say("a"))
    said = msgspec.json.decode(raw[32:])
    for change in (
        {"sequence": 2},
        {"sequence": -1},
        {"sequence": 2**64},
        {"expires_ms": 2**62},
        {"more": 1},
    ):
        forged = raw[:32] + msgspec.json.encode({**said, **change})
        with refused("token_refused"):
            gateway.say("b", token=base64.urlsafe_b64encode(forged).decode())


def test_a_token_expires(gateway):
    """Hazard H40: expired."""
    token = gateway.say("a")
    gateway.now_ms += LIFE_MS - 1
    gateway.say("b", token=token)
    gateway.now_ms += 1
    with refused("token_expired"):
        gateway.say("c", token=token)


def test_a_token_of_another_vault_is_refused(gateway, tmp_path):
    """Hazard H40: two gateways, and a token of the one at the other."""
    other = Parts(tmp_path / "other")
    from palyra_kernel.keys.derive import DerivedKeys
    from palyra_kernel.values.sensitive import SensitiveBytes

    other.records.keys = DerivedKeys(SensitiveBytes(bytes(31) + b"\1"), "f" * 32, 1)
    foreign = Events(gateway.records, Clock(lambda: gateway.now_ms))
    token = gateway.say("a")
    foreign._records = other.records
    with refused("token_refused"):
        foreign.append(A, [NewEvent(name="b")], token)


def test_a_token_of_an_earlier_life_of_the_log_begins_anew(gateway):
    """Hazard H40: numbers of a log that was deleted named events of the next one."""
    gateway.say("a", "b")
    reading, writing = gateway.events.follow(READER, A).token, gateway.events.where(A)
    change = Change()
    gateway.events.plan_end(change, A)
    gateway.records.commit(change)
    assert gateway.events.follow(READER, A) == ((), 0, "", False)
    gateway.say("c", token=writing)
    assert gateway.names(reading) == ["c"]


def test_the_ring_keeps_the_newest_and_says_what_was_missed(gateway):
    """Hazard H37: the history grew for ever. And who came late took the newest events for all there were."""
    token = gateway.events.follow(READER, A, limit=1).token
    gateway.say("first")
    token = gateway.events.follow(READER, A).token
    for number in range(3 * SLOTS):
        gateway.say(f"e{number}")
    rows = [key for key in gateway.store.shelf.records if key.startswith(NODE_EVENTS.prefix)]
    assert len(rows) == SLOTS
    page = gateway.events.follow(READER, A, token)
    assert page.missed == 2 * SLOTS
    assert [event.name for event in page.events] == [f"e{number}" for number in range(2 * SLOTS, 3 * SLOTS)]
    assert gateway.events.follow(READER, A).missed == 0


def test_more_at_once_than_there_are_slots(gateway):
    gateway.say(*(f"e{number}" for number in range(SLOTS + 3)))
    assert gateway.names() == [f"e{number}" for number in range(3, SLOTS + 3)]


def test_what_is_a_week_old_is_deleted(gateway):
    """Hazard H37: what nobody asked for any more stayed on the disk."""
    gateway.say("old", "older")
    token = gateway.events.follow(READER, A, limit=1).token
    gateway.now_ms += MAX_AGE_MS
    gateway.say("new")
    assert gateway.events.prune() == 0
    gateway.now_ms += 1
    assert gateway.events.prune() == 2
    assert gateway.names() == ["new"]
    gateway.now_ms -= MAX_AGE_MS
    assert gateway.events.follow(READER, A, token).missed == 1
    gateway.now_ms += 2 * MAX_AGE_MS
    assert gateway.events.prune() == 1
    assert gateway.events.follow(READER, A).events == ()
    assert gateway.events.prune() == 0
    gateway.say("again")
    assert gateway.names() == ["again"]


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("", b"null"),
        ("A", b"null"),
        ("a" * 65, b"null"),
        ("a b", b"null"),
        ("a\n", b"null"),
        ("ä", b"null"),
        ("a", b""),
        ("a", b"text"),
        ("a", b'"\xff"'),
        ("a", b'"' + b"x" * 4095 + b'"'),
        ("a", b"[" * 4096),
    ],
)
def test_what_is_no_event_is_refused(name, payload):
    """Hazard H41: names of events were free text, and payloads had any size."""
    with refused("invalid_event", InvalidInputError):
        NewEvent(name=name, payload=payload)


@pytest.mark.parametrize("count", [0, 101])
def test_so_many_at_a_time(gateway, count):
    """Hazard H31: frames of 0 and of a million."""
    with refused("too_many_events", InvalidInputError):
        gateway.say(*["a"] * count)
    with refused("too_many_events", InvalidInputError):
        gateway.events.follow(READER, A, limit=count)


@pytest.mark.parametrize("device", ["", "a/b", A.lower(), A + "\n", f"{A}/1"])
def test_a_device_has_an_id(gateway, device):
    """Hazard H41: what stood in a key was free text."""
    with refused("invalid_device_id", InvalidInputError):
        gateway.say("a", device=device)
    with refused("invalid_device_id", InvalidInputError):
        gateway.events.follow(READER, device)
