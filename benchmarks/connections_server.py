"""A server for ``benchmarks.connections``: the daemon's listener, or hypercorn by itself, with the same application.

Its first line of output is its port; it ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from palyra_kernel import Kernel

_IDLE = 600


def main() -> None:
    """``ours STATE CONFIG`` or ``bare CERTIFICATE KEY ROOTS``."""
    which, *paths = sys.argv[1:]
    asyncio.run(ours(*map(Path, paths)) if which == "ours" else bare(*paths))


async def app(scope: Any, receive: Any, send: Any) -> None:
    """``/stream`` says hello and stays open; all else is answered by a few bytes."""
    del receive
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b'{"type":"hello"}\n', "more_body": True})
        await asyncio.Event().wait()
    await send({"type": "http.response.body", "body": json.dumps({"answer": 1}).encode()})


async def ours(state: Path, config: Path) -> None:
    """The work door of the daemon, with everything that it asks of the kernel."""
    from palyra_kernel.daemon.gates import DeviceGate
    from palyra_kernel.daemon.limits import WORK
    from palyra_kernel.daemon.listener import Door, Listener
    from palyra_kernel.daemon.open_connections import OpenConnections
    from palyra_kernel.daemon.sockets import tcp_sockets
    from palyra_kernel.daemon.tls import Contexts
    from palyra_kernel.daemon.watch import Watcher
    from palyra_kernel.identity.certificates.hosts import Hosts

    with Kernel.open(state_root=state, config_dir=config, plugins=["file"]) as kernel:
        identity = kernel.identity
        contexts = Contexts(
            identity.authority, identity.servers, "work", Hosts.of(["localhost"]), devices=True
        )
        devices = OpenConnections(WORK.per_device)
        door = Door(
            name="work",
            app=app,
            gate=DeviceGate(identity.admission.arrived, identity.admission.known),
            limits=replace(WORK, idle=_IDLE, burst=20_000),
            tls=lambda: contexts.current,
            devices=devices,
        )
        listener = Listener(door, tcp_sockets("127.0.0.1", 0))
        watcher = Watcher(identity, [contexts], devices, asyncio.get_running_loop())
        watcher.start()
        while not devices.accepting:
            await asyncio.sleep(0.01)
        listener.start()
        print(listener.addresses[0].rpartition(":")[2], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await asyncio.to_thread(watcher.stop)
        await listener.stop(0)


async def bare(certificate: str, key: str, roots: str) -> None:
    """hypercorn as its own documentation has it, asking for certificates."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = Config()
    config.certfile, config.keyfile, config.ca_certs = certificate, key, roots
    config.verify_mode = ssl.CERT_REQUIRED
    config.keep_alive_timeout = _IDLE
    config.bind = [f"127.0.0.1:{port}"]
    config.backlog = 1024
    config.errorlog = None
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=lambda: ended))
    while not _answers(port):
        await asyncio.sleep(0.05)
    print(port, flush=True)
    await serving


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
