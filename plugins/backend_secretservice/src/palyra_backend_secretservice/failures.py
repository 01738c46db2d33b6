"""What a call to the store can end in, as errors of ours: each state has its own code and says what to do."""

from __future__ import annotations

from typing import Final

from jeepney import DBusErrorResponse  # type: ignore[import-untyped]
from jeepney.auth import AuthenticationError  # type: ignore[import-untyped]
from secretstorage.exceptions import SecretStorageException

from palyra_kernel import PalyraError, UnavailableError

LABEL: Final = "Palyra"
"""The keyring that everything of ours is in. People see it in their desktop's password manager."""

_SET_UP = "python -m palyra_backend_secretservice"
_DBUS = "org.freedesktop.DBus.Error."
_SECRET = "org.freedesktop.Secret.Error."
_GONE = (f"{_DBUS}UnknownMethod", f"{_DBUS}UnknownObject", f"{_SECRET}NoSuchObject")
_LOST = (f"{_DBUS}NoReply", f"{_DBUS}Disconnected")
_LOCKED = (f"{_SECRET}IsLocked", "org.gnome.keyring.Error.Locked")
_NO_SERVICE = (f"{_DBUS}ServiceUnknown", f"{_DBUS}NameHasNoOwner", f"{_DBUS}TimedOut")


class RepeatableError(UnavailableError):
    """A failure after which the same work may be done again from its start: it has changed nothing."""

    def final(self) -> UnavailableError:
        """The same for work that has changed something."""
        return UnavailableError(self.code, self.message, hint=self.hint)


class LostError(RepeatableError):
    """The connection, or the service behind it, went away. Repeatable only where the call itself changes nothing."""

    def __init__(self) -> None:
        super().__init__(
            "connection_lost",
            "the Secret Service went away in the middle of a call",
            hint="try again; what was half stored is collected by `palyra vault gc`",
        )


class StaleError(RepeatableError):
    """The service does not know our session: another one took its place. The call was not carried out."""

    def __init__(self) -> None:
        super().__init__("connection_lost", "the Secret Service was started anew", hint="try again")


class GoneError(RepeatableError):
    """What was called, an item or the whole keyring, is not there (any more)."""

    def __init__(self) -> None:
        super().__init__(
            "no_collection",
            f"there is no keyring {LABEL!r} in the store of this session",
            hint=f"make it: {_SET_UP}; if it held this vault, restore it first",
        )


def translated(error: Exception) -> PalyraError:
    """*error* as one of ours. Of a foreign one only the name goes on."""
    if isinstance(error, PalyraError):
        return error
    if isinstance(error, SecretStorageException) and isinstance(error.__cause__, DBusErrorResponse):
        error = error.__cause__  # secretstorage translates some of the names below, and mixes them up
    if isinstance(error, DBusErrorResponse):
        return _by_name(str(error.name))
    if isinstance(error, TimeoutError):
        return UnavailableError(
            "deadline",
            "the Secret Service did not answer in time",
            hint="see whether the desktop's key store hangs or waits for you",
        )
    if isinstance(error, OSError):
        return LostError()
    return UnavailableError(
        "bad_answer", f"the Secret Service gave no proper answer ({type(error).__name__})"
    )


def _by_name(name: str) -> PalyraError:
    if name in _GONE:
        return GoneError()
    if name in _LOST:
        return LostError()
    if name == f"{_SECRET}NoSession":
        return StaleError()
    if name in _LOCKED:
        return locked()
    if name in _NO_SERVICE or name.startswith(f"{_DBUS}Spawn."):
        return UnavailableError(
            "no_service",
            "nothing on the session bus offers the Secret Service",
            hint="start one, for example: gnome-keyring-daemon --start --components=secrets",
        )
    return UnavailableError("service_failed", f"the Secret Service refused: {name[:120]}")


def unconnected(error: Exception) -> PalyraError:
    """Why there is no connection to the session bus."""
    if isinstance(error, TimeoutError):
        return UnavailableError("deadline", "the session bus did not answer in time")
    if isinstance(error, AuthenticationError | PermissionError):
        return UnavailableError(
            "wrong_session",
            "DBUS_SESSION_BUS_ADDRESS names the bus of another user's session",
            hint="log in as the user whose keyring it is: sudo and su pass on the caller's variables",
        )
    why = "DBUS_SESSION_BUS_ADDRESS is not set" if isinstance(error, KeyError) else "it cannot be reached"
    return UnavailableError(
        "no_bus",
        f"there is no D-Bus session bus: {why}",
        hint="run it in a desktop session; a server wants the backend `file`",
    )


def locked() -> UnavailableError:
    """The keyring is there, and closed: nobody can say what is in it."""
    return UnavailableError("locked", f"the keyring {LABEL!r} is locked", hint=f"unlock it: {_SET_UP}")


def prompt_needed(what: str) -> UnavailableError:
    """It takes a prompt, and the caller allowed none."""
    return UnavailableError("prompt_needed", f"{what} takes a prompt", hint=f"answer it once: {_SET_UP}")


def prompt_each_time(what: str) -> UnavailableError:
    """The same where each call takes one, as in KeePassXC. A slot is made once; a backend stores all the time."""
    return UnavailableError(
        "prompt_needed",
        f"{what} takes a prompt in this store",
        hint="a slot may ask you: palyra --interactive …",
    )


def not_kept() -> UnavailableError:
    """It said that it had stored something."""
    return UnavailableError("not_kept", "the Secret Service did not give back what it was given")


def dismissed() -> UnavailableError:
    """The user said no, or there is no display to ask on: the service does not tell the two apart."""
    return UnavailableError(
        "dismissed",
        "the prompt was dismissed, or there was no display to show it on",
        hint="try again in the desktop session, and answer it",
    )
