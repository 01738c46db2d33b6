"""Which values are secrets that stand in plain text, and which only look like it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from palyra_kernel.redact.patterns import NAMED, Match, find_tokens, is_secret_name, looks_secret
from palyra_kernel.scan.leaves import Leaf, Path

BY_NAME = "secret_name"
"""The pattern id of a value that is taken for a secret because of what it is called."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ABOUT = frozenset(
    re.findall(
        r"\w+",
        """algorithm count days description dir enabled endpoint env expiration expires expiry field file files folder
        format header headers help hint id ids interval kind label length limit manager max message min ms name names
        path pattern policy prefix provider ref refs regex required scope scopes seconds size store timeout ttl type
        uri url urls var variable version""",
    )
)
"""Last words of names of things about a secret: ``token_url`` is none."""

_PHRASES = frozenset(("passphrase", "password", "passwd", "pass", "pwd"))
_CERTAIN = re.compile(
    r"(?:.*_)?(?:api_?key|(?:access|private|secret)_?key|(?:client_?)?secret|(?:access|refresh|auth)_token)"
)
_ORDINARY = re.compile(r"[\w./ -]{1,80}")
_SHORTEST = 6
"""Characters from which a value is a secret whose name leaves no doubt."""
_STAND_IN = re.compile(
    r"(?:change|replace|insert|enter|your|my|put|add|set|use)[-_ ]?(?:me|this|your|here|it|in|the)(?![a-z]).*"
    r"|your[-_ ].*|.*[-_ ]here|.*placeholder.*|.*example\.(?:com|org|net)\b.*|.*redacted.*"
    r"|(?:example|sample|dummy|fake|todo|tbd|fixme|none|null|nil|undefined|true|false|yes|no|empty|default|secret|password"
    r"|token|test|foo|bar|baz)[-_]?\d{0,3}",
    re.IGNORECASE | re.DOTALL,
)
_SAME = re.compile(r"(?:sk-|ghp_|github_pat_|[A-Za-z]{0,8}[-_])?([xX*.•·#0_-])\1*", re.ASCII)
_FILLED_IN = re.compile(r"<[^<>]*>|.*(?:\$\{[^}]*\}|\{\{.*\}\}|%\([^)]*\)s|\$\([^)]*\)).*", re.DOTALL)
_SHELL = re.compile(r"(?:\$[A-Za-z_][A-Za-z0-9_]*|`[^`]*`|%[A-Za-z_][A-Za-z0-9_]*%|\{[A-Za-z_][\w.]*\})")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://\S*|(?:\.{0,2}|~)/\S*|[A-Za-z]:\\\S*", re.IGNORECASE)
_LONGEST_PAIR = 256
_USER_INFO = "url_userinfo"
_PAIR = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,127})=(.+)", re.DOTALL)


class Inline(NamedTuple):
    """A secret in plain text: in *leaf*, or, without one, somewhere else in the text, as in a comment.

    ``whole``: the leaf is the value and nothing else, so that a reference can stand in its place.
    """

    start: int
    end: int
    pattern: str
    value: str
    leaf: Leaf | None
    whole: bool = True


def inline_secrets(text: str, leaves: Sequence[Leaf], *, settings: bool) -> Iterator[Inline]:
    """The secrets of a text, those in *leaves* first, which are in the order of the text. In *settings* a password may
    be a word, or several; elsewhere that is a label that people read."""
    names, tokens = names_beside(leaves), list(_tokens(text))
    starts = [token.start for token in tokens]
    taken: list[Leaf] = []
    for leaf in leaves:
        nearby = _around(tokens, bisect_left(starts, leaf.start))
        token = next((each for each in nearby if _is_of(each, leaf)), None)
        found = _in_leaf(leaf, text, token, names, settings=settings)
        if found is not None:
            taken.append(leaf)
            yield found
    ends = [leaf.end for leaf in taken]
    for token in tokens:
        after = bisect_right(ends, token.start)
        if after == len(taken) or token.end <= taken[after].start:
            yield Inline(token.start, token.end, token.pattern_id, text[token.start : token.end], None)


def _around(tokens: Sequence[Match], at: int) -> Sequence[Match]:
    return tokens[max(0, at - 1) : at + 1]


