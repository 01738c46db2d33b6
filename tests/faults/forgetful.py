"""A file system that forgets: FUSE over :class:`Disk`, with a journal of everything that reached it.

``python -m tests.faults.forgetful MOUNTPOINT JOURNAL``. What is written to the file ``said`` becomes part of the
journal at its place, so that a writer can acknowledge in the same order as its data. Real calls of a real kernel reach
it, SQLite's and ``mmap`` of ``-shm`` included; and the journal can be cut after every single one of them.
"""

from __future__ import annotations

import errno
import os
import pickle
import stat
import sys
from itertools import count
from pathlib import Path, PurePath
from typing import IO

import mfusepy as fuse  # type: ignore[import-untyped]

from tests.faults.disk import ROOT, Disk, File, Folder, Op

if sys.platform == "win32":
    raise ImportError("there is no FUSE")

SAID = "said"


class Forgetful(fuse.Operations):  # type: ignore[misc]
    """The calls that a vault makes; the rest is refused."""

    use_ns = True

    def __init__(self, journal: IO[bytes]) -> None:
        self._disk = Disk()
        self._journal = journal
        self._inos = count(ROOT + 1)
        self._modes = {ROOT: stat.S_IFDIR | 0o700}

    def _happen(self, *op: object) -> None:
        pickle.dump(op, self._journal)
        self._disk.apply(op)

    def _find(self, path: str) -> int:
        ino = ROOT
        for name in Path(path).parts[1:]:
            folder = self._disk.nodes[ino]
            if not isinstance(folder, Folder) or name not in folder.live:
                raise fuse.FuseOSError(errno.ENOENT)
            ino = folder.live[name]
        return ino

    def _find_folder(self, path: str) -> int:
        return self._find(str(PurePath(path).parent))

    def _new(self, kind: str, path: str, mode: int) -> int:
        ino = next(self._inos)
        self._modes[ino] = mode
        self._happen(kind, ino)
        self._happen("names", self._find_folder(path), {PurePath(path).name: ino})
        return ino

    def _live(self, ino: int) -> bytearray:
        node = self._disk.nodes[ino]
        assert isinstance(node, File)
        return node.live

    def getattr(self, path, fh=None):
        ino = fh or self._find(path)
        node = self._disk.nodes[ino]
        size = len(node.live) if isinstance(node, File) else 0
        return {
            "st_mode": self._modes[ino],
            "st_ino": ino,
            "st_size": size,
            "st_nlink": 1,
            "st_uid": os.getuid(),
            "st_gid": os.getgid(),
        }

    def readdir(self, path, fh):
        folder = self._disk.nodes[self._find(path)]
        assert isinstance(folder, Folder)
        return [".", "..", *folder.live]

    def create(self, path, mode, fi=None):
        return self._new("file", path, stat.S_IFREG | stat.S_IMODE(mode))

    def mkdir(self, path, mode):
        self._new("folder", path, stat.S_IFDIR | stat.S_IMODE(mode))

    def chmod(self, path, mode):
        ino = self._find(path)
        self._modes[ino] = stat.S_IFMT(self._modes[ino]) | stat.S_IMODE(mode)

    def open(self, path, flags):
        return self._find(path)

    def opendir(self, path):
        return self._find(path)

    def read(self, path, size, offset, fh):
        return bytes(self._live(fh)[offset : offset + size])

    def write(self, path, data, offset, fh):
        if path == f"/{SAID}":
            self._happen("said", data.decode())
        else:
            self._happen("write", fh, offset, bytes(data))
        return len(data)

    def truncate(self, path, length, fh=None):
        self._happen("size", fh or self._find(path), length)

    def fsync(self, path, datasync, fh):
        self._happen("sync", fh)

    def fsyncdir(self, path, datasync, fh):
        self._happen("sync", fh)

    def unlink(self, path):
        self._happen("names", self._find_folder(path), {PurePath(path).name: None})

    rmdir = unlink

    def rename(self, old, new):
        ino = self._find(old)
        before, after = (self._find_folder(path) for path in (old, new))
        if before == after:
            self._happen("names", before, {PurePath(old).name: None, PurePath(new).name: ino})
            return
        self._happen("names", after, {PurePath(new).name: ino})
        self._happen("names", before, {PurePath(old).name: None})

    def statfs(self, path):
        return {"f_bsize": 4096, "f_blocks": 1 << 20, "f_bavail": 1 << 20, "f_bfree": 1 << 20}


def read_journal(path: Path) -> list[Op]:
    """Everything that happened, in order."""
    ops: list[Op] = []
    with path.open("rb") as file:
        while True:
            try:
                ops.append(pickle.load(file))
            except EOFError:
                return ops


def main(mountpoint: str, journal: str) -> None:
    """Serve until unmounted."""
    with Path(journal).open("wb") as file:
        fuse.FUSE(
            Forgetful(file),
            mountpoint,
            foreground=True,
            nothreads=True,
            hard_remove=True,
            attr_timeout=0,
            entry_timeout=0,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
