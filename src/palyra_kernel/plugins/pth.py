"""``.pth`` files with code: a line that starts with ``import`` runs at every start of the interpreter.

A package can ship one, and it runs whether or not anything of the package is imported or enabled. That is how a
compromised release of litellm stole credentials.
"""

from __future__ import annotations

import site
import sys
from collections.abc import Iterable
from pathlib import Path

_LIMIT = 1024 * 1024
# Shipped by setuptools into most environments, word for word: it makes distutils importable.
_HARMLESS = (
    b"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    b"enabled and __import__('_distutils_hack').add_shim();"
)


def site_folders(extra: Iterable[Path] = ()) -> list[Path]:
    """The folders whose ``.pth`` files the interpreter reads, and *extra*; sorted, each once."""
    found = [*site.getsitepackages(), *(each for each in sys.path if Path(each).name.endswith("-packages"))]
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    folders = {Path(each) for each in found} | set(extra)
    return sorted({folder.resolve() for folder in folders if folder.is_dir()})


def executable_pth(folder: Path) -> list[Path]:
    """The ``.pth`` files in *folder* that run code, sorted. One that cannot be read counts as one that does."""
    return sorted(path for path in folder.glob("*.pth") if _runs_code(path))


def _runs_code(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT)
    except OSError:
        return True
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    code = [line for line in lines if line.startswith((b"import ", b"import\t"))]
    return len(data) == _LIMIT or any(line.strip() != _HARMLESS for line in code)
