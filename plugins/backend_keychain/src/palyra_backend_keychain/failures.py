"""What a call to macOS can end in, as errors of ours: each state has its own code and says what to do.

The numbers are those of ``SecBase.h``.
"""

from __future__ import annotations

from typing import Final

from palyra_kernel import UnavailableError

DONE: Final = 0
DUPLICATE: Final = -25299
NOT_FOUND: Final = -25300
AUTH_FAILED: Final = -25293
NO_QUESTION: Final = -25308
WANTS_TO_ASK: Final = (
    NO_QUESTION,
    -25315,
    -25320,
)  # not allowed; required; impossible while the screen sleeps

_SET_UP = "python -m palyra_backend_keychain"
_NONE_HERE = (
    "no_keychain",
    "there is no keychain here",
    "run it as a user who has logged in on the screen of this Mac; a server wants the backend `file`",
)
_NOT_ALLOWED = (
    "not_allowed",
    "the keychain does not let this Python use the item",
    f"answer once, with Always Allow: {_SET_UP}",
)
_KNOWN: Final = {
    -128: ("dismissed", "the question of macOS was answered with no", "try again, and allow it"),
    AUTH_FAILED: ("auth_failed", "the keychain did not take the password", f"unlock it: {_SET_UP}"),
    NOT_FOUND: ("item_gone", "an item of the keychain vanished meanwhile", "try again"),
    -25291: _NONE_HERE,
    -25294: _NONE_HERE,
    -25307: _NONE_HERE,
    -25292: ("read_only", "the keychain is read-only", "see who may write its file"),
    -25295: (
        "damaged_keychain",
        "the default keychain cannot be read",
        "restore it, or reset it in Keychain Access",
    ),
    NO_QUESTION: _NOT_ALLOWED,
    -25244: _NOT_ALLOWED,  # invalid owner edit: the item belongs to another program
}


def failure(status: int) -> UnavailableError:
    """What *status*, which is not 0, means for the caller."""
    code, message, hint = _KNOWN.get(status, ("service_failed", f"macOS refused: status {status}", None))
    return UnavailableError(code, message, hint=hint)


def locked() -> UnavailableError:
    """The keychain is there, and closed."""
    return UnavailableError("locked", "the keychain is locked", hint=f"unlock it: {_SET_UP}")


def unsupported(why: str) -> UnavailableError:
    """This is not macOS, or not one that we understand."""
    return UnavailableError(
        "unsupported",
        f"the keychain is a part of macOS: {why}",
        hint="a vault that is pinned to it moves on its own Mac: palyra vault migrate --to file",
    )
