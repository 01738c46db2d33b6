"""Which values are references, and what is wrong with those that are none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.redact.patterns import is_secret_name
from palyra_kernel.scan.leaves import Leaf, Path, path_text, table_of
from palyra_kernel.values.secret_ref import SecretRef

_OURS = re.compile(r"(?:vault|env|exec)://.*", re.DOTALL)
_FILE = re.compile(r"file://.*", re.DOTALL)
_OTHER = re.compile(r"[a-z][a-z0-9_]{0,63}://.*", re.DOTALL)
_WEB = re.compile(
    r"(?:https?|wss?|ftps?|ssh|git|redis|rediss|postgres|postgresql|mysql|amqps?|mongodb|s3|gs|jdbc)://.*"
)
_TEMPLATE = re.compile(r"\{|<\w")
_SAYS_REF = re.compile(r"(?:.*[._-])?(?:ref|secretref|keyref)|.*(?:Ref)")


class Reference(NamedTuple):
    """A reference in a file, with the fields of its table; ``ref`` is None if it is none, ``why`` says that then."""

    leaf: Leaf
    path: Path
    ref: SecretRef | None
    why: str | None = None
    hint: str | None = None


def references(leaves: Sequence[Leaf]) -> Iterator[Reference]:
    """Every value that is a reference or wants to be one, alone or as the ``ref`` of a table.

    ``vault://``, ``env://`` and ``exec://`` always are; ``file://`` where a name says that it is about a secret; the
    schemes of plugins where a name ends in ``ref``. Fallbacks are judged with the table that they are in.
    """
    tables: dict[Path, list[Leaf]] = {leaf.path[:-1]: [] for leaf in leaves if leaf.path[-1:] == ("ref",)}
    for leaf in leaves:
        for depth in range(len(leaf.path) if tables else 0):
            if leaf.path[:depth] in tables:
                tables[leaf.path[:depth]].append(leaf)
    for leaf in leaves:
        if leaf.text is None or not _is_meant(leaf, leaf.text) or _in_chain(leaf.path, tables):
            continue
        if leaf.path[-1:] == ("ref",) and len(leaf.path) > 1:
            yield _table(leaf, tables[leaf.path[:-1]])
        else:
            yield _text(leaf, leaf.text)


def says_reference(name: str) -> bool:
    """Whether a field of that name holds references."""
    return _SAYS_REF.fullmatch(name) is not None


def _is_meant(leaf: Leaf, text: str) -> bool:
    if _TEMPLATE.search(text):
        return False
    if _OURS.fullmatch(text):
        return True
    says = says_reference(leaf.name)
    if _FILE.fullmatch(text):
        return says or is_secret_name(leaf.name)
    return says and _OTHER.fullmatch(text) is not None and not _WEB.fullmatch(text)


def _in_chain(path: Path, tables: Collection[Path]) -> bool:
    return any(step == "fallback" and path[:at] in tables for at, step in enumerate(path))


def _text(leaf: Leaf, text: str) -> Reference:
    try:
        return Reference(leaf, leaf.path, SecretRef.parse(text))
    except InvalidInputError as error:  # its words may repeat the text, and a wrong reference may be a secret
        return Reference(leaf, leaf.path, None, "this is not a reference", error.hint)


def _table(leaf: Leaf, leaves: Sequence[Leaf]) -> Reference:
    at = leaf.path[:-1]
    table = table_of(leaves, at)
    unknown = sorted(set(table) - set(SecretRef.__struct_fields__))
    if unknown:
        fields = ", ".join(path_text((name,)) for name in unknown)
        return Reference(leaf, at, None, f"a reference has no field {fields}")
    try:
        return Reference(leaf, at, SecretRef.parse(table))
    except InvalidInputError as error:
        why = "the table is not a reference: a field has a wrong type or value"
        return Reference(leaf, at, None, why, error.hint)
