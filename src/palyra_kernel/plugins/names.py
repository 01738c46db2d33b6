"""What names may look like, and how foreign text is shown."""

from __future__ import annotations

import re

_PLUGIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")


def is_plugin_name(text: str) -> bool:
    """1 to 64 lower-case letters, digits, ``_`` and ``-``. No ``.``: ``builtin.*`` is ours; no ``:``: ``no:NAME``."""
    return _PLUGIN.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """A kind or scheme: 1 to 64 lower-case letters, digits and ``_``, starting with a letter."""
    return _KEY.fullmatch(text) is not None


def split_entry_point(value: str) -> tuple[str, str | None] | None:
    """``module`` or ``module:attribute`` as a pair; None for anything else, extras included."""
    module, colon, attribute = value.partition(":")
    if not _is_dotted(module) or (colon and not _is_dotted(attribute)):
        return None
    return module, attribute if colon else None


def _is_dotted(text: str) -> bool:
    return text.isascii() and all(part.isidentifier() for part in text.split("."))


def canonical(distribution: str) -> str:
    """The one spelling of a distribution name by which indexes and installers compare."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def shown(text: str, limit: int = 200) -> str:
    """Foreign *text* made safe for a terminal and a message: printable and at most *limit* characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(character if character.isprintable() else "?" for character in cut)
