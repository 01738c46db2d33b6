"""What an installed distribution says about itself, read straight from its ``.dist-info`` folder.

``importlib.metadata`` would say the same, but importing it costs more than a whole start of ours may take
beyond what we already import. The parsers are smaller and stricter than its own: what they refuse, nobody pins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from palyra_kernel.durable.oserrors import from_os_error
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.hookspecs import ENTRY_POINT_GROUP
from palyra_kernel.plugins.names import shown
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256

EDITABLE = "editable"
_HEADER_NAME = re.compile("[!-9;-~]+")  # RFC 5322, section 2.2; elsewhere other names end the headers
_HEADER_LIMIT = 1024 * 1024
_TEXT_LIMIT = 256 * 1024
_RECORD_LIMIT = 32 * 1024 * 1024


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """One ``.dist-info`` folder. ``record`` is ``sha256:HEX`` of its RECORD, or ``editable``.

    ``requires`` are the ``Requires-Dist`` lines as written; ``entry_points`` those of our group only.
    """

    folder: Path
    name: str
    version: str
    requires: tuple[str, ...]
    entry_points: Mapping[str, str]
    record: str

    @property
    def editable(self) -> bool:
        """Whether the code lives in somebody's working tree, where no digest can hold it."""
        return self.record == EDITABLE


class _DirInfo(msgspec.Struct):
    editable: bool = False


class _DirectUrl(msgspec.Struct):
    dir_info: _DirInfo | None = None


def read_distribution(folder: Path) -> Distribution:
    """Read the distribution described by *folder*.

    Raises :class:`UnavailableError` ``plugin_missing`` when there is no metadata, and :class:`IntegrityError`
    ``plugin_metadata`` when it is damaged or has no RECORD.
    """
    metadata = _read(folder / "METADATA", _HEADER_LIMIT, cut=True)
    if metadata is None:
        raise UnavailableError("plugin_missing", f"no distribution is installed at {folder}")
    headers = _headers(metadata, folder)
    return Distribution(
        folder=folder,
        name=_single(headers, "name", folder),
        version=_single(headers, "version", folder),
        requires=tuple(headers.get("requires-dist", ())),
        entry_points=_entry_points(folder),
        record=_record(folder),
    )


def read_record(folder: Path) -> bytes:
    """Return the RECORD of *folder*. Raises :class:`IntegrityError` ``plugin_metadata`` when there is none."""
    data = _read(folder / "RECORD", _RECORD_LIMIT)
    if data is None:
        raise damaged(folder, "has no RECORD")
    return data


def damaged(folder: Path, what: str) -> IntegrityError:
    """The error for metadata that cannot be trusted to mean one thing."""
    return IntegrityError(
        "plugin_metadata",
        f"the installed metadata {folder} {what}",
        hint="install the distribution again with pip",
    )


def _read(path: Path, limit: int, *, cut: bool = False) -> bytes | None:
    """At most *limit* bytes of *path*, None if it is not there; more is an error unless *cut*."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise from_os_error(error, f"reading {path}") from error
    if len(data) > limit and not cut:
        raise damaged(path.parent, f"has a {path.name} of more than {limit} bytes")
    return data[:limit]


def _record(folder: Path) -> str:
    direct = _read(folder / "direct_url.json", _TEXT_LIMIT)
    if direct is not None:
        try:
            url = decode_json(direct, _DirectUrl)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise damaged(folder, "has an unreadable direct_url.json") from None
        if url.dir_info is not None and url.dir_info.editable:
            return EDITABLE
    return "sha256:" + sha256(read_record(folder)).hex()


def _headers(data: bytes, folder: Path) -> dict[str, list[str]]:
    """The headers of METADATA, up to the first empty line; names in lower case."""
    headers: dict[str, list[str]] = {}
    values: list[str] = []
    for raw in data.split(b"\n"):
        line = _text(raw, folder).removesuffix("\r")
        if not line:
            return headers
        if line[0] in " \t" and values:
            values[-1] += f"\n{line}"
            continue
        name, colon, value = line.partition(":")
        if not colon or not _HEADER_NAME.fullmatch(name) or "\r" in line:
            raise damaged(folder, "has a METADATA line that is no header")
        values = headers.setdefault(name.lower(), [])
        values.append(value.strip(" \t"))  # not every white space: elsewhere the others are part of it
    raise damaged(folder, "has METADATA headers that do not end")


def _single(headers: Mapping[str, list[str]], name: str, folder: Path) -> str:
    values = headers.get(name, [])
    if len(values) != 1 or not values[0] or shown(values[0]) != values[0]:
        raise damaged(folder, f"does not have exactly one readable {name} in METADATA")
    return values[0]


def _entry_points(folder: Path) -> dict[str, str]:
    """The entry points of our group; other groups may look as they like."""
    found: dict[str, str] = {}
    inside = False
    for raw in (_read(folder / "entry_points.txt", _TEXT_LIMIT) or b"").split(b"\n"):
        line = _text(raw, folder).strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            inside = line == f"[{ENTRY_POINT_GROUP}]"
            continue
        if not inside:
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not (name and equals and value) or name in found:
            raise damaged(folder, f"has an unclear line in [{ENTRY_POINT_GROUP}] of entry_points.txt")
        found[name] = value
    return found


def _text(raw: bytes, folder: Path) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise damaged(folder, "is not UTF-8") from None
