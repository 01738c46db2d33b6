"""Tokens that say where somebody goes on, as somebody brings them back; and the events of a device."""

import functools

from palyra_kernel.nodes.events.event import MOST_PAYLOAD, NewEvent
from palyra_kernel.nodes.events.tokens import Token, accepted_token, token_text
from palyra_kernel.values.decoding import decode_json
from tests.fuzz.oracles import folder, result
from tests.support import Parts

JSON = False
_DEVICE = "01JZ0000000000000000000000"
_HOLDER = f"device:{_DEVICE}"
_KNOWN = Token(holder=_HOLDER, device=_DEVICE, run=_DEVICE, sequence=7, expires_ms=2)


@functools.cache
def _records():
    return Parts(folder() / "heads").records


def seeds():
    text = token_text(_records(), _KNOWN).encode()
    return {
        "token": text,
        "altered": text[:20] + b"A" + text[21:],
        "newline": text + b"\n",
        "short": text[:43],
        "event": b'{"name":"node.started","payload":"e30="}',
        "no-json": b'{"name":"a","payload":"e30"}',
        "capital": b'{"name":"A"}',
    }


def check(data: bytes) -> None:
    """The one token that was made is taken, and nothing else; an event that is taken has its bounds."""
    found = result(accepted_token, _records(), data.decode("latin-1"), _HOLDER, _DEVICE, 1)
    if found is not None:
        assert found == _KNOWN
        assert token_text(_records(), found).encode() == data
    try:
        event = result(decode_json, data, NewEvent)
    except (ValueError, RecursionError):  # no JSON, or none of this form: the listener says so
        return
    assert event is None or len(event.payload) <= MOST_PAYLOAD
