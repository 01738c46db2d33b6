"""Characters that draw nothing, or look like one of ASCII in usual fonts: what approvals must not be got by.

A choice from the confusables of Unicode Technical Standard 39. Written as escapes, so that they do not pass for others
here either.
"""

from __future__ import annotations

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols that draw nothing; what is hidden by its category is not listed."""

LETTERS = frozenset(
    # Cyrillic
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421"
    "\u0422\u0423\u0425\u04ae\u050c\u0430\u0435\u0455\u0456\u0458\u043a\u043e"
    "\u0440\u0441\u0443\u0445\u04af\u0501\u051b\u051d\u04bb\u04cf\u0475"
    # Greek
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4"
    "\u03a5\u03a7\u03b1\u03bd\u03bf\u03c1\u03b9\u03c5\u03b3"
    # Armenian
    "\u0555\u054d\u0578\u057d\u0581\u0570\u0585\u0501"
    # Cherokee
    "\u13aa\u13f4\u13df\u13a0\u13ac\u13c0\u13bb\u13a5\u13ab\u13e6\u13de\u13b7"
    "\u13e2\u13d2\u13da\u13a2\u13d9\u13b3\u13c3"
    # Latin
    "\u0131\u0237\u0251\u0261\u0269\u029f\u1d0f\u1d1c\u1d20\u1d21\u1d22\ua731"
    "\u01c0\u01c3"
)
"""Letters that look like one of ASCII."""

SIGNS = frozenset(
    "\u2215\u2044\u29f8\u29f5\u2216\u2024\u00b7\u2027\u201a\u2018\u2019\u201b"
    "\u201c\u201d\u201e\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2236\u0589"
    "\u05c3\u02d0\u02f8\u02bc\u02b9\u02c8\u02ca\u02cb\u00b4\u2032\u2033\u2035"
    "\u2039\u203a\u276e\u276f\ua4f8\u066b\u066c\u06d4\u2e31\u204e\u2217\u29c0"
    "\u29c1\uff3f\ufe63\u2e40\u30a0"
)
"""Punctuation and symbols that look like one of ASCII."""
