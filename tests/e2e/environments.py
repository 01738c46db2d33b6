"""A fresh Python environment into which a test installs what a stranger built: no network, no installer."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import palyra_backend_file
import palyra_kernel

_BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
_TIMEOUT = 50


class Outcome(NamedTuple):
    """What a command answered."""

    code: int
    out: bytes
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err.splitlines()[-1])["error"]


class Environment:
    """An environment in *folder*, where the kernel, the plugins of the workspace and all they need are installed."""

    def __init__(self, folder: Path) -> None:
        on_windows = os.name == "nt"
        venv.EnvBuilder(symlinks=not on_windows).create(folder)
        self.python = folder / ("Scripts/python.exe" if on_windows else "bin/python")
        base = {"base": str(folder), "platbase": str(folder)}
        self.site = Path(sysconfig.get_path("purelib", "venv", base))
        around = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
        around += [str(_home(module.__file__)) for module in (palyra_kernel, palyra_backend_file)]
        lines = "".join(f"{path}\n" for path in dict.fromkeys(around))
        (self.site / "around.pth").write_text(lines, "locale")  # as site reads it

    def run(self, *arguments: str | Path, stdin: bytes = b"", **variables: str) -> Outcome:
        """Run this Python, isolated: neither the current folder nor the caller's variables are searched."""
        done = subprocess.run(
            # Bytecode is told from source by seconds and size, and a test is faster than that.
            [self.python, "-I", "-B", *arguments],
            input=stdin,
            capture_output=True,
            env={**os.environ, **variables},
            timeout=_TIMEOUT,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr.decode())

    def install(self, wheel: Path) -> None:
        """What an installer does with a pure wheel: its RECORD is already true of the unpacked files."""
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)

    def uninstall(self, info: str) -> None:
        """Remove the files that RECORD of *info* lists, and the folder that it is in."""
        for line in (self.site / info / "RECORD").read_text("utf-8").splitlines():
            (self.site / line.rsplit(",", 2)[0]).unlink()
        (self.site / info).rmdir()

    def upgrade(self, info: str, file: str, old: bytes, new: bytes) -> None:
        """Change *old* to *new* in *file*, and RECORD as an installer writes it."""
        path, record = self.site / file, self.site / info / "RECORD"
        before = path.read_bytes()
        assert before.count(old) == 1
        path.write_bytes(before.replace(old, new))
        was, row = _row(file, before), _row(file, path.read_bytes())
        text = record.read_bytes()
        assert was in text
        record.write_bytes(text.replace(was, row))


def build_wheel(project: Path, folder: Path) -> Path:
    """Build *project* as a packager does, with the backend that its ``pyproject.toml`` names."""
    copy = folder / "project"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-c", _BUILD, str(folder)], cwd=copy, check=True, timeout=_TIMEOUT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _home(file: str | None) -> Path:
    assert file is not None
    return Path(file).resolve().parents[1]


def _row(name: str, content: bytes) -> bytes:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n".encode()
