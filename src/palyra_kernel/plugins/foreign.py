"""The boundary to foreign code: its exceptions become ours and lose everything they carry.

An exception of an author may quote what it was handed: in its text, in its arguments, in a note, in the exception
behind it, in the local variables of its traceback. So nothing of it goes on, only the name of its type. ``raise …
from None`` would not do: it hides the exception behind, and keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from palyra_kernel import errors
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.plugins.names import shown

P = ParamSpec("P")
T = TypeVar("T")

_MESSAGE_LIMIT = 1000
_READ_LIMIT = 65_536
"""Characters of a text that are looked at; what is shown ends long before."""


class WrongAnswer(Exception):  # noqa: N818  # never leaves this package
    """Raised by the checks of the guards; its text is ours and names a rule and perhaps a type, never content."""


def shielded(who: str, method: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return ``call(*args)``, or raise an error of ours that holds nothing of the author's exception.

    Errors of ours pass, as a copy of the published class. Anything else, a :class:`WrongAnswer` too, becomes
    :class:`UnavailableError` ``plugin_failed``. ``KeyboardInterrupt`` and ``SystemExit`` pass.
    """
    try:
        return call(*args, **kwargs)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001  # panics of Rust extensions are no Exception
        failure = _ours(error, who, method)
    # Outside of the block: an error raised inside it would carry the author's as its context.
    raise failure


def _ours(error: BaseException, who: str, method: str) -> PalyraError:
    if isinstance(error, PalyraError):
        copy = _copy(error)
        if copy is not None:
            return copy
    if isinstance(error, WrongAnswer):
        why = f"gave a wrong answer to {method}: {said(str(error), 200)}"
    else:
        why = f"failed in {method}: {said(type(error).__name__, 80)}"
    return UnavailableError("plugin_failed", f"the {who} {why}", hint="report it to the plugin's author")


def _copy(error: PalyraError) -> PalyraError | None:
    """A fresh error of the nearest published class: without traceback, context, notes and extra attributes."""
    published = next(each for each in type(error).__mro__ if each.__module__ == errors.__name__)
    code, message, hint = (getattr(error, name, None) for name in ("code", "message", "hint"))
    if not (isinstance(code, str) and isinstance(message, str) and isinstance(hint, str | None)):
        return None
    copy = published(
        said(code, 64), said(message, _MESSAGE_LIMIT), hint=said(hint, _MESSAGE_LIMIT) if hint else None
    )
    assert isinstance(copy, PalyraError)  # noqa: S101  # for mypy: the first such class is one of ours
    return copy


def texts(answer: object, limit: int = 1000) -> list[str]:
    """Descriptions for people, as ``check`` returns them: at most *limit*, each made safe to show."""
    if not isinstance(answer, list | tuple):
        raise WrongAnswer(f"a {type(answer).__name__} instead of a list")
    for each in answer:
        if not isinstance(each, str):
            raise WrongAnswer("something in the list is no text")
    return [said(each, 500) for each in answer[:limit]]


def said(text: str, limit: int) -> str:
    """What a plugin says, safe to show: without secrets, which are looked for before the text is cut."""
    from palyra_kernel.redact import redact_text  # a plugin that says nothing costs nothing

    return shown(redact_text(text[:_READ_LIMIT]), limit)


def nothing(answer: object) -> None:
    """What returns nothing returns None; a coroutine would mean that nothing was done."""
    if answer is not None:
        raise WrongAnswer(f"a {said(type(answer).__name__, 80)} instead of None")
