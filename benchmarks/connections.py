"""1,000 devices that are connected at the same time: the daemon's work door beside hypercorn by itself."""

from __future__ import annotations

import json
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization as form

from benchmarks.measure import Row
from benchmarks.scale import Scale
from palyra_kernel import Kernel
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import new_key, unpacked
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.records import Change
from palyra_kernel.values.ids import now_ms
from tests.identity.devices.registry import device_of

_DEVICES = 1_000
_SILENT = 10_000
_LINUX = sys.platform == "linux"


class Process:
    """One that is told by lines and answers by lines."""

    def __init__(self, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def heard(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, *words: object) -> Any:
        self.tell(*words)
        return self.heard()

    def tell(self, *words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def resident(self) -> int:
        """Bytes in memory; 0 where the system does not say."""
        if not _LINUX:
            return 0
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def rows(scale: Scale) -> Iterator[Row]:
    """Memory and requests with all of them held; a newcomer behind silent ones; how soon a revocation is felt."""
    devices = max(4, scale.calls(_DEVICES))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paths = folder / "state", folder / "config"
        kernel = stack.enter_context(
            Kernel.open(state_root=paths[0], config_dir=paths[1], plugins=["file"], create=True)
        )
        kernel.identity.start()
        known = _enrolled(kernel, folder, devices)
        served = _served(kernel, folder)
        ours = stack.enter_context(_server("ours", *paths))
        bare = stack.enter_context(_server("bare", *served))
        yield from _held(ours, bare, folder, devices, scale)
        if _LINUX:  # elsewhere this machine has one address for itself
            yield _newcomer(ours, folder, max(100, scale.calls(_SILENT)), scale)
        yield _revoked(kernel, ours, folder, known, scale)


def _enrolled(kernel: Kernel, folder: Path, count: int) -> list[str]:
    identity = kernel.identity
    (folder / "roots.pem").write_text(
        "".join(map(ssl.DER_cert_to_PEM_cert, identity.authority.bundle().roots))
    )
    ids = []
    for number in range(count):
        device, key = device_of(now_ms=now_ms()), new_key()
        made: list[Any] = []

        def plan(device: Any = device, key: Any = key, made: list[Any] = made) -> Change:
            change = Change()
            public = key.public_key()
            made.append(
                identity.authority.plan_device(change, device=device.id, identity=device.print, key=public)
            )
            identity.devices.plan_enrol(change, device, Leaf.of(made[-1].chain[0]))
            return change

        commit(kernel._records, plan)
        private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        shown = "".join(map(ssl.DER_cert_to_PEM_cert, made[-1].chain))
        (folder / f"{number}.pem").write_text(shown + private.decode())
        ids.append(device.id)
    return ids


def _served(kernel: Kernel, folder: Path) -> tuple[Path, Path, Path]:
    """The same certificate as files, for the other server."""
    found = kernel.identity.servers.identity("work", Hosts.of(["localhost"]))
    certificate, key = folder / "server.crt", folder / "server.key"
    certificate.write_text("".join(map(ssl.DER_cert_to_PEM_cert, found.chain)))
    private = unpacked(found.key).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    key.write_bytes(private)
    return certificate, key, folder / "roots.pem"


@contextmanager
def _server(*arguments: object) -> Iterator[tuple[Process, int]]:
    process = Process("benchmarks.connections_server", *arguments)
    try:
        yield process, process.heard()
    finally:
        process.close()


@contextmanager
def _client(port: int, folder: Path) -> Iterator[Process]:
    process = Process("benchmarks.connections_client", port, folder)
    try:
        yield process
    finally:
        process.close()


def _held(
    ours: tuple[Process, int], bare: tuple[Process, int], folder: Path, devices: int, scale: Scale
) -> Iterator[Row]:
    with _client(ours[1], folder) as left, _client(bare[1], folder) as right:
        sides = ((ours[0], left), (bare[0], right))
        raw: dict[str, object] = {"devices": devices}
        grown = [_grown(server, client, devices) for server, client in sides]
        if _LINUX:
            yield Row("memory of a connection that is held", 0, "bytes", grown[0], grown[1], "hypercorn", raw)
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(scale.rounds):
            for found, (_, client) in zip(times, sides, strict=True):
                found.extend(client.ask("ask", devices))
        for name, at in (("median", 0.5), ("all but one in a hundred", 0.99)):
            left_s, right_s = (_quantile(each, at) for each in times)
            yield Row(f"request, {name}", 0, "s", left_s, right_s, "hypercorn", raw)


def _grown(server: Process, client: Process, devices: int) -> float:
    """Bytes a connection. What a server needs at all is not of a connection, so two are there before."""
    client.ask("open", 0, 2)
    before = server.resident()
    client.ask("open", 2, devices)
    return (server.resident() - before) / (devices - 2)


def _quantile(values: list[float], at: float) -> float:
    return sorted(values)[int(len(values) * at)]


def _newcomer(ours: tuple[Process, int], folder: Path, silent: int, scale: Scale) -> Row:
    """Connecting, with a request, while another address has opened very many connections that say nothing."""
    calls = max(5, scale.calls(100))
    with _client(ours[1], folder) as client, _client(ours[1], folder) as other:
        alone = client.ask("new", calls)
        other.ask("silent", silent)
        beside = client.ask("new", calls)
    raw: dict[str, object] = {"silent": silent, "ours": beside, "beside": alone}
    return Row(
        f"connect and ask, beside {silent:,} silent ones",
        0,
        "s",
        statistics.median(beside),
        statistics.median(alone),
        "the same without them",
        raw,
    )


def _revoked(kernel: Kernel, ours: tuple[Process, int], folder: Path, known: list[str], scale: Scale) -> Row:
    """From the commit by this process to the end of a stream that the server's process held."""
    identity, found = kernel.identity, []
    count = min(max(2, scale.calls(20)), len(known) - 2)
    for number in range(2, 2 + count):
        with _client(ours[1], folder) as device:
            device.ask("open", number, number + 1)
            device.ask("stream", 1)
            device.tell("cut")

            def plan(id: str = known[number]) -> Change:
                change = Change()
                identity.devices.plan_revoke(change, id, "lost", now_ms=now_ms())
                return change

            commit(kernel._records, plan)
            at = time.time()
            found.append(device.heard() - at)
    raw: dict[str, object] = {"ours": found}
    return Row(
        "revoked in another process, until its stream ends, the longest",
        0,
        "s",
        max(found),
        1.0,
        "what is allowed",
        raw,
    )
