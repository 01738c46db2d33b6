"""``docs/pairing.md``, "What you type": typed, at a gateway and on a device that are programs of their own."""

from __future__ import annotations

import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from palyra_kernel import Kernel, SensitiveBytes
from palyra_kernel.access.system import system_principal
from palyra_kernel.approvals import passphrase as passphrases
from palyra_kernel.keys.slots import KEYRING_FILE
from tests.approvals.room import QUICK
from tests.docs.pages import page, section, table_rows
from tests.docs.sessions import environment
from tests.docs.terminal import on_terminal

if sys.platform == "win32":
    pytest.skip("terminals of POSIX", allow_module_level=True)

PASSPHRASE = "correct horse battery"
_ADDRESS = "https://gateway.example:7443"
_LISTED = re.compile(r"^(01\w{24})  awaiting_approval, .*\n  (\w+ \w+ \w+ \w+)   ", re.MULTILINE)
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

    def folders(self) -> dict[str, Path]:
        """Where its vault is."""
        (keyring,), (lock,) = self.home.rglob(KEYRING_FILE), self.home.rglob("plugins.lock")
        return {"state_root": keyring.parent, "config_dir": lock.parent}

    def opened(self) -> Kernel:
        """The vault, once more."""
        folders = self.folders()
        return Kernel.open(state_root=folders["state_root"], config_dir=folders["config_dir"])


def side(home: Path) -> Side:
    home.mkdir(mode=0o700)
    made = Side(home)
    made("palyra init")
    return made


def two_ports() -> int:
    """A port that is free, and the one behind it too; by chance, since others look for one at the same moment."""
    for port in random.sample(range(21_000, 30_000, 2), 100):
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
def short() -> Iterator[Path]:
    """A folder with a short path: that of a socket has 103 bytes."""
    with tempfile.TemporaryDirectory(prefix="palyra-") as folder:
        yield Path(folder)


@pytest.fixture
def gateway(short: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    at = side(short / "home")
    file = at.folders()["config_dir"] / "palyra.toml"
    file.write_text(
        f'[gateway]\nenrolment = "127.0.0.1:{port}"\nwork = "127.0.0.1:{port + 1}"\nhealth = ""\n'
    )
    file.chmod(0o600)
    monkeypatch.setattr(passphrases, "Cost", lambda: QUICK)
    with at.opened() as kernel, kernel.session(system_principal()) as session:
        session.approvals.set_passphrase(SensitiveBytes(PASSPHRASE.encode()))
    serving = subprocess.Popen(
        ["palyra", "serve"], env=environment(at.home), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert serving.stderr is not None
    try:
        said = []
        for line in serving.stderr:
            said.append(line)
            if b"Ctrl-C stops it" in line:
                break
        assert serving.poll() is None, said
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
        words, asked = waiting(gateway, listing)
        assert words in gateway(approving.replace("ID", asked), "y", PASSPHRASE)
    finally:
        running.join(60)
    assert words in shown[0]
    with gateway.opened() as kernel:
        (known,) = kernel.identity.devices.all()
    assert (known.name, known.state) == ("work laptop", "active")
    assert known.certificate is not None
    assert known.id in device(status)


def waiting(gateway: Side, listing: str) -> tuple[str, str]:
    """The words and the id of a pairing, as soon as there is one that waits for an answer."""
    while True:
        found = _LISTED.search(gateway(listing))
        if found is not None:
            return found[2], found[1]
