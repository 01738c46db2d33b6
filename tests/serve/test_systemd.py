"""What systemd and the daemon tell each other, with the other side played by hand."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from palyra_kernel.config import GatewayConfig
from palyra_kernel.daemon.binding import bind_all, close_all
from palyra_kernel.daemon.systemd import Notifier, inherited
from palyra_kernel.errors import InvalidInputError
from tests.serve.process import ask_at

UNIX = getattr(socket, "AF_UNIX", socket.AF_INET)
UNITS = Path(__file__).parents[2] / "docs" / "systemd"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is not on Windows")


def said(listening):
    listening.settimeout(10)
    return listening.recv(4096).decode()


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_how_the_service_is(tmp_path, abstract):
    if abstract and sys.platform != "linux":
        pytest.skip("names without a file are Linux's")
    name = f"\0palyra-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        notifier = Notifier({"NOTIFY_SOCKET": name.replace("\0", "@"), "WATCHDOG_USEC": "3000000"})
        notifier.ready("listening")
        assert said(manager) == "READY=1\nSTATUS=listening"
        notifier.reloading()
        assert said(manager).startswith("RELOADING=1\nMONOTONIC_USEC=")
        notifier.alive()
        assert said(manager) == "WATCHDOG=1"
        notifier.stopping()
        assert said(manager) == "STOPPING=1"
        assert notifier.watchdog_seconds == 1.5


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@nobody-listens-here"])
def test_without_systemd_nothing_is_said_and_nothing_fails(address):
    Notifier({"NOTIFY_SOCKET": address}).ready("listening")


@pytest.mark.parametrize(
    "given", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"}]
)
def test_a_watchdog_of_another_process_is_not_ours(given):
    assert Notifier(given).watchdog_seconds is None


def test_sockets_of_another_process_are_not_ours():
    """Who starts us may have got them itself, and not closed the variables behind."""
    environment = {"LISTEN_PID": "1", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a:b:c", "HOME": "/root"}
    assert inherited(environment) == {}
    assert environment == {"HOME": "/root"}


@pytest.mark.parametrize(
    "given",
    [
        {"LISTEN_FDS": "0"},
        {"LISTEN_FDS": "x"},
        {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "work"},
        {"LISTEN_FDS": "1"},
    ],
)
def test_sockets_that_are_not_named_are_refused(given):
    with pytest.raises(InvalidInputError) as caught:
        inherited({"LISTEN_PID": str(os.getpid()), **given})
    assert caught.value.code == "invalid_listen_fds"


def test_a_socket_that_was_handed_over_is_used(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as given:
        number = os.dup(given.fileno())
        config = GatewayConfig(enrolment="", work="", health="127.0.0.1:1")
        asked = []
        tmp_path.chmod(0o700)
        bound = bind_all(config, tmp_path, {"health": [number]}, lambda names: asked.append(list(names)))
        try:
            assert bound.sockets["health"][0].getsockname() == given.getsockname()
            assert asked == [[]]
        finally:
            close_all(bound.sockets)


def test_a_socket_of_all_addresses_is_judged_like_one_of_ours(tmp_path):
    """What systemd bound is reached from elsewhere as much as what we bind."""
    with socket.create_server(("0.0.0.0", 0)) as given:
        asked = []
        tmp_path.chmod(0o700)
        number = os.dup(given.fileno())
        config = GatewayConfig(enrolment="", work="", health="")
        bound = bind_all(config, tmp_path, {"work": [number]}, lambda names: asked.append(list(names)))
        close_all(bound.sockets)
        assert asked == [["work"]]


def test_a_socket_for_nobody_is_refused(tmp_path):
    with pytest.raises(InvalidInputError) as caught:
        bind_all(GatewayConfig(), tmp_path, {"grpc": [99]}, list)
    assert caught.value.code == "invalid_listen_fds"


@pytest.mark.real
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="apt-get install systemd")
def test_the_units_are_what_systemd_takes(tmp_path):
    for unit in UNITS.glob("palyra*"):
        text = unit.read_text().replace("/usr/bin/palyra", shutil.which("true") or "/bin/true")
        (tmp_path / unit.name).write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.glob("palyra*")))]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.real
@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="apt-get install systemd")
def test_a_daemon_that_systemd_starts_when_somebody_knocks(folder):
    """The socket is there before the daemon is, and nobody's request is lost."""
    path, log = folder / "given.sock", folder / "log"
    variables = {"PALYRA_STATE_ROOT": folder / "state", "PALYRA_CONFIG_DIR": folder / "config"}
    command = ["systemd-socket-activate", "--fdname=local", f"--listen={path}"]
    command += [f"--setenv={name}={value}" for name, value in variables.items()]
    with log.open("wb") as to:
        started = subprocess.Popen([*command, sys.executable, "-m", "palyra_kernel.cli", "serve"], stderr=to)
    try:
        while not path.exists():
            assert started.poll() is None, log.read_text()
            time.sleep(0.01)
        status, facts = ask_at(path, "GET", "/v1/status")
        assert status == 200
        assert facts["pid"] == started.pid  # it became the daemon
        assert facts["listeners"]["local"]["addresses"] == [str(path)]
        assert not (folder / "state" / "palyra.sock").exists()
        started.terminate()
        assert started.wait(40) == 0
        assert path.exists()  # it is systemd's
    finally:
        if started.poll() is None:
            started.kill()
            started.wait()
