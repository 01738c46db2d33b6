"""A kernel with its work door open, and nodes that say over it exactly what a test wants."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from contextlib import contextmanager, suppress
from threading import Thread
from types import SimpleNamespace
from typing import Any

from palyra_kernel import Kernel
from palyra_kernel.access.system import system_principal
from palyra_kernel.daemon.apps.enrolment import Enrolment
from palyra_kernel.daemon.apps.stream import Streams
from palyra_kernel.daemon.apps.work import Work
from palyra_kernel.daemon.chores import Chores
from palyra_kernel.daemon.counts import Counts
from palyra_kernel.daemon.lending import Lending
from tests.daemon.client import RefusedError, Wire
from tests.daemon.gateway import Gateway
from tests.daemon.running import running

ECHO = "echo"
HOUR_MS = 3_600_000


class KernelGateway(Gateway):
    """Devices of an open kernel."""

    def __init__(self, kernel) -> None:
        self.offset_ms = 0
        self.parts: Any = SimpleNamespace(records=kernel._records, vault=kernel.vault)
        self.identity = kernel.identity
        self.identity.start()


class House:
    """``port``: the work door; ``owner``: a session of the one who runs it."""

    def __init__(self, kernel, daemon, lending, counts, folder) -> None:
        self.kernel = kernel
        self.gateway = KernelGateway(kernel)
        self.daemon = daemon
        self.lending = lending
        self.counts = counts
        self.folder = folder
        self.wires: list[Wire] = []

    def hang_up(self):
        while self.wires:
            self.wires.pop().close()

    def session(self, principal=None):
        return self.kernel.session(principal or system_principal(), purpose="test", surface="cli")

    @property
    def nodes(self):
        return self.session().nodes

    def node(self, kind="node", *, grants=(ECHO,), offers=(ECHO,)):
        """A paired device that registered, with *grants* for everybody."""
        node = Node(self, self.gateway.paired(kind))
        if offers:
            node.register(*offers)
        for name in grants:
            self.nodes.grant(node.id, name, ttl_ms=HOUR_MS)
        return node

    def told(self, action, **expected):
        """The events of *action*, newest last, that say *expected*."""
        events = [each.opened.event for each in self.kernel.audit.tail(400)]
        return [
            each
            for each in events
            if each.action == action and all(getattr(each, name) == is_ for name, is_ in expected.items())
        ]


class Node:
    """A device that keeps one connection for what it says, and one for each stream."""

    def __init__(self, house, known) -> None:
        self.known = known
        self.id = known.id
        self._house = house
        self._context = house.gateway.client(known, house.folder)
        self._wire: Wire | None = None

    def wire(self, port=None):
        self._house.wires.append(Wire(port or self._house.daemon.work_port, self._context))
        return self._house.wires[-1]

    def ask(self, method, path, document=None, *, raw=None):
        """The status and the document of the answer."""
        if self._wire is None:
            self._wire = self.wire()
        body = raw if raw is not None else b"" if document is None else json.dumps(document).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
        self._wire.send(head.encode() + body)
        status, answer = self._wire.answer()
        return status, json.loads(answer) if answer else None

    def post(self, path, document=None):
        return self.ask("POST", f"/v1/node/{path}", document)

    def register(self, *offers, platform="linux x86_64", unavailable=()):
        offered = [{"name": name, "available": name not in unavailable} for name in offers]
        status, answer = self.post("register", {"platform": platform, "capabilities": offered})
        assert status == 200, answer
        return json.loads(b64decode(answer["grants"][0]))

    def stream(self, port=None):
        return Stream(self.wire(port))

    def say(self, line, state, **more):
        """Of the lease in *line*."""
        lease = line["lease"]
        return self.post(f"leases/{lease['id']}", {"holder": lease["holder"], "state": state} | more)

    def finish(self, line, output=b'"done"'):
        assert self.say(line, "acknowledged") == (200, {"state": "acknowledged"})
        assert self.say(line, "running") == (200, {"state": "running"})
        assert self.say(line, "succeeded", output=b64encode(output).decode()) == (
            200,
            {"state": "succeeded"},
        )


class Stream:
    """The lines of a work stream, as they come."""

    def __init__(self, wire) -> None:
        self.wire = wire
        self._rest = b""
        wire.send(b"GET /v1/node/work HTTP/1.1\r\nhost: localhost\r\n\r\n")
        self.hello = self.next("hello")

    def line(self):
        while b"\n" not in self._rest:
            self._rest += self.wire.read()
        line, _, self._rest = self._rest.partition(b"\n")
        return line.strip()

    def next(self, *kinds):
        """The next line of one of *kinds*, or of any; between them are sizes of chunks."""
        while True:
            line = self.line()
            if line.startswith(b"{"):
                found = json.loads(line)
                if not kinds or found["type"] in kinds:
                    return found

    def pour(self, into):
        """Put the leases that come into a queue, in a thread, until the connection ends."""

        def read():
            with suppress(RefusedError):
                while True:
                    into.put((self, self.next("lease")))

        Thread(target=read, daemon=True).start()

    def until_cut(self):
        return self.wire.until_cut()

    def close(self):
        self.wire.close()


@contextmanager
def house_of(kernel, folder, *, ping_seconds=15.0):
    """The work door of *kernel*, open."""
    KernelGateway(kernel)
    counts = Counts()
    lending = Lending(kernel, counts, ping_seconds=ping_seconds)
    app = Work(kernel.identity, Streams(kernel.identity), counts, mounted=lending.mounted).app()
    strangers = Enrolment(kernel.identity, counts).app()
    with running(kernel.identity, application=app, strangers=strangers, per_device=32) as daemon:

        async def begin():
            chores = Chores(counts)
            lending.start(chores)
            return chores

        chores = daemon.call(begin())
        try:
            yield House(kernel, daemon, lending, counts, folder)
        finally:
            daemon.call(chores.stop())
            lending.stop()


def opened(base, *, create=False):
    return Kernel.open(state_root=base / "state", config_dir=base / "config", plugins=["file"], create=create)
