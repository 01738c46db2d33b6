"""The arguments of an act: their canonical text, and what a human sees of it."""

import json

import msgspec

from palyra_kernel.approvals.arguments import MAX_BYTES, canonical
from palyra_kernel.approvals.shown import masked, visible, visible_json
from tests.fuzz.oracles import result

JSON = True


def seeds():
    return {
        "call": b'{"argv":["deploy","--to","production"],"env":{"A":"1"},"retries":3}',
        "hidden": '{"name":"\u202egpj.exe","p\u0430ypal":"\u200b\ufeff"}'.encode(),
        "order": '{"\u20ac":1,"\\r":2,"\ufb33":3,"1":4,"\U0001f600":5,"\x80":6,"\u00f6":7}'.encode(),
        "float": b"[1.5]",
        "large": b"[9007199254740992]",
        "surrogate": b'["\\ud800"]',
        "deep": b"[" * 33 + b"]" * 33,
        "secret": b'{"password":"correct horse","header":"Bearer abcdefghijklmnop"}',
    }


def check(data: bytes) -> None:
    """The text says what the value says, in one way; what is shown says the same, and hides nothing."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    text = result(canonical, value)
    if text is None:
        return
    assert len(text) <= MAX_BYTES
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    seen = visible_json(text.decode())
    assert json.loads(seen) == value
    for line in (seen, visible(data.decode()), visible_json(masked(text.decode(), 100))):
        assert line.isprintable()
