"""Legal scopes and references, and text that nearly is one."""

import unicodedata

from hypothesis import strategies as st

from palyra_kernel.values.refs import MAX_VERSION, VaultRef
from palyra_kernel.values.scopes import GLOBAL, VaultScope

KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
PIECES = [
    "vault://",
    "VAULT://",
    "global",
    "GLOBAL",
    "principal:",
    "channel:",
    "skill:",
    "kernel:",
    "user:",
    "://",
    "a:b",
    "a",
    "b",
    "/",
    "//",
    "/./",
    "/../",
    ":",
    "?",
    "?version=",
    "version=1",
    "#",
    "0",
    "1",
    "é",
    "e\u0301",
    " ",
    "\n",
    "\0",
    "\\",
    "\ud800",
    "\u2028",
    "\u200b",
    "%2F",
    "9" * 16,
    "x" * 128,
    "key",
    ".",
    "..",
    "&",
]


def _joined(segments: list[str]) -> str:
    return "/".join(segments)


def _legal(text: str) -> bool:
    return (
        len(text.encode()) <= 256
        and text == text.strip()
        and unicodedata.is_normalized("NFC", text)
        and not any(unicodedata.category(character)[0] == "C" for character in text)
    )


_characters = st.one_of(st.sampled_from("ab:?#.% ="), st.characters(exclude_categories=["C", "Zl", "Zp"]))
segments = st.text(_characters.filter(lambda c: c not in "/\\"), min_size=1, max_size=12).filter(_legal)
names = segments.map(lambda text: text.replace(":", "")).filter(lambda text: text != "" and _legal(text))

scopes = st.one_of(
    st.just(GLOBAL),
    segments.map(lambda text: VaultScope("principal", text)),
    segments.map(lambda text: VaultScope("skill", text)),
    st.builds(lambda name, account: VaultScope("channel", name, account), names, segments),
)
_segment = st.text(KEY_ALPHABET, min_size=1, max_size=8).filter(lambda text: text not in (".", ".."))
keys = st.lists(_segment, min_size=1, max_size=6).map(_joined)
versions = st.none() | st.integers(1, MAX_VERSION)
_field = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=20)
fields = st.none() | _field.filter(lambda text: text.isprintable() and "://" not in text)

references = st.builds(
    lambda scope, key, version, field: VaultRef(scope, key, version=version, field=field),
    scopes,
    keys,
    versions,
    fields,
)
nearly_references = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
