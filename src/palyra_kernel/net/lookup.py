"""From a name to addresses, once for each connection, within a deadline; and which of them may be connected to."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread

from palyra_kernel.errors import DeniedError, UnavailableError
from palyra_kernel.net.addresses import Address, is_loopback, is_public, literal
from palyra_kernel.values.deadline import Deadline

Resolver = Callable[[str, int], Sequence[str]]
"""From host and port to addresses as text. May raise ``OSError``, and may hang."""

_AT_ONCE = 32
_asking = BoundedSemaphore(
    _AT_ONCE
)  # the system's resolver cannot be interrupted: what hangs in it is counted


def system_resolver(host: str, port: int) -> list[str]:
    """What the operating system answers, each address once and in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(
    resolver: Resolver, host: str, port: int, deadline: Deadline, *, loopback: bool
) -> list[Address]:
    """The addresses of *host*, all of them public, or with *loopback* all of them of this machine.

    One wrong address spoils the answer: who can add one to it can order them too. Raises :class:`DeniedError`
    ``address_not_public`` or ``address_not_loopback``, :class:`UnavailableError` ``name_not_found``,
    ``connect_timeout``, ``too_many_lookups``.
    """
    known = literal(host)
    addresses = [known] if known is not None else found_addresses(resolver, host, port, deadline)
    if not addresses:
        raise _not_found(host)
    allowed = is_loopback if loopback else is_public
    if not all(map(allowed, addresses)):
        kind = "loopback" if loopback else "public"
        raise DeniedError(
            f"address_not_{kind}",
            f"{host} has an address that is not {kind}: nothing was sent",
            hint="see what the name resolves to; a host on this machine has a list of its own"
            if not loopback
            else "a host in the list of this machine resolves to loopback addresses alone",
        )
    return addresses


def found_addresses(resolver: Resolver, host: str, port: int, deadline: Deadline) -> list[Address]:
    """The addresses of *host*, whatever they are. Asked in a thread, which is left behind when the deadline passes and
    ends with the answer. Raises as :func:`checked_addresses`."""
    if not _asking.acquire(timeout=deadline.remaining()):
        raise UnavailableError(
            "too_many_lookups", f"{_AT_ONCE} names are being looked up and none is answered"
        )
    answers: SimpleQueue[list[Address] | None] = SimpleQueue()

    def ask() -> None:
        answer = None
        try:
            with contextlib.suppress(
                OSError, ValueError
            ):  # ValueError: no address, or a name that IDNA refuses
                answer = [ip_address(text) for text in resolver(host, port)]
        finally:
            _asking.release()
            answers.put(answer)

    Thread(target=ask, name="palyra-lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining())
    except Empty:
        raise UnavailableError("connect_timeout", f"the name {host} was not resolved in time") from None
    if answer is None:
        raise _not_found(host)
    return answer


def _not_found(host: str) -> UnavailableError:
    return UnavailableError(
        "name_not_found", f"the name {host} could not be resolved", hint="check the name and the network"
    )
