"""Key protectors behind the guard: what they return goes into the keyring, or is the root key."""

from __future__ import annotations

import secrets
import sys

import pytest

from palyra_kernel.contracts import SlotContext, Unlock
from palyra_kernel.errors import InvalidInputError, UnavailableError
from palyra_kernel.plugins import guarded_protector
from palyra_kernel.values import SensitiveBytes
from tests.plugins.test_plugin_guard import PAYLOAD, raise_it

PROTECTOR = """
from palyra_kernel.contracts.protectors import KeyProtector
from palyra_kernel.hookspecs import hookimpl
from palyra_kernel.values.sensitive import SensitiveBytes

class Protector(KeyProtector):
    kind = "plain"
    weak = "it is a test"
    def available(self):
        return None
    def wrap(self, key, context, unlock):
        return {"key": key.reveal().hex(), "n": 1}
    def unwrap(self, slot, context, unlock):
        return SensitiveBytes(bytes.fromhex(slot["key"]))
    def forget(self, slot, context, unlock):
        pass

@hookimpl
def palyra_key_protectors():
    return [Protector]
"""
CONTEXT = SlotContext(vault_id="v", slot_id="s", kind="plain", params={})


@pytest.fixture
def protector(offer_of):
    return guarded_protector(offer_of(PROTECTOR, "key_protectors"))


@pytest.fixture
def protector_author(protector):
    return sys.modules["acme_zed"].Protector


def test_a_protector_works(protector):
    key = SensitiveBytes(secrets.token_bytes(32))
    slot = protector.wrap(key, CONTEXT, Unlock())
    assert protector.unwrap(slot, CONTEXT, Unlock()) == key
    protector.forget(slot, CONTEXT, Unlock())
    assert protector.available() is None
    assert (protector.kind, protector.device_bound, protector.weak) == ("plain", False, "it is a test")


@pytest.mark.parametrize("wrong", ["weak = ''", "weak = True", "device_bound = 1", "wraps_publicly = 1"])
def test_attributes_of_a_protector_are_checked_at_load(offer_of, wrong):
    with pytest.raises(UnavailableError, match="not what its contract allows"):
        offer_of(PROTECTOR.replace('weak = "it is a test"', wrong), "key_protectors")


def test_an_attribute_that_is_no_part_of_the_contract_is_the_authors_own(offer_of, source):
    assert offer_of(source().replace('kind = "memory"', 'kind = "memory"; weak = 7')).key == "memory"


def test_what_goes_into_a_protector_is_checked(protector):
    for key in (b"x" * 32, SensitiveBytes(b"short")):
        with pytest.raises(InvalidInputError):
            protector.wrap(key, CONTEXT, Unlock())
    for slot in (None, {"a": None}, {1: "a"}, {"a": 2**64}, {"a": "x" * 70_000}):
        with pytest.raises(InvalidInputError) as caught:
            protector.unwrap(slot, CONTEXT, Unlock())
        assert caught.value.code == "invalid_slot"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("wrap", None),
        ("wrap", {"key": b"bytes"}),
        ("wrap", {"key": True}),
        ("wrap", {"key": 1.5}),
        ("wrap", {"key": 2**53 + 1}),
        ("wrap", {"key": {}}),
        ("wrap", {1: "x"}),
        ("wrap", {"key": "x" * 65_536}),
        ("wrap", {"key": "\ud800"}),
        ("unwrap", b"x" * 32),
        ("unwrap", None),
        ("unwrap", SensitiveBytes(b"x" * 31)),
        ("unwrap", SensitiveBytes(b"")),
        ("forget", True),
        ("available", True),
    ],
)
def test_what_comes_out_of_a_protector_is_checked(protector, protector_author, monkeypatch, method, answer):
    """A key of another length, or a bool in slot data, showed up only when somebody needed the vault back."""
    monkeypatch.setattr(protector_author, method, lambda *_: answer)
    arguments = {
        "wrap": (SensitiveBytes(bytes(32)), CONTEXT, Unlock()),
        "unwrap": ({}, CONTEXT, Unlock()),
        "forget": ({}, CONTEXT, Unlock()),
    }
    with pytest.raises(UnavailableError) as caught:
        getattr(protector, method)(*arguments.get(method, ()))
    assert caught.value.code == "plugin_failed"


def test_a_key_of_the_wrong_length_is_wiped(protector, protector_author, monkeypatch):
    key = SensitiveBytes(b"x" * 31)
    monkeypatch.setattr(protector_author, "unwrap", lambda *_: key)
    with pytest.raises(UnavailableError):
        protector.unwrap({}, CONTEXT, Unlock())
    with pytest.raises(InvalidInputError, match="wiped"):
        key.reveal()


def test_a_protector_that_cannot_be_built(offer_of, monkeypatch):
    offer = offer_of(PROTECTOR, "key_protectors")
    monkeypatch.setattr(offer.cls, "__init__", lambda _: raise_it(ValueError(PAYLOAD)))
    with pytest.raises(UnavailableError, match="failed in __init__: ValueError"):
        guarded_protector(offer)


def test_an_unavailable_protector_says_why(protector, protector_author, monkeypatch):
    monkeypatch.setattr(protector_author, "available", lambda _: "no chip\x07")
    assert protector.available() == "no chip?"
    monkeypatch.setattr(protector_author, "available", lambda _: "")
    assert protector.available() == "no reason given"
