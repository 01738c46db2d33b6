"""What a command came to: an exit code, and on standard error the words for it. It knows no command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from palyra_kernel.cli.core_dumps import forbid_core_dumps
from palyra_kernel.errors import PalyraError, UnavailableError

EXIT_USAGE = 2
EXIT_CANCELLED = 130
EXIT_BROKEN_PIPE = 141
"""The reader of the output went away: what a shell says of a program that SIGPIPE ended."""
TRACEBACK_VARIABLE = "PALYRA_TRACEBACK"


class Cancelled(Exception):  # noqa: N818  # said, not suffered
    """Somebody who was asked did not want to go on."""


def settled(act: Callable[[], object], *, as_json: bool) -> int:
    """Do *act*; return the exit code. Every error ends here, and none shows a secret."""
    forbid_core_dumps()
    if sys.stdout is None:  # closed before we started: there is nowhere to answer
        _report(as_json, UnavailableError.kind, "os_error", "standard output is closed", "use >/dev/null")
        return UnavailableError.exit_code
    try:
        outcome = act()
        sys.stdout.flush()  # a disk that is full says so only now
    except (KeyboardInterrupt, Cancelled):
        _report(as_json, "cancelled", "cancelled", "cancelled", None)
        return EXIT_CANCELLED
    except BrokenPipeError:
        _discard_output()
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  # the last door: an unknown error is shown by type, never by text
        known = _known(error)
        if known is None:
            if os.environ.get(TRACEBACK_VARIABLE):
                tell(traceback_of(error))
                return PalyraError.exit_code
            hint = f"set {TRACEBACK_VARIABLE}=1 to see where, and report it"
            known = PalyraError("internal", f"internal error: {type(error).__name__}", hint=hint)
        if isinstance(error, OSError):
            _discard_output()
        _report(as_json, known.kind, known.code, known.message, known.hint)
        return known.exit_code
    return outcome if isinstance(outcome, int) else 0


def tell(line: str) -> None:
    """Print *line* on standard error, if there is one, without the secrets that stand in it."""
    _print(_redacted(line))


def traceback_of(error: BaseException) -> str:
    """Where *error* was raised, and what led to it, without local variables."""
    import traceback

    return "".join(traceback.format_exception(error)).rstrip("\n")


def _print(line: str) -> None:
    if sys.stderr is not None:  # print() would take None for standard output
        print(line, file=sys.stderr)


def _redacted(text: str) -> str:
    from palyra_kernel.redact import redact_text  # whoever has nothing to say does not pay for it

    return redact_text(text)


def _known(error: Exception) -> PalyraError | None:
    """The error of ours for *error*, if it is not a defect."""
    if isinstance(error, PalyraError):
        return error
    if isinstance(error, OSError):
        from palyra_kernel.durable.oserrors import from_os_error

        return from_os_error(error, "running the command")
    return None


def _report(as_json: bool, kind: str, code: str, message: str, hint: str | None) -> None:
    if as_json:
        import msgspec

        words = {"code": code, "message": message, "hint": hint}
        error = {"kind": kind} | {name: word and _redacted(word) for name, word in words.items()}
        _print(msgspec.json.encode({"error": error}).decode())  # redacted before: what is quoted stays JSON
        return
    tell(f"palyra: {message}")
    if hint:
        tell(f"  hint: {hint}")


def _discard_output() -> None:
    """Python would try to write what is left again when it ends, and complain."""
    with suppress(OSError):  # no file stands behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
