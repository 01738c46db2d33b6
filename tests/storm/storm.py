"""Many guesses at once at a gateway that is killed meanwhile: how many of them could have been right?"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from palyra_kernel import Kernel
from palyra_kernel.identity.pairing.attempts import PER_CODE
from palyra_kernel.identity.pairing.codes import Scanned, parse_pin
from tests.identity.pairing_world import Device
from tests.storm.guesser import guess

_START_SECONDS = 120
_RUNS_A_PROCESS = 250


class Round(NamedTuple):
    """``live``: shares of the code that left the gateway; ``said``: what the guessers saw; ``right``: what became of
    the right PIN behind it; ``kills``: of the gateway meanwhile."""

    live: int
    said: Counter[str]
    right: str
    kills: int

    @property
    def broken(self) -> list[str]:
        """What was promised and is not so."""
        wrong = [] if self.live <= PER_CODE else [f"{self.live} guesses of one code"]
        if self.said["won"]:
            wrong.append("a wrong PIN was taken")
        if self.right == "won":
            wrong.append("the code was not locked")
        return wrong


class Storm:
    """A gateway of its own in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._environment = os.environ | {
            "PALYRA_STATE_ROOT": str(folder / "state"),
            "PALYRA_CONFIG_DIR": str(folder / "config"),
        }
        self._notes = folder / "live"
        self._kernel = Kernel.open(
            state_root=folder / "state", config_dir=folder / "config", plugins=["file"], create=True
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        settings = f'[gateway]\nenrolment = "127.0.0.1:{self._port}"\nwork = ""\nhealth = ""\n'
        (folder / "config" / "palyra.toml").write_text(settings)
        lock = subprocess.run(
            [sys.executable, "-m", "palyra_kernel.cli", "plugins", "enable", "file"],
            env=self._environment,
            capture_output=True,
            check=False,
        )
        assert lock.returncode == 0, lock.stderr
        self._gateway: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """The gateway, until somebody can connect to it."""
        self._gateway = subprocess.Popen(
            [sys.executable, "-m", "tests.storm.gateway", str(self._notes)],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                assert time.monotonic() < ends, "the gateway does not start"
                assert self._gateway.poll() is None, "the gateway ended"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """The gateway, with no warning."""
        assert self._gateway is not None
        self._gateway.kill()
        self._gateway.wait()

    def round(self, runs: int, threads: int, kills: int) -> Round:
        """A new code, and *runs* wrong guesses at once; the gateway is killed *kills* times while they go on."""
        codes = self._kernel.identity.pairings.codes
        codes.reopen()  # an operator looked at the last round
        scanned = parse_pin(codes.mint_pin(issued_by="user:1000", at_ms=self._now()).text)
        codes.mint_pin(issued_by="user:1000", at_ms=self._now())  # the door stays open for somebody else
        before = self._live(scanned.id)
        guessers = [
            self._guesser(scanned, min(_RUNS_A_PROCESS, runs - first), threads, first)
            for first in range(0, runs, _RUNS_A_PROCESS)
        ]
        for _ in range(kills):
            time.sleep(0.7)
            self.kill()
            self.start()
        said: Counter[str] = Counter()
        for each in guessers:
            out, _ = each.communicate()
            assert each.returncode == 0
            said.update(json.loads(out))
        live = self._live(scanned.id) - before
        return Round(live, said, guess(self._port, scanned, 60_000, Device()), kills)

    def _guesser(self, scanned: Scanned, runs: int, threads: int, first: int) -> subprocess.Popen[bytes]:
        parts = (self._port, scanned.id, scanned.secret.decode(), runs, threads, first)
        return subprocess.Popen(
            [sys.executable, "-m", "tests.storm.guesser", *map(str, parts)],
            stdout=subprocess.PIPE,
            env=self._environment,
        )

    def _live(self, code: str) -> int:
        return self._notes.read_text().split().count(code) if self._notes.exists() else 0

    def _now(self) -> int:
        return self._kernel.identity.clock.now_ms()

    def close(self) -> None:
        """End all of it."""
        if self._gateway is not None:
            self.kill()
        self._kernel.close()
