"""RECORD: the list of files that a distribution brought, each with a digest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from palyra_kernel.plugins.distribution import damaged, read_record

_ALGORITHMS = ("sha256", "sha384", "sha512")  # the wheel specification allows nothing weaker


class RecordRow(msgspec.Struct, frozen=True):
    """One listed file. ``digest`` is ``ALGORITHM=BASE64URL``, empty where none was recorded."""

    site: Path
    listed: str
    digest: str

    @property
    def path(self) -> Path:
        """Where the file is, absolute, see :func:`absolute`."""
        return absolute(self.site / self.listed)


def rows(folder: Path) -> Iterator[RecordRow]:
    """Yield the files of the distribution whose ``.dist-info`` is *folder*.

    Raises :class:`IntegrityError` ``plugin_metadata`` for a row that is not *path, digest, size*.
    """
    try:
        text = read_record(folder).decode()
    except UnicodeDecodeError:
        raise damaged(folder, "has a RECORD that is not UTF-8") from None
    for line in text.splitlines():
        if not line:
            continue
        # From the right: only the path may hold commas.
        parts = line.rsplit(",", 2)
        if len(parts) != 3:
            raise damaged(folder, "has a RECORD row without three columns")
        if "\0" in line:
            raise damaged(folder, "has a RECORD row with a NUL character, which no path has")
        yield RecordRow(site=folder.parent, listed=_unquoted(parts[0]), digest=parts[1])


def lists(folder: Path, file: Path) -> bool:
    """Whether the RECORD in *folder* lists *file*, wherever links lead."""
    wanted = absolute(file)
    site = os.path.normcase(os.path.realpath(folder.parent))
    quick = os.path.relpath(wanted, site) if os.path.commonpath((wanted, site)) == site else None
    for row in rows(folder):
        # Resolving every row of a large RECORD would cost more than the import that follows.
        if os.path.normcase(os.path.normpath(row.listed)) == quick:
            return True
        if (quick is None or row.listed.startswith("..")) and row.path == wanted:
            return True
    return False


def absolute(path: Path) -> Path:
    """*path* without ``..`` and links in its folders, for comparison; the file itself may be a link."""
    return Path(os.path.normcase(os.path.realpath(path.parent))) / os.path.normcase(path.name)


def digest_fits(path: Path, digest: str) -> bool | None:
    """Whether the file has that digest; None if the digest names no algorithm that we accept.

    Raises ``OSError``.
    """
    algorithm, _, expected = digest.partition("=")
    if algorithm not in _ALGORITHMS:
        return None
    import base64  # a run compares no digests of files
    import hashlib

    with path.open("rb") as file:
        actual = hashlib.file_digest(file, algorithm).digest()
    return base64.urlsafe_b64encode(actual).rstrip(b"=").decode() == expected.rstrip("=")


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text
