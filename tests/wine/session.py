"""Programs for Windows, run by Wine in a prefix of the test's own: a CPython with our code and its packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL

import pytest

from tests.wine.fetch import fetched

ROOT = Path(__file__).parents[2]
SERVER = Path("/usr/lib/wine/wineserver64")
INSTALL = "apt-get install --no-install-recommends wine wine64 gcc-mingw-w64-x86-64"
FETCH = ".venv/bin/python -m tests.wine.fetch"
PATIENCE = 120.0
IDLE_SECONDS = 60
"""After which the server ends by itself: whoever is killed closes nothing."""
_FETCHED = fetched()


def require_wine() -> None:
    """Skip the test where Wine, or what it runs, is missing."""
    if sys.platform != "linux" or shutil.which("wine") is None or not SERVER.exists():
        pytest.skip(f"needs Wine: {INSTALL}, then {FETCH}")
    if not _FETCHED.exists():
        pytest.skip(f"needs a CPython for Windows: {FETCH}")


class Wine:
    """One prefix in *folder*, with a server that stays until :meth:`close`: starting it takes longer than a program."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "prefix"
        distributions = folder / "distributions"
        for each in Path(sysconfig.get_path("purelib")).glob("palyra_*.dist-info"):
            shutil.copytree(each, distributions / each.name)  # by which plugins are found
        path = [ROOT / "src", *sorted(ROOT.glob("plugins/*/src")), distributions, _FETCHED / "packages"]
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # or it looks for .NET and a browser
            "PYTHONPATH": ";".join(map(windows_path, path)),
            "PYTHONPYCACHEPREFIX": windows_path(_FETCHED / "compiled"),
        }

    def start(self) -> None:
        """Make the prefix and its server."""
        self.prefix.mkdir()
        # Started here, with nothing to write to: Wine's services keep the first output that they see, and whoever reads
        # that never sees its end.
        self._call(SERVER, f"-p{IDLE_SECONDS}")
        self._call("wine", "wineboot", "-i")
        shutil.copy(_FETCHED / "bcryptprimitives.dll", self.prefix / "drive_c/windows/system32")

    def python(self, *arguments: str, seconds: float = PATIENCE) -> subprocess.CompletedProcess[bytes]:
        """Run the CPython. Its standard streams are pipes: it does not start with others."""
        command = ["wine", str(_FETCHED / "python" / "python.exe"), *arguments]
        return subprocess.run(
            command,
            input=b"",
            capture_output=True,
            cwd=ROOT,
            env=self._environment,
            timeout=seconds,
            check=False,
        )

    def close(self) -> None:
        """End everything that runs in the prefix."""
        self._call(SERVER, "-k", check=False)
        self._call(SERVER, "-w", check=False)

    def _call(self, *command: str | os.PathLike[str], check: bool = True) -> None:
        subprocess.run(
            command,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            env=self._environment,
            timeout=PATIENCE,
            check=check,
        )


def windows_path(path: Path) -> str:
    """The name that *path* has for programs in Wine."""
    return "Z:" + str(path).replace("/", "\\")


@contextmanager
def new_wine() -> Iterator[Wine]:
    """A prefix, which is some 700 MB, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="pk-wine-") as folder:
        wine = Wine(Path(folder))
        try:
            wine.start()
            yield wine
        finally:
            wine.close()
