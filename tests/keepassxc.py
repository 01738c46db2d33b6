"""KeePassXC as the Secret Service of a test's desktop: another program than gnome-keyring, with other habits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import DEVNULL, PIPE, Popen, run
from time import monotonic, sleep

import pytest

from tests.desktop import LABEL, PATIENCE, Desktop

_PASSWORD = b"pw\n"
_SETTINGS = """[General]
AutoSaveAfterEveryChange=true
SingleInstance=false
UpdateCheckMessageShown=true
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ShowNotification=false
ConfirmAccessItem=false
ConfirmDeleteItem=false
"""
_DATABASE = f"""<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile><Meta><DatabaseName>{LABEL}</DatabaseName><RecycleBinEnabled>True</RecycleBinEnabled><CustomData><Item>
<Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{{01234567-89ab-4def-8123-456789abcdef}}</Value>
</Item></CustomData></Meta><Root><Group><UUID>AAECAwQFBgcICQoLDA0ODw==</UUID><Name>Root</Name>
<Group><UUID>ASNFZ4mrTe+BI0VniavN7w==</UUID><Name>secrets</Name></Group></Group></Root></KeePassFile>
"""  # the second group is the one that it offers on the bus


def require_keepassxc() -> None:
    """Skip the test where it is not."""
    if shutil.which("keepassxc") is None or shutil.which("keepassxc-cli") is None:
        pytest.skip("needs keepassxc: apt-get install --no-install-recommends keepassxc")


class KeePassXC:
    """On the bus of *desktop*, with an unlocked database named ``Palyra``, from the start until :meth:`kill`."""

    def __init__(self, desktop: Desktop) -> None:
        self.desktop = desktop
        self.database = desktop.folder / "palyra.kdbx"
        self._environment = {
            **desktop.environment,
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": str(desktop.folder / "config"),
        }
        self._program: Popen[bytes] | None = None
        settings = desktop.folder / "config" / "keepassxc" / "keepassxc.ini"
        settings.parent.mkdir(parents=True)
        settings.write_text(_SETTINGS)
        document = desktop.folder / "palyra.xml"
        document.write_text(_DATABASE)
        self.cli("import", "-t", "100", "-p", str(document), str(self.database), given=2 * _PASSWORD)

    def cli(self, *arguments: str, given: bytes = _PASSWORD) -> str:
        """What its command line says."""
        return run(
            ["keepassxc-cli", arguments[0], "-q", *arguments[1:]],
            input=given,
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        ).stdout.decode()

    def start(self) -> None:
        """Start it unless it runs; wait until the database is unlocked."""
        if self._program is not None:
            return
        command = ["keepassxc", "--pw-stdin", str(self.database)]
        self._program = Popen(command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, env=self._environment)
        assert self._program.stdin is not None
        self._program.stdin.write(_PASSWORD)
        self._program.stdin.close()
        self.desktop.wait_for("org.freedesktop.secrets")
        until = monotonic() + PATIENCE
        while not self._is_open():
            assert monotonic() < until, "KeePassXC does not open its database"
            sleep(0.02)

    def kill(self) -> None:
        """Kill it as ``kill -9`` does; it does not always end otherwise."""
        if self._program is not None:
            self._program.kill()
            self._program.wait()
            self._program = None

    def _is_open(self) -> bool:
        import secretstorage

        with self.desktop.connected() as connection:
            there = list(secretstorage.get_all_collections(connection))
            return any(each.get_label() == LABEL and not each.is_locked() for each in there)


@contextmanager
def new_keepassxc(desktop: Desktop) -> Iterator[KeePassXC]:
    """Running, for the block."""
    service = KeePassXC(desktop)
    try:
        service.start()
        yield service
    finally:
        service.kill()
