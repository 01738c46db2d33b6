"""Devices for ``benchmarks.connections``, all in one process: each one connection with HTTP/2.

Reads one command a line and answers with one line of JSON. ``open FROM TO`` connects those of the folder; ``ask N``
asks so many times, in turn, and gives the seconds of each; ``stream N`` has the first N wait for lines; ``cut`` waits
until one of them is cut and gives the moment; ``silent N`` opens so many that say nothing; ``new N`` connects anew.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events


class Device:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._h2.initiate_connection()
        self._waiting = 0

    @classmethod
    async def connect(cls, port: int, context: ssl.SSLContext, source: str = "127.0.0.1") -> Device:
        made = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost", local_addr=(source, 0)
        )
        return cls(*made)

    async def ask(self, path: str) -> float:
        """The seconds until the answer is whole; of a stream, until its first line."""
        start = time.perf_counter()
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(
            stream,
            [(":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", path)],
            end_stream=True,
        )
        last = h2.events.DataReceived if path == "/stream" else h2.events.StreamEnded
        while not await self._heard(last):
            pass
        return time.perf_counter() - start

    async def _heard(self, kind: type) -> bool:
        self._writer.write(self._h2.data_to_send())
        data = await self._reader.read(65536)
        if not data:
            raise ConnectionError
        found = any(isinstance(event, kind) for event in self._h2.receive_data(data))
        self._writer.write(self._h2.data_to_send())
        return found

    async def cut(self) -> float:
        """The moment at which it is cut, by the clock that all processes share."""
        try:
            while await self._reader.read(65536):
                pass
        except OSError:
            pass
        return time.time()


class Devices:
    """All of them."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port, self._folder = port, folder
        self._open: list[Device] = []
        self._silent: list[socket.socket] = []

    def _context(self, number: int) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self._folder / "roots.pem")
        context.load_cert_chain(self._folder / f"{number}.pem")
        context.set_alpn_protocols(["h2"])
        return context

    async def open(self, first: int, last: int) -> object:
        for number in range(first, last):
            device = await Device.connect(self._port, self._context(number))
            await device.ask("/")
            self._open.append(device)
        return len(self._open)

    async def ask(self, count: int) -> object:
        return [await self._open[number % len(self._open)].ask("/") for number in range(count)]

    async def stream(self, count: int) -> object:
        for device in self._open[:count]:
            await device.ask("/stream")
        return count

    async def cut(self, _: int) -> object:
        tasks = [asyncio.create_task(device.cut()) for device in self._open]
        done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        for task in left:
            task.cancel()
        return min(task.result() for task in done)

    async def silent(self, count: int) -> object:
        for _ in range(count):
            made = socket.create_connection(("127.0.0.1", self._port), 30, ("127.0.0.2", 0))
            self._silent.append(made)
        return count

    async def new(self, count: int) -> object:
        context, found = self._context(0), []
        for _ in range(count):
            start = time.perf_counter()
            device = await Device.connect(self._port, context)
            await device.ask("/")
            found.append(time.perf_counter() - start)
            device._writer.transport.abort()
        return found


async def main() -> None:
    """Do what each line says."""
    devices = Devices(int(sys.argv[1]), Path(sys.argv[2]))
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, *numbers = line.split()
        answer: Any = await getattr(devices, verb)(*map(int, numbers or ["0"]))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
