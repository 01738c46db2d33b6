"""The files of a distribution against its RECORD: changed, missing, and importable though nobody listed them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.machinery import all_suffixes
from pathlib import Path

from palyra_kernel.errors import PalyraError
from palyra_kernel.plugins.names import shown
from palyra_kernel.plugins.record import RecordRow, absolute, digest_fits, rows
from palyra_kernel.values.findings import Finding, Severity

_CACHE = "__pycache__"


def listed_files(folder: Path) -> set[Path]:
    """Every file that the RECORD in *folder* lists; empty when there is none to read."""
    try:
        return {row.path for row in rows(folder)}
    except PalyraError:
        return set()


def file_findings(plugin: str, folder: Path) -> Iterator[Finding]:
    """Compare the files of the distribution whose ``.dist-info`` is *folder* with its RECORD."""
    try:
        listed = list(rows(folder))
    except PalyraError as error:
        yield Finding(
            severity="error", code=error.code, subject=plugin, message=error.message, hint=error.hint
        )
        return
    for row in listed:
        yield from _listed(plugin, row)
    paths = {row.path for row in listed}
    for path in sorted(_importable_in_packages(paths, folder.parent) - paths):
        yield _finding(
            "error", "file_unlisted", plugin, path, "can be imported, but its distribution did not bring it"
        )


def _listed(plugin: str, row: RecordRow) -> Iterator[Finding]:
    path = row.path
    if not row.digest:
        # Installers list compiled files and RECORD itself without a digest.
        if path.suffix != ".pyc" and path.name != "RECORD":
            yield _finding("warning", "file_unhashed", plugin, path, "is listed without a digest")
        return
    try:
        fits = digest_fits(path, row.digest)
    except FileNotFoundError:
        yield _finding("error", "file_missing", plugin, path, "is listed, and not there")
    except OSError as error:
        yield _finding("error", "file_missing", plugin, path, f"cannot be read ({type(error).__name__})")
    else:
        if fits is None:
            yield _finding(
                "error", "file_changed", plugin, path, "is listed with a digest that proves nothing"
            )
        elif not fits:
            yield _finding("error", "file_changed", plugin, path, "is not what was installed")


def _importable_in_packages(listed: set[Path], site: Path) -> set[Path]:
    """Files inside the packages of *listed* that an import could execute, and links in the place of folders.

    A folder that several distributions share as a namespace has no ``__init__.py`` of ours and is left alone: a
    module in it that we did not bring is not ours. Compiled files beside their source, in ``__pycache__``, are
    written by the first import; the interpreter ignores those without a source.
    """
    packages = {path.parent for path in listed if path.name.partition(".")[0] == "__init__"}
    packages.discard(absolute(site / "x").parent)
    found: set[Path] = set()
    for package in packages:
        for place, folders, files in os.walk(package):
            if _CACHE in folders:
                folders.remove(_CACHE)
            here = Path(place)
            found.update(here / name for name in files if name.endswith(tuple(all_suffixes())))
            found.update(here / name for name in folders if (here / name).is_symlink())
    return found


def _finding(severity: Severity, code: str, plugin: str, path: Path, what: str) -> Finding:
    return Finding(
        severity=severity,
        code=code,
        subject=plugin,
        message=f"{shown(str(path), 500)} {what}",
        hint="install the distribution again with pip, after finding out what changed it",
    )
