"""What somebody asks a device to do."""

from __future__ import annotations

import re

import msgspec

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.identity.names import device_id
from palyra_kernel.nodes.capability import capability_name
from palyra_kernel.nodes.limits import Limits
from palyra_kernel.nodes.summaries import summary
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.framing import frame
from palyra_kernel.values.principals import Principal

KEY_CHARS = 128
_KEY = re.compile(rf"[!-~]{{1,{KEY_CHARS}}}")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Checked; made by :func:`order`. ``digest`` is over all that was asked for; ``shown`` is the input as people see
    it."""

    device: str
    capability: str
    invoker: str
    key: str
    body: bytes
    within_ms: int
    input: bytes
    digest: bytes
    shown: str

    def __repr__(self) -> str:
        return f"<order {self.capability} of {self.device}: {self.shown}>"


def order(
    device: str, capability: str, *, invoker: Principal, key: str, body: bytes, within_ms: int, limits: Limits
) -> Order:
    """*invoker* wants *capability* of *device*, done with *body* within *within_ms*. Who asks again under the same
    *key*, 1 to 128 printable characters, means the same work.

    Raises :class:`InvalidInputError` ``invalid_device_id``, ``invalid_capability``, ``invalid_key``,
    ``invalid_deadline``, ``input_too_large``.
    """
    if len(body) > limits.input_bytes:
        raise InvalidInputError("input_too_large", f"an input has up to {limits.input_bytes} bytes")
    if not _KEY.fullmatch(key):
        message = f"an idempotency key has 1 to {KEY_CHARS} printable characters of ASCII"
        raise InvalidInputError("invalid_key", message)
    if not limits.least_ms <= within_ms <= limits.most_ms:
        message = f"work is to be done within {limits.least_ms} to {limits.most_ms} ms"
        raise InvalidInputError("invalid_deadline", message)
    input_ = sha256(body)
    digest = sha256(frame("palyra order", device_id(device), capability_name(capability), input_, within_ms))
    return Order(
        device=device,
        capability=capability,
        invoker=str(invoker),
        key=key,
        body=body,
        within_ms=within_ms,
        input=input_,
        digest=digest,
        shown=summary(body),
    )
