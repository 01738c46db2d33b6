"""Somebody on the wire of a pairing, who reads, changes, drops, replays, reorders, reflects and mixes what passes."""

from __future__ import annotations

import base64
import json
from typing import NamedTuple

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.pairing.device import Confirmed
from palyra_kernel.identity.pairing.states import Pairing

REPLAYED = 40


class Outcome(NamedTuple):
    """``confirmed``: what the device believes, None if nothing; ``proven``: the pairing that the gateway wrote down."""

    confirmed: Confirmed | None
    proven: Pairing | None
    touched: frozenset[int]

    def won(self, device):
        """Whether anybody got further than the two of them meant: a side that believes in a run that was touched before
        it did, or a gateway that has another key for this device."""
        deceived = self.proven is not None and self.proven.identity != device.self.identity
        early = self.touched & {1, 2, 3}
        return (
            deceived
            or (self.proven is not None and bool(early))
            or (self.confirmed is not None and bool(self.touched))
        )


def play(world, device, scanned, tamper, source):
    """One run through *tamper*, which gets the number of a message and the message, and gives what goes on."""
    touched = set()

    def wire(number, raw):
        passed = tamper(number, raw)
        if passed != raw:
            touched.add(number)
        return passed

    run = device.run(scanned)
    confirmed = proven = begun = None
    try:
        begun = world.begin(wire(1, run.hello()), source)
        answer = run.prove(wire(2, begun.reply))
        accepted = world.pairings.finish(begun.run, wire(3, answer)) if begun.run else begun.reply
        confirmed = run.confirm(wire(4, accepted))
    except DeniedError as error:
        if (error.code, error.message) != ("pairing_failed", "the pairing failed"):
            raise  # one refusal tells nothing that another does not
    if begun is not None and begun.run is not None:
        pairing = world.runs.row(begun.run.run).pairing
        proven = pairing if pairing.state == "proven" else None
    return Outcome(confirmed, proven, frozenset(touched))


class Wire:
    """What passes, and everything that ever passed."""

    def __init__(self, random):
        self.random = random
        self.seen: dict[int, list[bytes]] = {1: [], 2: [], 3: [], 4: []}

    def tampering(self, kind):
        """A tamper function of *kind*; each changes one message of the run, chosen by chance."""
        target = self.random.choice((1, 2, 3, 4))
        sent = {}

        def tamper(number, raw):
            old = list(self.seen[number])
            self.seen[number] = [*old[-REPLAYED:], raw]
            sent[number] = raw
            return getattr(self, kind)(raw, number, old, sent) if number == target else raw

        return tamper

    def read(self, raw, number, old, sent):
        return raw

    def change(self, raw, number, old, sent):
        return self.random.choice(list(changed(raw)) or [b""])

    def drop(self, raw, number, old, sent):
        return b""

    def replay(self, raw, number, old, sent):
        return self.random.choice(old) if old else b""

    def reorder(self, raw, number, old, sent):
        return self.random.choice([each for other, each in sent.items() if other != number] or [b""])

    def reflect(self, raw, number, old, sent):
        """The share of the other side comes back."""
        if number != 3 or b'"share"' not in sent.get(2, b""):
            return b""
        proof = json.loads(raw)
        return encoded(proof | {"share": json.loads(sent[2])["share"]})

    def mix(self, raw, number, old, sent):
        """A field of this run, from another."""
        if not old:
            return b""
        other, own = json.loads(old[-1]), json.loads(raw)
        if other["type"] != own["type"]:
            return old[-1]
        names = [name for name in own if own[name] != other[name]]
        return encoded(own | {name: other[name] for name in names[:1]}) if names else b""

    def downgrade(self, raw, number, old, sent):
        document = json.loads(raw)
        if "versions" in document:
            return encoded(document | {"suites": ["plain", "spake2-ed25519-sha256"]})
        return encoded(document | {"version": 0}) if "version" in document else raw[:-1]

    def truncate(self, raw, number, old, sent):
        return raw[: self.random.randrange(len(raw))]


KINDS = ("change", "drop", "replay", "reorder", "reflect", "mix", "downgrade", "truncate")


def changed(raw):
    """*raw* with each of its fields changed in turn, in the spelling that would be accepted."""
    document = json.loads(raw)
    for name, value in document.items():
        for other in others(value):
            yield encoded(document | {name: other})


def others(value):
    """Values like *value* that are not it."""
    if isinstance(value, int):
        yield value + 1
        yield 0
    elif isinstance(value, list):
        yield [*value, value[0]]
        yield []
    elif isinstance(value, str):
        try:
            data = base64.b64decode(value, validate=True)
        except ValueError:
            data = b""
        if len(data) >= 17:
            yield base64.b64encode(data[:-1] + bytes([data[-1] ^ 1])).decode()
            yield base64.b64encode(bytes(len(data))).decode()
        yield "node" if value != "node" else "cli"
        yield value[:-1] + ("1" if value[-1:] != "1" else "2")


def encoded(document):
    return json.dumps(document, separators=(",", ":")).encode()
