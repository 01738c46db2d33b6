"""``docs/pairing.md``, "What you type": typed, at a gateway and on a device that are programs of their own."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from tests.docs.pages import page, section, table_rows
from tests.docs.sessions import environment
from tests.docs.terminal import on_terminal

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

PASSPHRASE = "correct horse battery"
_ADDRESS = "https://gateway.example:7443"
_TYPED = re.compile(r"`(palyra [^`]+)`")


def typed(column: int) -> list[str]:
    """The commands in a column of the table: 1 at the gateway, 2 on the device."""
    rows = table_rows(section(page("pairing.md"), "## What you type"))
    return [command for row in rows for command in _TYPED.findall(row[column])]


class Side(NamedTuple):
    """A person at a terminal of a machine with a vault."""

    home: Path

    def __call__(self, command: str, *answers: str) -> str:
        done = on_terminal(command, answers, environment(self.home), self.home)
        assert done.returncode == 0, (command, done.stdout)
        return done.stdout

    def json(self, command: str) -> dict[str, object]:
        """What *command* tells a program."""
        done = subprocess.run(
            ["sh", "-c", command.replace("palyra", "palyra --json", 1)],
            env=environment(self.home),
            capture_output=True,
            check=True,
        )
        found: dict[str, object] = json.loads(done.stdout)
        return found


def side(home: Path) -> Side:
    home.mkdir(mode=0o700)
    made = Side(home)
    made("palyra init")
    return made


def two_ports() -> int:
    """A port that is free, and the one behind it too."""
    for port in range(21_000, 30_000, 2):
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no ports are free")


@pytest.fixture
def port() -> int:
    return two_ports()


@pytest.fixture
def gateway(tmp_path: Path, port: int) -> Iterator[Side]:
    at = side(tmp_path / "gateway")
    (config,) = at.home.rglob("plugins.lock")
    file = config.with_name("palyra.toml")
    file.write_text(
        f'[gateway]\nenrolment = "127.0.0.1:{port}"\nwork = "127.0.0.1:{port + 1}"\nhealth = ""\n'
    )
    file.chmod(0o600)
    at("palyra approvals passphrase", PASSPHRASE, PASSPHRASE)
    serving = subprocess.Popen(
        ["palyra", "serve"], env=environment(at.home), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert serving.stderr is not None
    try:
        for line in serving.stderr:
            if b"Ctrl-C stops it" in line:
                break
        yield at
    finally:
        serving.send_signal(signal.SIGTERM)
        try:
            serving.communicate(timeout=30)
        finally:
            serving.kill()


@pytest.mark.timeout(120)
def test_a_device_is_paired_as_the_page_says(gateway: Side, tmp_path: Path, port: int) -> None:
    """Hazards U17, H42: no documented example was ever run; a pairing ended without a call over mutual TLS."""
    code, listing, approving = typed(1)
    pairing, status = typed(2)
    device = side(tmp_path / "device")
    shown: list[str] = []
    text = next(line for line in gateway(code).splitlines() if re.fullmatch(r"\d-\d{3}-\d{3}", line))
    here = pairing.replace(_ADDRESS, f"https://localhost:{port}")
    running = Thread(target=lambda: shown.append(device(here, text)))
    running.start()
    try:
        (waiting,) = _waiting(gateway, listing)
        assert str(waiting["words"]) in gateway(listing)
        said = gateway(approving.replace("ID", str(waiting["pairing_id"])), "y", PASSPHRASE)
        assert str(waiting["words"]) in said
    finally:
        running.join(60)
    assert str(waiting["words"]) in shown[0]
    assert str(waiting["device_id"]) in device(status)
    (known,) = _devices(gateway)
    assert (known["name"], known["state"]) == ("work laptop", "active")


def _waiting(gateway: Side, listing: str) -> Sequence[dict[str, object]]:
    """Pairings, as soon as there is one that can be decided."""
    while True:
        found = gateway.json(listing)["pairings"]
        assert isinstance(found, list)
        if any(each["state"] == "awaiting_approval" for each in found):
            return found


def _devices(gateway: Side) -> Sequence[dict[str, object]]:
    found = gateway.json("palyra devices list")["devices"]
    assert isinstance(found, list)
    return found
