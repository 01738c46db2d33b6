"""Many nodes in one process, for :mod:`benchmarks.soak`: each is a device of its own, over mutual TLS.

What happens to each lease goes to a file as it happens, one JSON list a line, so that it outlives ``kill -9``:
``there`` (a device has its stream), ``came``, ``ran`` (behind the gateway's answer to the acknowledgement), ``taken``
(the gateway has the result), ``late`` (it came behind the deadline).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import ssl
import sys
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

TROUBLE = "trouble"
"""A file beside the keys: once it is there, nodes hang up by themselves."""
_AGAIN = (1.0, 30.0)
"""Seconds between two tries, half of them by chance: they double, as those of ``palyra node run`` do."""
_HANG_UP = 1 / 300
"""The chance, each second, that a node hangs up by itself."""
_SILENCE_SECONDS = 50
_OVER = ("lease_over", "lease_not_held")
_GONE = (OSError, EOFError, ValueError, asyncio.IncompleteReadError, TimeoutError)


class Log:
    """One file for all nodes of a process; each line is one write."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, what: str, lease: str) -> None:
        """That this happened, now."""
        os.write(self._file, json.dumps([what, lease, perf_counter()]).encode() + b"\n")


class Talk:
    """A connection for questions, one at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._one = asyncio.Lock()

    async def post(self, path: str, document: object) -> tuple[int, Any]:
        """The status and the document of the answer."""
        body = json.dumps(document).encode()
        head = f"POST /v1/node/{path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
        async with self._one, asyncio.timeout(30):
            self._writer.write(head.encode() + body)
            await self._writer.drain()
            fields = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
            size = next(int(each.partition(":")[2]) for each in fields if each.startswith("content-length:"))
            raw = await self._reader.readexactly(size)
        return int(fields[0].split()[1]), json.loads(raw) if raw else None


class SoakNode:
    """One device. *beat_seconds*: between two signs of life; 0: none."""

    def __init__(
        self, number: int, port: int, context: ssl.SSLContext, log: Log, beat_seconds: float, trouble: Path
    ) -> None:
        self._address = (
            f"127.1.{number // 250}.{number % 250 + 1}"  # who comes from one address is let in slowly
        )
        self._port = port
        self._context = context
        self._log = log
        self._beat_seconds = beat_seconds
        self._trouble = trouble
        self._pause = _AGAIN[0]
        self._unsaid: dict[str, dict[str, str]] = {}
        self._ran: set[str] = set()

    async def live(self) -> None:
        """Connect, for ever."""
        while True:
            writers: list[asyncio.StreamWriter] = []
            with suppress(*_GONE):
                await self._session(writers)
            for writer in writers:
                writer.transport.abort()
            await asyncio.sleep(self._pause * random.uniform(0.5, 1))  # no secret
            self._pause = min(2 * self._pause, _AGAIN[1])

    async def _open(
        self, writers: list[asyncio.StreamWriter]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(30):
            pair = await asyncio.open_connection(
                "127.0.0.1",
                self._port,
                ssl=self._context,
                server_hostname="localhost",
                local_addr=(self._address, 0),
            )
        writers.append(pair[1])
        return pair

    async def _session(self, writers: list[asyncio.StreamWriter]) -> None:
        talk = Talk(*await self._open(writers))
        capabilities = [{"name": "echo", "available": True}]
        status, _ = await talk.post("register", {"platform": "soak", "capabilities": capabilities})
        if status != 200:
            raise ValueError("not registered")
        self._pause = _AGAIN[0]
        reader, writer = await self._open(writers)
        writer.write(b"GET /v1/node/work HTTP/1.1\r\nhost: localhost\r\n\r\n")
        tasks = [asyncio.create_task(self._listen(talk, reader)), asyncio.create_task(self._beat(talk))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _beat(self, talk: Talk) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds or 1.0)
            tired = random.random() < _HANG_UP * (self._beat_seconds or 1.0)  # no secret
            if tired and self._trouble.exists():
                raise EOFError
            if self._beat_seconds:
                await talk.post("beat", {})

    async def _listen(self, talk: Talk, reader: asyncio.StreamReader) -> None:
        for lease, said in list(self._unsaid.items()):
            await self._say(talk, lease, said)
        while True:
            async with asyncio.timeout(_SILENCE_SECONDS):
                raw = await reader.readuntil(b"\n")
            if not raw.startswith(b"{"):
                continue  # the size of a chunk
            line = json.loads(raw)
            if line["type"] == "hello":
                self._log.add("there", line["device"])
            elif line["type"] == "lease":
                await self._work(talk, line)
            elif line["type"] == "over":
                raise EOFError

    async def _work(self, talk: Talk, line: dict[str, Any]) -> None:
        lease, holder = line["lease"]["id"], line["lease"]["holder"]
        self._log.add("came", lease)
        status, _ = await talk.post(f"leases/{lease}", {"holder": holder, "state": "acknowledged"})
        if status != 200:
            return
        self._log.add("ran", lease)
        if json.loads(b64decode(line["input"])) is None:
            raise RuntimeError("the wrong thing is measured")
        self._unsaid[lease] = {"holder": holder, "state": "succeeded", "output": line["input"]}
        await self._say(talk, lease, self._unsaid[lease])

    async def _say(self, talk: Talk, lease: str, said: dict[str, str]) -> None:
        """Until the gateway took it, or says that it is over."""
        status, answer = await talk.post(f"leases/{lease}", said)
        if status == 200:
            self._log.add("taken", lease)
        elif answer and answer.get("error", {}).get("code") in _OVER:
            self._log.add("late", lease)
        else:
            raise ValueError("not taken")
        del self._unsaid[lease]


async def main(port: str, folder: str, log: str, beat_seconds: str, first: str, behind: str) -> None:
    """The nodes numbered *first* up to *behind*, whose keys are in *folder*."""
    kept, written = Path(folder), Log(log)
    roots = (kept / "roots.der").read_bytes()
    nodes = []
    for number in range(int(first), int(behind)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=roots)
        context.load_cert_chain(kept / f"{number}.crt", kept / f"{number}.key")
        nodes.append(SoakNode(number, int(port), context, written, float(beat_seconds), kept / TROUBLE))
    await asyncio.gather(*(node.live() for node in nodes))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
