"""Where the daemon listens: addresses, paths, and sockets that somebody else opened."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from palyra_kernel.daemon.sockets import address_of, inherited_socket, tcp_sockets, unix_socket
from palyra_kernel.errors import ConflictError, InvalidInputError, UnavailableError
from tests.daemon.client import Wire
from tests.daemon.running import local

UID = os.getuid() if hasattr(os, "getuid") else 0
UNIX = getattr(socket, "AF_UNIX", 0)
posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such sockets")


def connected(path):
    wire = socket.socket(UNIX)
    wire.settimeout(20)
    wire.connect(os.fspath(path))
    return Wire.over(wire)


@posix
def test_a_user_of_this_machine_is_who_the_system_says(tmp_path):
    """Whoever could reach the port of a local interface could act as the user that ran it."""
    path = tmp_path / "run" / "palyra.sock"
    with local(path, UID):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with connected(path) as wire:
            assert wire.who()["principal"] == f"user:{UID}"
    with local(path, UID + 1), connected(path) as wire:
        assert wire.until_cut() == 0


@posix
def test_who_has_said_all_is_answered(tmp_path):
    """A client that closes its side behind its request, as small ones do, was taken for gone."""
    path = tmp_path / "palyra.sock"
    with local(path, UID), connected(path) as wire:
        wire.send(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n")
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.answer() == (200, b"done")
        assert wire.until_cut() == 0


@posix
def test_the_socket_of_a_dead_process_is_removed_and_of_a_living_one_is_not(tmp_path):
    """A daemon took the socket of one that was running, and left its users with nobody at the other end."""
    path = tmp_path / "palyra.sock"
    with unix_socket(path), pytest.raises(ConflictError, match="a process answers"):
        unix_socket(path)
    assert path.exists()
    unix_socket(path).close()
    path.unlink()
    path.write_text("notes")
    with pytest.raises(ConflictError, match="no socket"):
        unix_socket(path)
    assert path.read_text() == "notes"


@posix
def test_one_of_many_gets_the_socket(tmp_path):
    """Two daemons that started together both removed the other's socket as dead."""
    path = tmp_path / "palyra.sock"
    dead = socket.socket(UNIX)
    dead.bind(os.fspath(path))
    dead.close()
    script = (
        "import sys; from pathlib import Path; from palyra_kernel.daemon.sockets import unix_socket\n"
        "try: made = unix_socket(Path(sys.argv[1]))\n"
        "except Exception as error: print(error.code, flush=True)\n"
        "else: print('mine', flush=True); sys.stdin.read()"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = sorted(racer.stdout.readline().strip() for racer in racers if racer.stdout)
    for racer in racers:
        racer.communicate()
    assert said == ["mine", *["socket_taken"] * 3]


@posix
def test_a_path_that_is_too_long_is_said(tmp_path):
    """The system's own words are "AF_UNIX path too long", without the path or what to do about it."""
    with pytest.raises(InvalidInputError, match="103 bytes"):
        unix_socket(tmp_path / ("x" * 100))


def test_a_port_that_is_taken_is_said():
    """A second daemon died of an OSError."""
    (first,) = tcp_sockets("127.0.0.1", 0)
    with first:
        with pytest.raises(UnavailableError, match="cannot listen on") as caught:
            tcp_sockets("127.0.0.1", first.getsockname()[1])
        assert "another process" in str(caught.value.hint)
    with pytest.raises(UnavailableError, match="no-such-host"):
        tcp_sockets("no-such-host.invalid", 0)


def test_addresses_are_written_as_people_do():
    """An IPv6 address in a URL needs its brackets."""
    try:
        (made,) = tcp_sockets("::1", 0)
    except UnavailableError:
        pytest.skip("this machine has no IPv6")
    with made:
        assert address_of(made).startswith("[::1]:")
        assert made.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


@posix
def test_a_socket_that_somebody_opened_for_us_is_looked_at():
    """With socket activation, a wrong number was a file of our own, which then was closed."""
    (made,) = tcp_sockets("127.0.0.1", 0)
    with made, inherited_socket(os.dup(made.fileno())) as ours:
        assert ours.getsockname() == made.getsockname()
        assert not ours.get_inheritable()
    read, write = os.pipe()
    one, other = socket.socketpair()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for wrong in (read, one.fileno(), udp.fileno(), 10_000):
        with pytest.raises(InvalidInputError, match="no listening"):
            inherited_socket(wrong)
    os.write(write, b"x")
    assert os.read(read, 1) == b"x"
    for each in (one, other, udp):
        each.close()
    os.close(read)
    os.close(write)