def _is_of(token: Match, leaf: Leaf) -> bool:
    """Whether *token* is in *leaf*, or *leaf* is a part of it, as each half of a pair of keys is."""
    if leaf.start <= token.start and token.end <= leaf.end:
        return True
    pair = token.end - token.start <= _LONGEST_PAIR
    return pair and token.start <= leaf.start + 1 and leaf.end - 1 <= token.end and leaf.end - leaf.start > 2


def _tokens(text: str) -> Iterator[Match]:
    """What has the form of a secret and is not one that documentation shows."""
    for match in find_tokens(text):
        token = text[match.start : match.end]
        if match.pattern_id == NAMED:  # names are judged here; but the value may be one of the others
            yield from (
                Match(match.start + inner.start, match.start + inner.end, inner.pattern_id)
                for inner in find_tokens(token)
                if inner.pattern_id != NAMED
                and not _shown_only(inner.pattern_id, token[inner.start : inner.end])
            )
        elif not _shown_only(match.pattern_id, token):
            yield match


def _shown_only(pattern_id: str, token: str) -> bool:
    return is_stand_in(token.rpartition(":")[2] if pattern_id == _USER_INFO else token)


def names_beside(leaves: Sequence[Leaf]) -> Mapping[Path, str]:
    """Where a value is called by its neighbour: ``{name: API_KEY, value: ...}``."""
    return {
        (*leaf.path[:-1], "value"): leaf.text
        for leaf in leaves
        if leaf.text is not None and leaf.path and leaf.path[-1] in ("name", "key")
    }


def _in_leaf(
    leaf: Leaf, text: str, token: Match | None, names: Mapping[Path, str], *, settings: bool
) -> Inline | None:
    name, whole = names.get(leaf.path, leaf.name), True
    value = leaf.text
    if value is None and type(leaf.value) is int and _last_word(name) in _PHRASES:
        value = text[leaf.start : leaf.end]
    if value is None:
        return None
    if (
        token is None and value not in text[leaf.start : leaf.end]
    ):  # written with escapes, or in several lines
        token = next(_tokens(value), None)
    if token is not None:
        return Inline(leaf.start, leaf.end, token.pattern_id, value, leaf, _storable(value))
    pair = _PAIR.fullmatch(value)
    if pair and leaf.path and isinstance(leaf.path[-1], int):  # a list of NAME=VALUE, as containers have
        name, value, whole = pair[1], pair[2], False
    if _called_secret(name) and _may_be_secret(value, name, settings=settings):
        return Inline(leaf.start, leaf.end, BY_NAME, value, leaf, whole and _storable(value))
    return None


def _storable(value: str) -> bool:
    """JSON can say half a character, which no file and no vault can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _called_secret(name: str) -> bool:
    """A name that means a secret, and not something about it: ``token``, not ``token_url``."""
    last = _last_word(name)
    if not _ORDINARY.fullmatch(name) or last in _ABOUT:
        return False
    return last in _PHRASES or is_secret_name(name)


def _may_be_secret(value: str, name: str, *, settings: bool) -> bool:
    if is_stand_in(value) or _ELSEWHERE.fullmatch(value):
        return False
    phrase = _last_word(name) in _PHRASES
    if any(character.isspace() for character in value.strip()):
        return settings and phrase and _last_word(name) not in value.lower()
    digits = any(character.isdigit() for character in value)
    if phrase or _CERTAIN.fullmatch("_".join(_words(name))):
        return len(value) >= _SHORTEST and (settings or digits or not _ORDINARY.fullmatch(value))
    return digits and looks_secret(value)  # a word behind `token` is the name of one


def is_stand_in(value: str) -> bool:
    """Whether *value* only holds the place of one: empty, ``changeme``, ``${VAR}``, ``<your-key>``, ``xxxx``."""
    plain = value.strip().strip("\"'")
    return (
        not plain
        or _SAME.fullmatch(plain) is not None
        or _STAND_IN.fullmatch(plain) is not None
        or (len(plain) < 256 and (_FILLED_IN.fullmatch(plain) or _SHELL.fullmatch(plain)) is not None)
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _last_word(name: str) -> str:
    return (_words(name) or [""])[-1]
