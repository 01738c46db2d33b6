"""What DPAPI answers, in our errors: what it refuses to open, what it has no key for, and what is merely broken."""

from __future__ import annotations

from pathlib import Path

from palyra_kernel import IntegrityError, PalyraError, UnavailableError

_INVALID_DATA = 13
_NO_KEY = {
    2: "ERROR_FILE_NOT_FOUND",
    0x80090003: "NTE_BAD_KEY",
    0x8009000B: "NTE_BAD_KEY_STATE",
    0x80090011: "NTE_NOT_FOUND",
    0x80090016: "NTE_BAD_KEYSET",
}
"""What Windows says when the user's master key is not there or does not open, as after an administrator has set another
password, or for what another user or machine has encrypted."""
_REFUSED = {5: "ERROR_ACCESS_DENIED", 1325: "ERROR_PASSWORD_RESTRICTION"}
"""It would have to ask, or the process runs for somebody whose profile is not loaded."""


def from_windows(error: OSError, what: str) -> PalyraError:
    """The error of ours for *error*, which DPAPI gave while it worked on *what*."""
    number = _number(error)
    if number == _INVALID_DATA:
        return IntegrityError(
            "wrong_key",
            f"Windows does not open {what}: it was altered, or belongs to another vault or another place in it",
            hint="restore it from a backup",
        )
    if number in _NO_KEY:
        return UnavailableError(
            "no_master_key",
            f"Windows has no key for {what} ({_NO_KEY[number]}): it is of another user or machine, or the password of"
            " this account was reset and not changed",
            hint="log in as the user who made it, or use another slot: --passphrase-file or --recovery-file",
        )
    if number in _REFUSED:
        return UnavailableError(
            "refused",
            f"Windows refused to work on {what} ({_REFUSED[number]})",
            hint="run it in a session of the user, with the user's profile loaded",
        )
    return UnavailableError("windows_error", f"Windows failed on {what}: error {number:#x}")


def folder_not_made(error: OSError, folder: Path) -> UnavailableError:
    """The error of ours for *error*, with which Windows did not make *folder*."""
    return UnavailableError(
        "folder_not_made",
        f"Windows did not make the folder {folder}: error {_number(error)}",
        hint="find out who may write the folder above it, and whether the disk is full",
    )


def _number(error: OSError) -> int:
    """The number that Windows gave; those of cryptographic providers come negative."""
    number = getattr(error, "winerror", None)
    return (number if isinstance(number, int) else error.errno or 0) & 0xFFFFFFFF
