"""Many nodes at a gateway that is killed, while they are killed, frozen and reconnected at random.

  dev.py bench soak [--minutes M] [--nodes N] [--processes P] [--rate R] [--beat SECONDS] [--calm SECONDS] [--lease S]

Leases are asked for by another process at R a second, each node counts what it runs itself. First without trouble, then
with it. Exit code 1 if a promise was broken: what it was is printed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.results import save
from benchmarks.soak_nodes import TROUBLE
from palyra_kernel import Kernel
from palyra_kernel.access.system import system_principal
from palyra_kernel.errors import PalyraError
from palyra_kernel.kernel.kernel import BUILTINS
from palyra_kernel.nodes.heartbeats import PRESENCE
from palyra_kernel.nodes.states import TERMINAL
from palyra_kernel.plugins.manage import enable
from tests.daemon.nodes.world import HOUR_MS, KernelGateway, opened


class Noted(NamedTuple):
    """What a process of nodes wrote down: of which lease, or device, and when."""

    process: int
    what: str
    id: str
    at: float


class Soak:
    """One run in *folder*. ``asked``: when each lease was asked for, and in which phase."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self._folder = folder
        self._options = options
        self._chance = random.Random(options.seed)  # no secret
        self._devices: list[str] = []
        self._nodes: list[subprocess.Popen[bytes]] = []
        self._gateway: subprocess.Popen[bytes] | None = None
        self._frozen: dict[int, float] = {}
        self._killed: list[tuple[int, float]] = []
        self.asked: dict[str, tuple[float, str]] = {}
        self.done: Counter[str] = Counter()
        self.presence_seconds: list[float] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]

    def prepare(self, kernel: Kernel) -> None:
        """A gateway with its devices, each granted what it does."""
        keys = self._folder / "keys"
        keys.mkdir()
        gateway = KernelGateway(kernel)
        (keys / "roots.der").write_bytes(b"".join(gateway.identity.authority.bundle().roots))
        with kernel.session(system_principal(), purpose="soak", surface="cli") as session:
            for number in range(self._options.nodes):
                known = gateway.paired()
                for path, suffix in zip(known.files(self._folder), ("crt", "key"), strict=True):
                    path.rename(keys / f"{number}.{suffix}")
                session.nodes.grant(known.id, "echo", ttl_ms=24 * HOUR_MS)
                self._devices.append(known.id)
        enable(self._folder / "config", "file", BUILTINS)
        config = self._folder / "config" / "palyra.toml"
        config.write_text(f'[gateway]\nwork = "127.0.0.1:{self._port}"\nenrolment = ""\nhealth = ""\n')
        config.chmod(0o600)

    def start_gateway(self) -> None:
        """As its operator does."""
        environment = {
            **os.environ,
            "PALYRA_STATE_ROOT": str(self._folder / "state"),
            "PALYRA_CONFIG_DIR": str(self._folder / "config"),
        }
        with (self._folder / "gateway.log").open("ab") as log:
            self._gateway = subprocess.Popen(
                [sys.executable, "-m", "palyra_kernel.cli", "--json", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
            )
        end = time.monotonic() + 60
        while time.monotonic() < end and self._gateway.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError((self._folder / "gateway.log").read_text())

    def start_nodes(self, number: int) -> subprocess.Popen[bytes]:
        """The process *number* of nodes."""
        count, share = self._options.nodes, math.ceil(self._options.nodes / self._options.processes)
        first, behind = number * share, min(count, (number + 1) * share)
        given = (self._port, self._folder / "keys", self._log(number), self._options.beat, first, behind)
        return subprocess.Popen([sys.executable, "-m", "benchmarks.soak_nodes", *map(str, given)])

    def _log(self, number: int) -> Path:
        return self._folder / f"nodes-{number}.log"

    def run(self, kernel: Kernel) -> dict[str, Any]:
        """Both phases and the end; what was found."""
        self.start_gateway()
        assert self._gateway is not None
        empty = _resident(self._gateway.pid)
        self._nodes = [self.start_nodes(number) for number in range(self._options.processes)]
        online = self._arrive()
        memory = (_resident(self._gateway.pid) - empty) / max(online, 1)
        over = Event()
        helpers = [Thread(target=self._presence, args=(kernel, over), daemon=True)]
        for helper in helpers:
            helper.start()
        calm = Thread(target=self._ask, args=("calm", self._options.calm))
        calm.start()
        calm.join()
        (self._folder / "keys" / TROUBLE).touch()
        trouble = Thread(target=self._ask, args=("trouble", self._options.minutes * 60))
        trouble.start()
        while trouble.is_alive():
            trouble.join(self._chance.uniform(2, 6))
            if trouble.is_alive():
                self._trouble()
        self._recover()
        time.sleep(self._options.lease)
        over.set()
        return {"online": online, "gateway_bytes_per_node": round(memory), **self._found(kernel)}

    def _arrive(self) -> int:
        """Wait until they all have their streams, or for as long as somebody new comes; how many they are."""
        online, since = 0, time.monotonic()
        while online < self._options.nodes and time.monotonic() - since < 60:
            time.sleep(1)
            now = len({each.id for each in self._events() if each.what == "there"})
            if now != online:
                online, since = now, time.monotonic()
        return online

    def _ask(self, phase: str, seconds: float) -> None:
        """In a kernel of its own, which is another process to the gateway."""
        with opened(self._folder) as kernel, kernel.session(system_principal(), surface="cli") as session:
            end, due = time.monotonic() + seconds, time.monotonic()
            while time.monotonic() < end:
                due = max(due + 1 / self._options.rate, time.monotonic() - 1)
                time.sleep(max(due - time.monotonic(), 0))
                start = perf_counter()
                try:
                    lease = session.nodes.invoke(
                        random.choice(self._devices),  # no secret
                        "echo",
                        b'{"say":"hello"}',
                        timeout_ms=self._options.lease * 1000,
                    )
                except PalyraError as error:
                    self.done[f"not asked: {error.code}"] += 1
                    continue
                self.asked[lease.id] = (start, phase)

    def _trouble(self) -> None:
        self._thaw(time.monotonic())
        what = self._chance.choice(("kill", "freeze", "freeze", "freeze_gateway", "gateway"))
        number = self._chance.randrange(len(self._nodes))
        if what == "gateway":
            if self._chance.random() < 0.5:  # the others wait for what it does with their connections
                self._restart_gateway()
        elif what == "freeze_gateway":
            self._freeze_gateway()
        elif number in self._frozen:
            return
        elif what == "kill":
            self._nodes[number].kill()
            self._nodes[number].wait()
            self._killed.append((number, perf_counter()))
            self._nodes[number] = self.start_nodes(number)
            self.done["node processes killed"] += 1
        else:
            _send(self._nodes[number], "SIGSTOP")
            self._frozen[number] = time.monotonic() + self._chance.uniform(2, 25)
            self.done["node processes frozen"] += 1

    def _restart_gateway(self) -> None:
        assert self._gateway is not None
        self._gateway.kill()
        self._gateway.wait()
        self.done["gateway killed"] += 1
        time.sleep(self._chance.uniform(0, 3))
        self.start_gateway()

    def _freeze_gateway(self) -> None:
        assert self._gateway is not None
        _send(self._gateway, "SIGSTOP")
        time.sleep(self._chance.uniform(0.5, 5))
        _send(self._gateway, "SIGCONT")
        self.done["gateway frozen"] += 1

    def _thaw(self, now: float) -> None:
        for number, until in list(self._frozen.items()):
            if until <= now:
                _send(self._nodes[number], "SIGCONT")
                del self._frozen[number]

    def _recover(self) -> None:
        self._thaw(math.inf)

    def _presence(self, kernel: Kernel, over: Event) -> None:
        """When signs of life were written: all of one write have versions of one moment."""
        newest, last = 0, 0.0
        while not over.wait(0.5):
            version = max((each.version for each in kernel._records.stored(PRESENCE.prefix)), default=0)
            if version > newest:
                now = time.monotonic()
                if last:
                    self.presence_seconds.append(now - last)
                last = now if newest else 0.0  # when the first one was written, nobody saw
                newest = version

    def stop(self) -> None:
        """End everything."""
        for process in (*self._nodes, self._gateway):
            if process is not None:
                process.kill()
                process.wait()

    def _found(self, kernel: Kernel) -> dict[str, Any]:
        events = self._events()
        ran = Counter(each.id for each in events if each.what == "ran")
        came = {each.id: each.at for each in events if each.what == "came"}
        taken = {each.id for each in events if each.what == "taken"}
        too_late = {each.id for each in events if each.what == "late"} - taken
        unanswered = [each for each in events if each.what == "ran" and each.id not in taken | too_late]
        states, broken = Counter[str](), list[str]()
        for lease in self.asked:
            state = kernel.nodes.asking.find(lease).state
            states[state] += 1
            if state not in TERMINAL:
                broken.append(f"{lease} is {state} behind its deadline")
            if (lease in taken) != (state == "succeeded") and (lease in taken or not ran[lease]):
                broken.append(f"{lease} is {state}, ran {ran[lease]} times, taken: {lease in taken}")
        broken += [f"{lease} ran {count} times" for lease, count in ran.items() if count > 1]
        broken += [f"{lease} ran, and nobody asked for it" for lease in ran.keys() - self.asked.keys()]
        broken += [
            f"{each.id} was forgotten by a node that lived" for each in unanswered if self._lived(each)
        ]
        late = {"calm": list[float](), "trouble": list[float]()}
        for lease, at in came.items():
            if lease in self.asked:
                start, phase = self.asked[lease]
                late[phase].append(at - start)
        return {
            "asked": len(self.asked),
            "ran": len(ran),
            "answered_too_late": len(too_late),
            "acknowledged_and_not_answered": len(unanswered),
            "states": dict(states),
            "done": dict(self.done),
            "dispatch_ms": {phase: _percentiles(times) for phase, times in late.items()},
            "presence_writes": len(self.presence_seconds),
            "presence_least_seconds_between": round(min(self.presence_seconds, default=0), 1),
            "broken": broken,
        }

    def _lived(self, event: Noted) -> bool:
        """Whether the process of nodes that noted *event* was not killed behind it."""
        return all(number != event.process or at < event.at for number, at in self._killed)

    def _events(self) -> list[Noted]:
        found = []
        for number in range(self._options.processes):
            path = self._log(number)
            if path.exists():
                found += [Noted(number, *json.loads(line)) for line in path.read_text().splitlines()]
        return found


def _send(process: subprocess.Popen[bytes], name: str) -> None:
    process.send_signal(getattr(signal, name))


def _resident(pid: int) -> int:
    """Bytes of memory of *pid*."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) * 1024


def _percentiles(times: list[float]) -> dict[str, float]:
    if not times:
        return {}
    ordered = sorted(times)

    def at(share: float) -> float:
        return round(ordered[math.ceil(share * len(ordered)) - 1] * 1000, 1)

    return {"p50": at(0.5), "p99": at(0.99), "count": len(ordered)}


def main(arguments: list[str]) -> int:
    """Soak as the command line says; print and save the counts."""
    parser = argparse.ArgumentParser(prog="dev.py bench soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--beat", type=float, default=1.0)
    parser.add_argument("--calm", type=float, default=60)
    parser.add_argument("--lease", type=int, default=60, help="seconds until a lease is over")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if sys.platform != "linux":
        print("not run: the clock of two processes is one on Linux", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        soak = Soak(folder, options)
        kernel = stack.enter_context(closing(opened(folder, create=True)))
        start = perf_counter()
        soak.prepare(kernel)
        print(f"{options.nodes} devices paired in {perf_counter() - start:.0f} s", flush=True)
        stack.callback(soak.stop)
        found = soak.run(kernel)
    for name, value in found.items():
        if name != "broken":
            print(f"{name:<32}{json.dumps(value)}")
    for what in found["broken"]:
        print(f"  BROKEN: {what}")
    save("soak", {"scale": vars(options), "found": found})
    return 1 if found["broken"] else 0
