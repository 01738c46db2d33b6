"""An error as it goes into a log: ours with its words, another's with nothing but its kind."""

from __future__ import annotations

from palyra_kernel.errors import PalyraError


def said(error: BaseException) -> str:
    """Without the text of a stranger's error, which may quote what a peer sent."""
    if isinstance(error, PalyraError):
        return f"{error.code}: {error.message}"
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({said(each) for each in error.exceptions}))
    return type(error).__name__
