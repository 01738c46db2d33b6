"""The plainest command line, ``palyra secrets get REF --reveal``, understood without click.

Importing click costs a tenth of such a run (ADR 0015). So click judges everything else, and whatever here is in the
least doubtful; a test holds both to the same understanding.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

_COMPLETION_VARIABLE = "_PALYRA_COMPLETE"  # click's: a shell asks how the line could go on
_PLACES = ("--state-root", "--config-dir")


def plain_reveal(arguments: Sequence[str]) -> tuple[str, str | None, str | None] | None:
    """Understand ``[--state-root DIR] [--config-dir DIR] secrets get REF --reveal``; None: ask click.

    The answer is REF and both folders. ``=`` may stand before DIR, and ``--reveal`` before REF. No option comes
    twice; neither DIR nor REF is empty or starts with ``-``.
    """
    words, places = list(arguments), dict[str, str]()
    while words and words[0].startswith("--"):
        name, equals, place = words.pop(0).partition("=")
        if not equals:
            place = words.pop(0) if words else ""
        if name not in _PLACES or name in places or not _is_plain(place):
            return None
        places[name] = place
    match words:
        case ["secrets", "get", ref, "--reveal"] | ["secrets", "get", "--reveal", ref] if _is_plain(ref):
            if _COMPLETION_VARIABLE not in os.environ:
                return ref, places.get("--state-root"), places.get("--config-dir")
    return None


def _is_plain(word: str) -> bool:
    return word != "" and not word.startswith("-")
