"""What a value of a file is called in the vault."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from palyra_kernel.scan.leaves import Path
from palyra_kernel.values.refs import MAX_KEY_BYTES, VaultRef
from palyra_kernel.values.scopes import VaultScope

_ILLEGAL = re.compile(r"[^a-z0-9._-]+")


def references_for(
    paths: Iterable[Path], scope: VaultScope, *, prefix: str, taken: Collection[VaultRef] = ()
) -> list[VaultRef]:
    """A reference for each path, all different and none of *taken*: the same ones whenever the same file is read."""
    used = set(taken)
    named: list[VaultRef] = []
    for path in paths:
        key = _key(prefix, path)
        ref = VaultRef(scope, key)
        number = 1
        while ref in used:
            number += 1
            ending = f"-{number}"
            ref = VaultRef(scope, key[: MAX_KEY_BYTES - len(ending)].rstrip("/") + ending)
        used.add(ref)
        named.append(ref)
    return named


def legal_prefix(name: str) -> str:
    """*name*, perhaps of a folder, as the beginning of keys; nothing if nothing of it is legal."""
    return "/".join(segment for part in name.split("/") if (segment := _segment(part)))


def _key(prefix: str, path: Path) -> str:
    segments = [part for step in path for part in [_segment(str(step))] if part]
    key = "/".join([prefix, *segments] if prefix else segments) or "value"
    return key if len(key) <= MAX_KEY_BYTES else key[-MAX_KEY_BYTES:].lstrip("./")


def _segment(text: str) -> str:
    plain = _ILLEGAL.sub("_", text.lower()).strip("_")
    return plain if plain.strip(".") else ""
