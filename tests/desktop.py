"""A desktop session of a test's own: a private bus, and on it the real gnome-keyring with a home of its own."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from time import monotonic, sleep
from typing import Any

import pytest

INSTALL = "apt-get install --no-install-recommends gnome-keyring dbus libsecret-tools"
PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon", "secret-tool")
PASSWORD = b"the password of this test"
LABEL = "Palyra"
PATIENCE = 30.0
_PRIVATE = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
_BUS = """<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy>{limits}</busconfig>"""
_LIMITS = "".join(
    f'<limit name="{name}">1000000000</limit>'
    for name in ("max_incoming_bytes", "max_outgoing_bytes", "max_message_size")
)


def present() -> bool:
    """Whether the programs are installed."""
    return sys.platform == "linux" and all(map(shutil.which, PROGRAMS))


def require_desktop() -> None:
    """Skip the test where they are not."""
    if not present():
        pytest.skip(f"needs {', '.join(PROGRAMS)}: {INSTALL}")


class Desktop:
    """The bus does not start services by itself: what is not running is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix:path={folder / 'bus'}"
        run = folder / "run"
        run.mkdir(mode=0o700)
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_RUNTIME_DIR": str(run),
            "DBUS_SESSION_BUS_ADDRESS": self.address,
        }
        (folder / "bus.conf").write_text(_BUS.format(path=folder / "bus", limits=_LIMITS))
        command = ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork", "--print-address=1"]
        self._bus = Popen(command, stdout=PIPE, stderr=DEVNULL, env=self.environment)
        assert self._bus.stdout is not None
        self._bus.stdout.readline()  # it listens when it has said where
        self._daemon: Popen[bytes] | None = None

    def start(self, *, unlock: bool = True) -> None:
        """Start the daemon; *unlock* the keyring ``Palyra`` if there is one."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"]
        self._daemon = Popen(command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, env=self.environment)
        assert self._daemon.stdin is not None
        self._daemon.stdin.write(PASSWORD)
        self._daemon.stdin.close()
        self.wait_for("org.freedesktop.secrets")
        if unlock and (path := self.keyring()):
            self._master("UnlockWithMasterPassword", "o(oayays)", path)

    def kill(self) -> None:
        """Kill the daemon as ``kill -9`` does."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def restart(self, *, unlock: bool = True) -> None:
        self.kill()
        self.start(unlock=unlock)

    def make_keyring(self, label: str = LABEL) -> str:
        """Make a keyring without a prompt; return its path."""
        properties = {"org.freedesktop.Secret.Collection.Label": ("s", label)}
        return str(self._master("CreateWithMasterPassword", "a{sv}(oayays)", properties)[0])

    def keyring(self, label: str = LABEL) -> str | None:
        import secretstorage

        with self.connected() as connection:
            for each in secretstorage.get_all_collections(connection):
                if each.get_label() == label:
                    return each.collection_path
        return None

    def lock(self) -> None:
        with self.collection() as collection:
            collection.lock()

    def unlock(self) -> None:
        self._master("UnlockWithMasterPassword", "o(oayays)", self.keyring())

    @contextmanager
    def collection(self) -> Iterator[Any]:
        """The keyring ``Palyra`` as any program on the bus has it."""
        import secretstorage

        path = self.keyring()
        assert path is not None
        with self.connected() as connection:
            yield secretstorage.Collection(connection, path)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]
        from secretstorage.util import add_match_rules

        with open_dbus_connection(self.address) as connection:
            add_match_rules(connection)
            yield connection

    def wait_for(self, name: str) -> None:
        """Wait until somebody owns *name* on the bus."""
        from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
        from jeepney.io.blocking import Proxy

        until = monotonic() + PATIENCE
        with self.connected() as connection:
            bus = Proxy(message_bus, connection)
            while not bus.NameHasOwner(name)[0]:
                assert monotonic() < until, f"nobody came to own {name}"
                sleep(0.002)

    def close(self) -> None:
        self.kill()
        self._bus.terminate()
        self._bus.wait()
        if self._bus.stdout is not None:
            self._bus.stdout.close()

    def _master(self, method: str, signature: str, *arguments: Any) -> Any:
        """Call the daemon's private interface, which takes the password from us in place of a prompt."""
        from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]
        from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]
        from secretstorage.util import format_secret, open_session

        address = DBusAddress("/org/freedesktop/secrets", "org.freedesktop.secrets", _PRIVATE)
        with self.connected() as connection:
            secret = format_secret(open_session(connection), PASSWORD, "text/plain")
            call = new_method_call(address, method, signature, (*arguments, secret))
            return unwrap_msg(connection.send_and_get_reply(call, timeout=PATIENCE))


@contextmanager
def new_desktop() -> Iterator[Desktop]:
    """A session in a folder with a short path: a socket's holds 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="pk-", dir="/tmp"))
    desktop = None
    try:
        desktop = Desktop(folder)
        yield desktop
    finally:
        if desktop is not None:
            desktop.close()
        with suppress(OSError):
            shutil.rmtree(folder)
