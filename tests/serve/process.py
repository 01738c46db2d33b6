"""A daemon as a process of its own, and a client for its unix socket."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

UNIX = getattr(socket, "AF_UNIX", socket.AF_INET)
CONFIG = '[gateway]\nenrolment = "127.0.0.1:0"\nwork = "127.0.0.1:0"\nhealth = "127.0.0.1:0"\n'


def ask_at(path, method, target):
    """A request over the unix socket at *path*."""
    with closing(http.client.HTTPConnection("localhost", timeout=20)) as connection:
        connection.sock = socket.socket(UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(20)
        connection.sock.connect(str(path))
        connection.request(method, target)
        answer = connection.getresponse()
        body = answer.read()
    return answer.status, json.loads(body) if body else None


class Running:
    """``lines``: what it has logged so far, decoded."""

    def __init__(
        self, folder: Path, *arguments: str, python: Path | str = sys.executable, **variables: str
    ) -> None:
        self.log = folder / f"log-{time.monotonic_ns()}"
        self.socket = folder / "state" / "palyra.sock"
        environment = {
            **os.environ,
            "PALYRA_STATE_ROOT": str(folder / "state"),
            "PALYRA_CONFIG_DIR": str(folder / "config"),
            **variables,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-m", "palyra_kernel.cli", "--json", "serve", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
            )

    @property
    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def until(self, text, seconds=30.0):
        """Wait until a line of the log has *text*; that line."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.log.read_text().splitlines():
                if text in line:
                    return line
            if self.process.poll() is not None and text not in self.log.read_text():
                break
            time.sleep(0.01)
        raise AssertionError(f"it never said {text!r}: {self.log.read_text()}")

    def ready(self):
        self.until("listening: ")
        return self

    def ask(self, method, path):
        """A request over the unix socket."""
        return ask_at(self.socket, method, path)

    def address(self, name):
        host, _, port = self.ask("GET", "/v1/status")[1]["listeners"][name]["addresses"][0].rpartition(":")
        return host, int(port)

    def send(self, number):
        self.process.send_signal(number)

    def ended(self, seconds=40.0):
        return self.process.wait(seconds)

    def stop(self):
        self.send(signal.SIGTERM)
        return self.ended()


@contextmanager
def running(folder, *arguments, **variables):
    """One that is ready; killed at the end if it is still there."""
    found = Running(folder, *arguments, **variables)
    try:
        yield found.ready()
    finally:
        if found.process.poll() is None:
            found.process.kill()
            found.process.wait()
