"""``plugins.lock``: which plugins an operator enabled, and exactly what was installed then.

It lies in the configuration folder, never in the state root: whoever can copy or replace a state root must not
thereby choose code that runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from palyra_kernel.durable import FileLock, normal_path, private_folder, read_file, write_file
from palyra_kernel.durable.documents import decode_document, encode_document
from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.plugins.distribution import EDITABLE
from palyra_kernel.plugins.names import is_plugin_name, split_entry_point
from palyra_kernel.values.deadline import Deadline

LOCK_FILE = "plugins.lock"
FORMAT = 1
_LIMIT = 1024 * 1024
_WAIT_SECONDS = 10.0
_RECORD = re.compile(r"sha256:[0-9a-f]{64}")


class Pin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One enabled plugin.

    ``entry_point`` is ``module`` or ``module:attribute``; ``path`` the absolute ``.dist-info`` folder; ``record``
    is ``sha256:HEX`` of its RECORD or ``editable``; ``requires_kernel`` the range it declared and ``kernel`` the
    version of palyra-kernel that was checked against it.
    """

    name: str
    entry_point: str
    distribution: str
    version: str
    path: str
    record: str
    requires_kernel: str
    kernel: str

    def __post_init__(self) -> None:
        if not all(getattr(self, field).isprintable() for field in self.__struct_fields__):
            raise ValueError("not printable")  # our messages show it
        if not is_plugin_name(self.name):
            raise ValueError("not the name of a plugin")
        if split_entry_point(self.entry_point) is None:
            raise ValueError("not an entry point")
        if self.record != EDITABLE and not _RECORD.fullmatch(self.record):
            raise ValueError("not a digest of RECORD")
        if not Path(self.path).is_absolute():
            raise ValueError("not an absolute path")

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.distribution} {self.version})"


class _Document(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    format: int
    plugins: list[Pin]


def read_pins(config_dir: Path) -> dict[str, Pin] | None:
    """Return the pins by name, sorted, or None when there is no lock at all.

    Raises :class:`DeniedError` for a folder or file that others can write, and :class:`IntegrityError`
    ``plugins_lock_damaged``.
    """
    config_dir = normal_path(config_dir)
    try:
        private_folder(config_dir, create=False)
        # Nothing in it is secret, so an operator may let others read it; nobody else may write it.
        data = read_file(config_dir / LOCK_FILE, limit=_LIMIT, private=False)
    except NotFoundError:
        return None
    return _decode(data, config_dir / LOCK_FILE)


@contextmanager
def edited_pins(config_dir: Path) -> Iterator[dict[str, Pin]]:
    """Give the pins for changing and write them, durably, when the block ends without an error.

    Other processes wait; raises :class:`UnavailableError` ``locked`` after 10 seconds.
    """
    config_dir = private_folder(normal_path(config_dir), create=True)
    lock = FileLock(config_dir / f"{LOCK_FILE}.lock")
    try:
        with lock.held(Deadline.after(_WAIT_SECONDS)):
            before = read_pins(config_dir)
            pins = dict(before or {})
            yield pins
            if pins != (before or {}):
                write_file(config_dir / LOCK_FILE, _encode(pins))
    finally:
        lock.close()


def _encode(pins: dict[str, Pin]) -> bytes:
    return encode_document(_Document(format=FORMAT, plugins=[pins[name] for name in sorted(pins)]))


def _decode(data: bytes, path: Path) -> dict[str, Pin]:
    code = "plugins_lock_damaged"
    document = decode_document(data, _Document, format=FORMAT, path=path, code=code, hint=_REMAKE)
    pins = {pin.name: pin for pin in sorted(document.plugins, key=lambda pin: pin.name)}
    if document.format != FORMAT or len(pins) != len(document.plugins):
        raise IntegrityError(code, f"{path} is damaged", hint=_REMAKE)
    return pins


_REMAKE = "restore it, or remove it and run `palyra plugins enable NAME` for each plugin"
