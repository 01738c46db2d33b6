"""YAML: the events of its parser, with their marks. Nothing is constructed, no alias is followed."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from palyra_kernel.scan.leaves import Leaf, Path, Room, UnparsableError

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where PyYAML has it: twenty times as fast, with the same marks."""

_STRING = "tag:yaml.org,2002:str"
_PROPERTIES = re.compile(r"(?:[&!][^\s]*+(?:[ \t\r\n]++(?:#[^\r\n]*+[\r\n]++[ \t\r\n]*+)*+|$))*+")
_HEADER = re.compile(r"[|>][0-9+-]*+([ \t]+#[^\r\n]*)?")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./:@%+=-]*[A-Za-z0-9_]", re.ASCII)
_KEY_ONLY = "?"


class _Frame:
    """A list or mapping that is being read."""

    def __init__(self, path: Path, *, mapping: bool, hidden: bool = False) -> None:
        self.path = path
        self.mapping = mapping
        self.hidden = hidden
        self.number = 0
        self.key: str | None = None

    def step(self) -> Path | None:
        """The path of the node that begins now; None if it is a key."""
        if not self.mapping:
            self.number += 1
            return (*self.path, self.number - 1)
        return None if self.key is None else (*self.path, self.key)


def yaml_leaves(text: str) -> list[Leaf]:
    """The scalars of all documents; with more than one, paths begin with the number of the document.

    A key that is no scalar is ``?``, and what stands in it is not read. A scalar with a tag of somebody's own
    (``!vault``, ``!secret``) is no text.
    """
    try:
        documents = _read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UnparsableError("not YAML", mark.line + 1 if mark else 1) from None
    if len(documents) < 2:
        return [leaf for document in documents for leaf in document]
    return [
        leaf._replace(path=(number, *leaf.path))
        for number, document in enumerate(documents)
        for leaf in document
    ]


def yaml_token(old: str, reference: str) -> str:
    """What stands in the place of a scalar, in the quotes that it had; the comment of a block's first line stays."""
    header = _HEADER.match(old)
    comment = (header[1] or "") if header else ""
    if old.startswith("'") and "'" not in reference:
        return f"'{reference}'"
    if not old.startswith('"') and _PLAIN.fullmatch(reference):
        return reference + comment
    return json.dumps(reference, ensure_ascii=False) + comment


def _read(text: str) -> list[list[Leaf]]:
    documents: list[list[Leaf]] = []
    stack: list[_Frame] = []
    room = Room()
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            documents.append([])
        elif isinstance(event, yaml.ScalarEvent):
            room.more()
            _scalar(text, event, stack, documents[-1])
        elif isinstance(event, yaml.AliasEvent):
            _node(stack, _KEY_ONLY)
        elif isinstance(event, yaml.CollectionStartEvent):
            _open(event, stack, room)
        elif isinstance(event, yaml.CollectionEndEvent):
            _close(stack)
    return documents


def _scalar(text: str, event: Any, stack: list[_Frame], leaves: list[Leaf]) -> None:
    path = _node(stack, event.value)
    if path is None or (stack and stack[-1].hidden):
        return
    start, end = _span(text, event)
    leaves.append(Leaf(path, _value(event), start, end))


def _node(stack: list[_Frame], key: str) -> Path | None:
    """Count a node that is over at once; its path, or None if it is a key."""
    if not stack:
        return ()
    path = stack[-1].step()
    stack[-1].key = key if path is None else None
    return path


def _open(event: Any, stack: list[_Frame], room: Room) -> None:
    room.deeper(len(stack))
    mapping = isinstance(event, yaml.MappingStartEvent)
    path = stack[-1].step() if stack else ()
    hidden = path is None or bool(stack and stack[-1].hidden)
    stack.append(_Frame(path or (), mapping=mapping, hidden=hidden))


def _close(stack: list[_Frame]) -> None:
    stack.pop()
    if stack and stack[-1].mapping:
        stack[-1].key = _KEY_ONLY if stack[-1].key is None else None


def _span(text: str, event: Any) -> tuple[int, int]:
    """Without tag and anchor before it, and without the blank lines that a block ends with."""
    start, end = event.start_mark.index, event.end_mark.index
    if event.anchor is not None or event.tag is not None:
        properties = _PROPERTIES.match(text, start, end)
        start = properties.end() if properties else start
    return start, start + len(text[start:end].rstrip(" \t\r\n"))


def _value(event: Any) -> object:
    if event.tag not in (None, "!", _STRING):
        return (event.tag, event.value)
    if event.tag is not None or not event.implicit[0]:
        return event.value
    return _resolved(event.value)


def _resolved(value: str) -> object:
    """What a plain scalar is, by the rules of YAML 1.1 that PyYAML keeps."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in [*resolvers.get(value[:1], []), *resolvers.get(None, [])]:
        if pattern.match(value):
            kind = tag.rpartition(":")[2]
            if kind == "null":
                return None
            if kind == "bool":
                return value.lower() in ("yes", "true", "on")
            return int(value) if value.isdigit() and len(value) < 20 else (tag, value)
    return value
