"""A whole pairing over TLS, from the code to the first call of the paired device; and a call of one that is paired."""

from __future__ import annotations

import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.pairing import _in_memory
from benchmarks.scale import Scale
from palyra_kernel import Kernel
from palyra_kernel.device.connecting import trusting
from palyra_kernel.identity.pairing.sources import SOURCES
from palyra_kernel.net.hosts import parse_url
from palyra_kernel.records import Change
from tests.device.world import Gateway, Machine

_GET = b"GET /v1/self HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def rows(scale: Scale) -> Iterator[Row]:
    """Gateway and device are in this process, each with a vault on disk, so its processor time is that of both."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gateway = Gateway(None, parts=_parts(stack, folder / "gateway"))
        doors = stack.enter_context(gateway.open())
        machine = Machine(None, gateway, parts=_parts(stack, folder / "device"))
        calls = scale.calls(5)

        def paired(_: int) -> None:
            _forget_sources(gateway)
            machine.pair(doors.urls, gateway.pin(), again=True)
            machine.device.work.connected().link.close()

        _print_cpu(paired, calls)
        ours, bare = Side("over TLS", paired, calls), Side("messages 1 to 4 in memory", _in_memory, calls)
        yield measure(Pair("paired, up to the first call", 0, ours, bare, most=20), scale)
        call = Side("the device", lambda _: machine.device.work.connected().link.close(), calls)
        plain = Side("a bare TLS client", lambda _: _bare(machine, doors.urls[1]), calls)
        yield measure(Pair("a connection and one call", 0, call, plain), scale)


def _parts(stack: ExitStack, folder: Path) -> Any:
    kernel = stack.enter_context(
        Kernel.open(state_root=folder / "state", config_dir=folder / "config", plugins=["file"], create=True)
    )
    return SimpleNamespace(records=kernel._records, vault=kernel.vault)


def _forget_sources(gateway: Gateway) -> None:
    """One address may begin ten pairings at once; here it is the same again and again."""
    change = Change()
    for stored in gateway.parts.records.stored(SOURCES.prefix):
        change.delete(stored.key)
    gateway.parts.records.commit(change)


def _bare(machine: Machine, url: str) -> None:
    """What is left without the device's record: a context, a handshake, a request."""
    known, place = machine.device.holder.read(), parse_url(url)
    credential = known.current
    if credential is None:
        raise RuntimeError("the wrong thing is measured")
    with machine.device.holder.keys.tls(credential.key) as key:
        context = trusting(machine.gateway.identity.authority.bundle().roots, credential.chain, key)
    with socket.create_connection((place.host, place.port)) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with context.wrap_socket(raw, server_hostname=place.host) as secured:
            secured.sendall(_GET)
            if not _whole(secured).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("the wrong thing is measured")


def _whole(secured: ssl.SSLSocket) -> bytes:
    found = b""
    while part := secured.recv(65_536):
        found += part
    return found


def _print_cpu(action: Any, calls: int) -> None:
    action(0)
    start = time.process_time()
    for number in range(calls):
        action(number)
    spent = (time.process_time() - start) / calls * 1000
    print(f"pairing, CPU of both sides over TLS: {spent:.1f} ms (wanted: 30 ms at most)", file=sys.stderr)
