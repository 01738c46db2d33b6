"""``file:///PATH``: files in folders that an operator or the reference trusts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from io import FileIO
from typing import Annotated, Self

import msgspec

from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities, SourcePlace
from palyra_kernel.resolve.sources.answers import (
    NoValueError,
    blocked,
    from_os,
    settings_of,
    timed_out,
    too_large,
    unsupported,
)
from palyra_kernel.resolve.sources.paths import check_absolute, is_inside, normal
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.values.targets import decode_path

_Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class FileSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[sources.file]``. ``trusted_dirs``: absolute paths; links on the way to them are followed."""

    trusted_dirs: tuple[_Path, ...] = ()

    def __post_init__(self) -> None:
        check_absolute(self.trusted_dirs, "trusted_dirs")


class FileSource(SecretSource):
    """Reads regular files below trusted folders, by handles; :mod:`.walking` has the rules.

    The folders of a reference narrow those of the settings; where the settings have none, they stand alone.
    A file that everybody may read is refused unless root owns it: root's mode is a decision of whoever runs the
    machine, a 0644 of our own is usually an accident of the umask.

    Reading a file cannot be interrupted. One on a network file system that hangs is abandoned at the deadline, and its
    thread stays behind.
    """

    scheme = "file"
    default_transforms = ("strip_newline",)

    def __init__(self, settings: FileSettings) -> None:
        self._trusted = tuple(map(normal, settings.trusted_dirs))

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        return cls(settings_of(cls.scheme, place.settings, FileSettings))

    def capabilities(self) -> SourceCapabilities:
        return SourceCapabilities(may_block=True, batch=True, cache="local")

    def refuses(self, ref: SecretRef) -> SecretError | None:
        try:
            self._folders(ref)
        except NoValueError as refusal:
            return refusal.answer
        return None

    def resolve(
        self, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        answers: dict[SecretRef, SensitiveBytes | SecretError] = {}
        for ref in refs:
            try:
                answers[ref] = self._read(ref, deadline)
            except NoValueError as refusal:
                answers[ref] = refusal.answer
        return answers

    def _folders(self, ref: SecretRef) -> tuple[str, str]:
        """The trusted folder of the settings that *ref* is in, and the one of its own, which is the same or in it."""
        if sys.platform == "win32":
            raise NoValueError(unsupported("a file reference"))
        path = decode_path(ref.target)
        own = tuple(map(normal, ref.trusted_dirs))
        if not own and not self._trusted:
            raise NoValueError(
                blocked(
                    "no_trusted_dirs",
                    "nobody says which folders are trusted",
                    hint='write trusted_dirs = ["/run/secrets"] below [sources.file] in palyra.toml',
                )
            )
        around = self._trusted or own
        if not all(any(is_inside(folder, wide) for wide in around) for folder in own):
            raise NoValueError(
                blocked("trusted_dirs_too_wide", "the reference trusts folders that palyra.toml does not")
            )
        inner = _nearest(path, own or around)
        return _nearest(inner, around), inner

    def _read(self, ref: SecretRef, deadline: Deadline) -> SensitiveBytes:
        outer, inner = self._folders(ref)
        if deadline.expired:
            raise NoValueError(timed_out("deadline", "there was no time left to read the file"))
        if sys.platform == "win32":
            raise NoValueError(unsupported("a file reference"))
        from palyra_kernel.resolve.sources.walking import Walk

        with Walk() as walk:
            base = walk.folder(walk.root(), outer, links=True)
            base = walk.folder(base, inner, links=ref.allow_symlinks)
            file = walk.file(base, decode_path(ref.target), links=ref.allow_symlinks, private=True)
            return _bounded(file, ref.max_bytes)


def _nearest(path: str, folders: Sequence[str]) -> str:
    """The smallest of *folders* that *path* is in."""
    around = [folder for folder in folders if is_inside(path, folder)]
    if not around:
        raise NoValueError(blocked("outside_trusted_dirs", "the file is in no trusted folder"))
    return max(around, key=len)


def _bounded(handle: int, limit: int) -> SensitiveBytes:
    """What is in the file, at most *limit* bytes, straight into a buffer that can be wiped."""
    try:
        size = min(os.fstat(handle).st_size, limit) + 1  # one more, to notice that it grew
        with SensitiveBytes.zeros(size) as buffer, FileIO(handle, closefd=False) as file:
            view, used = buffer.view(), 0
            while used < size and (got := file.readinto(view[used:])):
                used += got
            if used == size:
                raise NoValueError(too_large(limit))
            return SensitiveBytes(view[:used])
    except OSError as error:
        raise NoValueError(from_os(error, "reading the file")) from None
