"""The lines of the work stream, as the gateway writes them, and the messages that a node sends."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from palyra_kernel.device.work import Report, Work
from palyra_kernel.errors import IntegrityError
from palyra_kernel.values.decoding import decode_json

LINE_BYTES = 2 * 1024 * 1024
"""A lease with the largest input and the most grants, both in base64."""

T = TypeVar("T")


class Kind(msgspec.Struct, frozen=True):
    """What a line is about. One that is not known is for nodes to come."""

    type: str


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The first line. ``held``: the leases that this device has, as far as the gateway knows."""

    device: str
    held: tuple[str, ...] = ()
    grants: bytes = b""


class LeaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A lease without its input."""

    id: str
    device: str
    capability: str
    input_digest: bytes
    left_ms: int
    invoker: str
    holder: bytes


class LeaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """Work. ``grant``: all grants of the device, signed."""

    lease: LeaseFacts
    input: bytes
    grant: bytes

    def work(self) -> Work:
        """As the runner takes it; it checks everything."""
        facts = self.lease
        return Work(
            lease=facts.id,
            device=facts.device,
            capability=facts.capability,
            input=self.input,
            digest=facts.input_digest,
            left_ms=facts.left_ms,
            invoker=facts.invoker,
            grant=self.grant,
            holder=facts.holder,
        )


class CancelLine(msgspec.Struct, frozen=True):
    """A lease is over, without a word of this node."""

    lease: str


class RevokedLine(msgspec.Struct, frozen=True):
    """A capability that is not granted any more, and what is."""

    capability: str
    grants: bytes = b""


class Registered(msgspec.Struct, frozen=True):
    """The answer to a registration."""

    grants: tuple[bytes, ...] = ()


class Offered(msgspec.Struct, frozen=True):
    """A capability of this node, and whether it can be had now."""

    name: str
    available: bool


def registration(platform: str, offered: tuple[Offered, ...]) -> bytes:
    """What this node is and can do."""
    return msgspec.json.encode({"platform": platform, "capabilities": offered})


def said(report: Report) -> bytes:
    """*report*, as it goes to the gateway. Its message stays here: a code is enough for who asked."""
    document: dict[str, object] = {"holder": report.holder, "state": report.state}
    if report.output:
        document["output"] = report.output
    if report.code:
        document["error"] = report.code
    return msgspec.json.encode(document)


def line_of(raw: bytes, form: type[T]) -> T:
    """*raw* as a *form*. Raises :class:`IntegrityError` ``line_malformed``."""
    try:
        return decode_json(raw, form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise IntegrityError("line_malformed", "the gateway sent a line that is none") from None
