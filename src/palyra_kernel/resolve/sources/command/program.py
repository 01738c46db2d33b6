"""Whether the program of a command is the one that the operator means."""

from __future__ import annotations

import hmac
import os
import sys
from typing import NamedTuple

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.resolve.sources.answers import NoValueError, blocked, from_os, timed_out
from palyra_kernel.resolve.sources.paths import normal
from palyra_kernel.resolve.sources.walking import Walk
from palyra_kernel.values.deadline import Deadline

if sys.platform == "win32":
    raise ImportError("there are no handles of folders")

_PIECE = 1024 * 1024
_BY_HANDLE = os.execve in os.supports_fd and sys.platform == "linux"


class Program(NamedTuple):
    """A program that was checked. ``handle``: execute this; None: execute the path."""

    path: str
    handle: int | None


def open_program(walk: Walk, path: str, digest: str | None, deadline: Deadline) -> Program:
    """Check the file at *path*, and every folder and link on the way: ours or root's, and closed to writes of others.

    With *digest* the content is compared, and what was compared is executed, by its handle. A script is executed by its
    path all the same, because its interpreter opens it by a name; so is everything on systems other than Linux. There
    only the rules about owners and modes keep the file the same between check and start.
    """
    try:
        handle = walk.file(walk.root(), normal(path), links=True, private=False)
    except NoValueError as refusal:
        raise NoValueError(_of_command("program", refusal.answer)) from None
    if digest is None:
        return Program(path, None)
    try:
        if not hmac.compare_digest(_sha256(handle, deadline), digest.lower()):
            raise NoValueError(
                blocked(
                    "wrong_digest",
                    "the program is not the one whose sha256 is configured",
                    hint="find out who changed it before you write the new sha256 into palyra.toml",
                    group="integrity",
                )
            )
        script = os.pread(handle, 2, 0) == b"#!"
    except OSError as error:
        raise NoValueError(_of_command("program", from_os(error, "reading it"))) from None
    return Program(path, None if script or not _BY_HANDLE else handle)


def open_folder(walk: Walk, outer: str, inner: str | None) -> int:
    """A handle of the folder *outer*, or of *inner*, which is in it and not reached through a link."""
    try:
        folder = walk.folder(walk.root(), normal(outer), links=True)
        if inner is not None:
            folder = walk.folder(folder, normal(inner), links=False)
    except NoValueError as refusal:
        raise NoValueError(_of_command("cwd", refusal.answer)) from None
    return folder.handle


def _sha256(handle: int, deadline: Deadline) -> str:
    from cryptography.hazmat.primitives.hashes import SHA256, Hash

    digest, at = Hash(SHA256()), 0
    while piece := os.pread(handle, _PIECE, at):
        if deadline.expired:
            raise NoValueError(timed_out("deadline", "reading the program took too long"))
        digest.update(piece)
        at += len(piece)
    return digest.finalize().hex()


def _of_command(what: str, answer: SecretError) -> SecretError:
    """What is wrong with a file, said of *what*: that it is absent is a failure, not the absence of a secret."""
    message = f"the {what} of the command: {answer.message}"
    if answer.kind == "policy_blocked":
        return blocked(f"unsafe_{what}", message, hint=answer.hint)
    code = "missing" if answer.kind == "missing" else answer.code
    return SecretError(kind="exec_failed", code=f"{what}_{code}", message=message)
