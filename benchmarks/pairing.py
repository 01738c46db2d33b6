"""Pairing: both sides beside the bare exchange of the library; a gateway with its records; and what refusals take."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from spake2 import SPAKE2_A, SPAKE2_B

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from palyra_kernel import Kernel
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.pairing.codes import Scanned, parse_pin
from palyra_kernel.identity.pairing.device import DeviceRun
from palyra_kernel.identity.pairing.device import Self as Own
from palyra_kernel.identity.pairing.gateway import Challenge, GatewayRun, Terms
from palyra_kernel.identity.pairing.messages import Hello, decode
from palyra_kernel.identity.pairing.pairings import Issued, Pairings, Rules
from palyra_kernel.records import Change
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.ulid import new_ulid

_HASH = bytes(range(32))
_KEY = Ed25519PrivateKey.generate()
_TERMS = Terms(_KEY.public_key().public_bytes_raw(), _KEY.sign, _HASH, _HASH)
_RULES = Rules(
    admit=lambda _: Change(),
    known=lambda _: None,
    check_request=lambda _: None,
    issue=lambda _: Issued((), b"", Change()),
)
_CODE = Scanned("pin", "7", b"271828")


def rows(scale: Scale) -> Iterator[Row]:
    """In memory first; then on a vault, from message 1 to 4; then a code that there is beside one that there is not."""
    calls = scale.calls(20)
    _print_cpu("both sides", _in_memory, calls)
    bare = Side("spake2", lambda _: _exchange(), calls)
    yield measure(Pair("both sides, messages 1 to 4", 0, Side("pairing", _in_memory, calls), bare), scale)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        with Kernel.open(
            state_root=base / "state", config_dir=base / "config", plugins=["file"], create=True
        ) as kernel:
            pairings = Pairings(kernel._records, kernel.vault, _RULES, Clock())
            full = Side("pairing", lambda _: _on_records(pairings), calls)
            memory = Side("in memory", _in_memory, calls)
            yield measure(Pair("the same, with its records", 0, full, memory), scale)
            unknown = Side(
                "no such code", lambda n: _refused(pairings, Scanned("pin", "999999", b"0" * 6), n), calls
            )
            rounds = (scale.rounds + 1) * calls
            _PINS[:] = [
                pairings.codes.mint_pin(issued_by="user:1000", at_ms=now_ms(), ttl_ms=86_400_000).text
                for _ in range(min(rounds, 900))
            ]
            wrong = Side("a wrong PIN", lambda n: _refused(pairings, _minted(pairings), n), calls)
            yield measure(Pair("refused: no such code, beside a wrong PIN", 0, unknown, wrong), scale)


def _device() -> Own:
    key = Ed25519PrivateKey.generate()
    agreement = X25519PrivateKey.generate().public_key().public_bytes_raw()
    return Own(
        new_ulid(now_ms()), "node", key.public_key().public_bytes_raw(), agreement, key.sign, b"r" * 400
    )


def _in_memory(_: int) -> None:
    ours = DeviceRun(_device(), _CODE, _HASH)
    theirs = GatewayRun(_TERMS, new_ulid(now_ms()), now_ms())
    offer = theirs.offer(decode(ours.hello(), Hello), Challenge("pin", "7", _CODE.secret, 0, live=True))
    theirs.verify(ours.prove(offer), now_ms())
    ours.confirm(theirs.accept())


def _exchange() -> None:
    one, other = SPAKE2_A(b"271828"), SPAKE2_B(b"271828")
    share = one.start()
    if one.finish(other.start()) != other.finish(share):
        raise RuntimeError("the wrong thing is measured")


def _on_records(pairings: Pairings) -> None:
    minted = pairings.codes.mint_pin(issued_by="user:1000", at_ms=now_ms())
    ours = DeviceRun(_device(), parse_pin(minted.text), _HASH)
    begun = pairings.begin(ours.hello(), os.urandom(8).hex(), _TERMS)
    if begun.run is None:
        raise RuntimeError("the wrong thing is measured")
    ours.confirm(pairings.finish(begun.run, ours.prove(begun.reply)))


def _minted(pairings: Pairings) -> Scanned:
    code = parse_pin(_PINS[0])
    _PINS.append(_PINS.pop(0))  # each is good for three
    return code._replace(secret=b"%06d" % ((int(code.secret) + 1) % 10**6))


_PINS: list[str] = []


def _refused(pairings: Pairings, code: Scanned, number: int) -> None:
    if number % 20 == 0:
        pairings.codes.reopen()
    ours = DeviceRun(_device(), code, _HASH)
    begun = pairings.begin(ours.hello(), os.urandom(8).hex(), _TERMS)
    if begun.run is not None:
        pairings.finish(begun.run, ours.prove(begun.reply))


def _print_cpu(what: str, action: Callable[[int], None], calls: int) -> None:
    action(0)
    start = time.process_time()
    for number in range(calls):
        action(number)
    spent = (time.process_time() - start) / calls * 1000
    print(f"pairing, CPU of {what}: {spent:.1f} ms (wanted: 30 ms at most)", file=sys.stderr)
