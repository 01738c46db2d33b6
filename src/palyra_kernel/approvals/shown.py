"""What a human sees of what a program wrote: nothing acts on the terminal, hides, turns around or passes for another.

Hidden characters, and letters that look like others, are shown as the escapes of JSON (``\\u202e``). So canonical JSON
stays the same JSON; in any other text a backslash is doubled, so that an escape is told from what was typed.
"""

from __future__ import annotations

import re
import unicodedata

from palyra_kernel.approvals.confusable import INVISIBLE, LETTERS, SIGNS
from palyra_kernel.redact import redact_text

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"})
"""Scripts that are written together in one word."""

_WORD = re.compile(r"\w+")


def masked(text: str, limit: int | None = None) -> str:
    """*text* without secrets, then cut to *limit* characters. In this order: of a secret that is cut first, the rest
    looks like none."""
    clean = redact_text(text)
    if limit is None or len(clean) <= limit:
        return clean
    return clean[: limit - 1] + "…"


def visible(text: str) -> str:
    """Any *text* in one line, for people."""
    return visible_json(text.replace("\\", "\\\\"))


def visible_json(text: str) -> str:
    """Canonical JSON for people; it parses to the same value."""
    if text.isascii() and text.isprintable():
        return text
    words = _WORD.sub(lambda word: _word(word[0]), text)
    return "".join(
        character if _is_plain(character, before) else _escaped(character)
        for before, character in zip("\0" + words, words, strict=False)
    )


def _word(word: str) -> str:
    """*word* with its foreign letters escaped if it mixes scripts, or is made of nothing but look-alikes."""
    if word.isascii():
        return word
    scripts = {_script(character) for character in word if character.isalpha()}
    letters = [character for character in word if character.isalpha() and not character.isascii()]
    if len(scripts - _ASIAN) + bool(scripts & _ASIAN) > 1:
        suspect = set(letters) - {each for each in letters if _script(each) == "LATIN"}
    else:
        suspect = set(letters) if all(each in LETTERS for each in letters) else set()
    return "".join(_escaped(character) if character in suspect else character for character in word)


def _is_plain(character: str, before: str) -> bool:
    if character.isascii():
        return character.isprintable()
    category = unicodedata.category(character)
    if category in _HIDDEN or category == "Zs" or character in INVISIBLE or character in SIGNS:
        return False
    if category.startswith("M"):
        return not before.isascii() and not _selects_a_variant(character)
    if _script(character) == "LATIN" and character in LETTERS:
        return False
    return unicodedata.normalize("NFKC", character) == character


def _selects_a_variant(mark: str) -> bool:
    return "\ufe00" <= mark <= "\ufe0f" or "\U000e0100" <= mark <= "\U000e01ef"


def _script(character: str) -> str:
    """The first word of the name of *character*: LATIN, CYRILLIC, CJK."""
    return unicodedata.name(character, "UNKNOWN").partition(" ")[0]


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
