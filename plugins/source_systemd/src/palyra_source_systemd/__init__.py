"""Resolves ``systemd://NAME``: the credentials that systemd hands to a service.

::

    pip install palyra-source-systemd
    palyra plugins enable systemd

**What it reads.** ``systemd://NAME`` is the file ``NAME`` in ``$CREDENTIALS_DIRECTORY``, where systemd puts what the
unit names in ``LoadCredential=``, ``LoadCredentialEncrypted=``, ``SetCredential=`` and ``ImportCredential=``.
``systemd://NAME?from=system`` is what the machine itself was booted with, ``systemd://NAME?from=encrypted`` is a file
that ``systemd-creds encrypt`` made, in ``/etc/credstore.encrypted`` and its two siblings: it is decrypted by
``systemd-creds``, with the key of the machine or of its TPM.

**Who can read what.** The credentials of a service are in memory that is never swapped out, for its user and for
root. Every program that runs as that user can read them, for as long as the service runs.

**Least privilege.** Give each service a user of its own, and name in its unit only what it needs.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Self

from palyra_kernel import (
    Deadline,
    InvalidInputError,
    SecretError,
    SecretRef,
    SecretSource,
    SensitiveBytes,
    SourceCapabilities,
    SourcePlace,
    hookimpl,
)
from palyra_source_systemd.decrypting import PROGRAM, decrypt
from palyra_source_systemd.places import open_file, open_folder, read_bounded
from palyra_source_systemd.problems import ProblemError, invalid, late, missing, unreadable, unsupported

__all__ = ["SystemdSource"]

SYSTEM = "/run/credentials/@system"
STORES = ("/etc/credstore.encrypted", "/run/credstore.encrypted", "/usr/lib/credstore.encrypted")
_ORIGINS = ("service", "system", "encrypted")
# As systemd has them (printable ASCII without '/' and ':'), less what a reference means something else by.
_is_name = re.compile(r"(?!\.{1,2}\Z)[ -~]{1,255}").fullmatch
_RESERVED = frozenset("/:?#%")
_CAPABILITIES = SourceCapabilities(may_block=False, batch=True, cache="local")


class SystemdSource(SecretSource):
    """Credentials of the service, of the machine, and encrypted ones."""

    scheme: ClassVar[str] = "systemd"
    default_transforms: ClassVar[tuple[str, ...]] = ("strip_newline",)

    def __init__(self, directory: str | None, stores: Sequence[str], program: str) -> None:
        self._directory = directory
        self._stores = stores
        self._program = program

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        settings = dict(place.settings)
        directory = _path(settings, "directory")
        program = _path(settings, "program") or PROGRAM
        stores = settings.pop("encrypted_directories", STORES)
        if not isinstance(stores, list | tuple) or not all(map(_is_path, stores)):
            raise _bad("encrypted_directories is a list of absolute paths without '..'")
        if settings:
            raise _bad(f"[sources.systemd] has no setting {min(settings)!r}")
        return cls(directory, tuple(stores), program)

    def capabilities(self) -> SourceCapabilities:
        return _CAPABILITIES

    def batch_key(self, ref: SecretRef) -> str:
        """A TPM that takes its time does not keep those waiting who only read a file."""
        return ref.query.get("from", "service")

    def resolve(
        self, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        return {ref: self._answer(ref, deadline) for ref in refs}

    def refuses(self, ref: SecretRef) -> SecretError | None:
        if not _is_name(ref.target) or not _RESERVED.isdisjoint(ref.target):
            return invalid(
                "systemd:// is followed by the name of a credential",
                "1 to 255 printable ASCII characters, none of / : ? # %",
            )
        if ref.query.keys() - {"from"} or ref.query.get("from", "service") not in _ORIGINS or ref.options:
            return invalid("the only query is from", f"?from= is one of {', '.join(_ORIGINS)}")
        if sys.platform != "linux":
            return unsupported()
        return None

    def _answer(self, ref: SecretRef, deadline: Deadline) -> SensitiveBytes | SecretError:
        refused = self.refuses(ref)
        if refused is not None:
            return refused
        try:
            if deadline.expired:
                raise late()
            return self._read(ref, deadline)
        except ProblemError as problem:
            return problem.answer

    def _read(self, ref: SecretRef, deadline: Deadline) -> SensitiveBytes:
        origin = ref.query.get("from", "service")
        encrypted = origin == "encrypted"
        with ExitStack() as handles:
            for path in self._stores if encrypted else [self._folder(origin)]:
                folder = open_folder(path)
                if folder is None and origin == "service":  # somebody promised it: this is no absence
                    raise unreadable(FileNotFoundError(errno.ENOENT, "no folder"))
                if folder is None:
                    continue
                handles.callback(os.close, folder)
                file = open_file(folder, ref.target)
                if file is None:
                    continue
                handles.callback(os.close, file)
                if encrypted:
                    return decrypt(self._program, ref.target, file, ref.max_bytes, deadline)
                return read_bounded(file, ref.max_bytes)
        raise missing(
            "not_found",
            "there is no such credential",
            "make it with `systemd-creds encrypt`" if encrypted else "name it in LoadCredential= of the unit",
        )

    def _folder(self, origin: str) -> str:
        if origin == "system":
            return SYSTEM
        folder = self._directory or os.environ.get("CREDENTIALS_DIRECTORY", "")
        if not folder:
            raise missing(
                "no_credentials",
                "this process was given no credentials",
                "start it as a service with LoadCredential=, or set directory in [sources.systemd]",
            )
        if not _is_path(folder):
            raise unreadable(FileNotFoundError(errno.ENOENT, "no absolute path"))
        return folder


def _path(settings: dict[str, Any], name: str) -> str | None:
    value = settings.pop(name, None)
    if value is not None and not _is_path(value):
        raise _bad(f"{name} is an absolute path without '..'")
    return value if isinstance(value, str) else None


def _is_path(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.startswith("/")
        and "\0" not in value
        and not {".", ".."} & set(value.split("/"))
    )


def _bad(message: str) -> InvalidInputError:
    return InvalidInputError(
        "invalid_config", message, hint="its settings are directory, encrypted_directories, program"
    )


@hookimpl
def palyra_secret_sources() -> Sequence[type[SecretSource]]:
    return [SystemdSource]
