"""Copies that editors and backups made of a file, in its folder and in git: found and named, never touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, cast

from palyra_kernel.scan.files import MAX_BYTES

_MAX_COPIES = 1000
_MAX_COMMITS = 2000
_GIT_SECONDS = 10.0
_RAW = ("--raw", "--no-abbrev", "--no-renames", "--format=")
_QUIET = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "--no-pager")


class History(NamedTuple):
    """How often git has a value: commits that wrote it, whether it is staged; *whole* if everything was searched."""

    commits: int
    staged: bool
    whole: bool


def copies_of(path: Path, needles: Iterable[str]) -> list[str]:
    """The files beside *path*, with its name in theirs, that hold one of *needles*: ``NAME~``, ``NAME.bak``,
    ``.NAME.swp``, ``#NAME#``, ``NAME.2026-01-01`` and whatever else people call them."""
    wanted, name = _encoded(needles), path.name.lower()
    try:
        with os.scandir(path.parent) as listing:
            beside = sorted(
                entry.path
                for entry in listing
                if name in entry.name.lower()
                and entry.name != path.name
                and entry.is_file(follow_symlinks=False)
            )
    except OSError:  # a folder that may be entered and not listed
        return []
    return [each for each in beside[:_MAX_COPIES] if _holds(Path(each), wanted)]


def in_git(path: Path, needles: Iterable[str]) -> History | None:
    """Whether git keeps one of *needles* in a version of *path*; None without git, or if it does not know the file.

    The values are looked for here: a search by git would show them in the list of processes.
    """
    git = shutil.which("git")
    if git is None:
        return None
    call = (git, *_QUIET, "-C", str(path.parent))
    try:
        staged = _blobs(_output((*call, "ls-files", "--stage", "--", path.name)))
        log = _output((*call, "log", "--all", f"--max-count={_MAX_COMMITS + 1}", *_RAW, "--", path.name))
        committed = _blobs(log)
        if not staged and not committed:
            return None
        holding, whole = _search(call, {*staged, *committed}, _encoded(needles))
    except (OSError, subprocess.SubprocessError):
        return None
    commits = [blob for blob in committed if blob in holding]
    whole = whole and len(committed) <= _MAX_COMMITS
    return History(len(commits), any(blob in holding for blob in staged), whole)


def _blobs(text: str) -> list[str]:
    """The ids in ``:MODE MODE OLD NEW STATUS`` of a log, and in ``MODE ID STAGE`` of the index."""
    ids = []
    for line in text.splitlines():
        fields = line.split()
        if line.startswith(":") and len(fields) > 4:
            ids.append(fields[3])
        elif len(fields) > 3 and fields[0].isdigit():
            ids.append(fields[1])
    return [each for each in ids if each.strip("0")]


def _search(call: Sequence[str], blobs: Iterable[str], wanted: Sequence[bytes]) -> tuple[set[str], bool]:
    """Those of *blobs* that hold one of *wanted*, and whether there was time to look at all of them."""
    holding: set[str] = set()
    with subprocess.Popen(
        (*call, "cat-file", "--batch"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as process:
        asks, answers = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        late = threading.Timer(_GIT_SECONDS, process.kill)
        late.start()
        try:
            for blob in sorted(blobs):
                asks.write(blob.encode() + b"\n")
                asks.flush()
                header = answers.readline().split()
                if len(header) != 3:
                    return holding, False
                data = answers.read(int(header[2]) + 1)
                if any(needle in data for needle in wanted):
                    holding.add(blob)
        except BrokenPipeError:
            return holding, False
        finally:
            late.cancel()
            process.kill()
            with suppress(BrokenPipeError):
                asks.close()
    return holding, True


def _output(arguments: Sequence[str]) -> str:
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        timeout=_GIT_SECONDS,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    """The repository that is meant is the one around the file, and nothing is fetched, locked or asked."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _holds(path: Path, wanted: Sequence[bytes]) -> bool:
    with suppress(OSError), path.open("rb") as file:
        data = file.read(MAX_BYTES)
        return any(needle in data for needle in wanted)
    return False


def _encoded(needles: Iterable[str]) -> list[bytes]:
    return [needle.encode("utf-8", "surrogatepass") for needle in needles]
