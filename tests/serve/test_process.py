"""The daemon as people start and stop it: real processes, real sockets, real signals."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys

import pytest

from palyra_kernel.daemon.daemon import serve
from palyra_kernel.errors import ConflictError, DeniedError
from tests.serve.process import CONFIG, UNIX, Running, running
from tests.support import Places

HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and unix sockets")


def certificate(address):
    """What the server at *address* shows, and the version of TLS that it took."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(address, 20) as plain, context.wrap_socket(plain) as tls:
        return tls.getpeercert(True), tls.version()


def test_a_daemon_from_its_start_to_its_end(folder):
    with running(folder) as daemon:
        status, facts = daemon.ask("GET", "/v1/status")
        assert (status, facts["pid"]) == (200, daemon.process.pid)
        assert set(facts["listeners"]) == {"local", "enrolment", "work", "health"}
        assert not facts["enrolment_open"]
        assert daemon.ask("GET", "/v1/self")[0] == 404
        assert daemon.ask("DELETE", "/v1/status")[0] == 405
        before, version = certificate(daemon.address("enrolment"))
        assert version == "TLSv1.3"

        with Places(folder).open(plugins=None) as other, pytest.raises(ConflictError) as caught:
            serve(other, environment={})
        assert caught.value.code == "socket_taken"
        assert daemon.ask("GET", "/v1/status")[0] == 200

        file = folder / "config" / "palyra.toml"
        file.write_text(CONFIG + 'hosts = ["gateway.example"]\n')
        daemon.send(HANGUP)
        daemon.until("gateway.hosts")
        after = before
        while after == before:  # the watcher of the listeners takes it up
            after, _ = certificate(daemon.address("enrolment"))
        assert b"gateway.example" in after

        file.write_text(CONFIG.replace('work = "127.0.0.1:0"', 'work = ""'))
        status, answer = daemon.ask("POST", "/v1/reload")
        assert (status, answer["error"]["code"]) == (409, "restart_needed")
        daemon.until("restart_needed")
        assert daemon.address("work")

        assert daemon.stop() == 0
        assert not daemon.socket.exists()
        assert [line["message"] for line in daemon.lines][-1] == "stopped"
    with Places(folder).open(plugins=None) as kernel:
        actions = [told.opened.event.action for told in kernel.audit.tail(50)]
    assert actions.count("gateway.serve") == 1
    assert actions.count("gateway.reload") >= 2


def test_one_that_was_killed_leaves_nothing_in_the_way(folder):
    """A socket that a dead process left made the next start fail, and somebody remove it by hand."""
    with running(folder) as daemon:
        daemon.process.kill()
        daemon.ended()
        assert daemon.socket.exists()
    with socket.socket(UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(20)
        with running(folder, NOTIFY_SOCKET=str(folder / "notify")) as daemon:
            assert manager.recv(4096).startswith(b"READY=1\nSTATUS=listening: local on ")
            daemon.send(signal.SIGTERM)
            daemon.send(signal.SIGTERM)  # what a terminal and a wrapper make of one Ctrl-C
            assert daemon.ended() == 0
            assert manager.recv(4096) == b"STOPPING=1"
            assert daemon.lines[-1]["message"] == "stopped"


@pytest.mark.real
@pytest.mark.skipif(shutil.which("curl") is None, reason="apt-get install curl")
def test_curl_hears_that_it_is_ready_and_that_a_port_is_taken(folder):
    with running(folder) as daemon:
        host, port = daemon.address("health")
        command = ["curl", "-sS", "--max-time", "20", f"http://{host}:{port}/readyz"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
        assert json.loads(answer)["ready"] is True
        other = folder / "other"
        shutil.copytree(folder / "config", other / "config")
        (other / "config" / "palyra.toml").write_text(f'[gateway]\nhealth = "{host}:{port}"\n')
        shutil.rmtree(other / "config" / "keys")
        shutil.rmtree(other / "config" / "heads")
        third = Running(other, "--init")
        assert third.ended() == 6
        said = third.log.read_text()
        assert "address_unusable" in said
        assert "another process has this port" in said
        assert not third.socket.exists()


def test_nobody_from_elsewhere_reaches_a_daemon_that_was_not_told_so(folder):
    """Hazard H1: a listener on every address, without one of the conditions."""
    (folder / "config" / "palyra.toml").write_text(CONFIG.replace("127.0.0.1:0", "0.0.0.0:0", 2))
    with Places(folder).open(plugins=None) as kernel, pytest.raises(DeniedError) as caught:
        serve(kernel, environment={})
    assert caught.value.code == "remote_bind_refused"
    for named in ("acknowledged_in_config", "acknowledged_in_environment", "hosts", "approvals"):
        assert named in caught.value.message
    assert not (folder / "state" / "palyra.sock").exists()
