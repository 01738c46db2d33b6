"""Which format a file has, by its name, and what each format can do."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from palyra_kernel.scan.leaves import Leaf


class Format(NamedTuple):
    """How a kind of file is read, and how a reference is written into it; without *token* it is not edited."""

    name: str
    leaves: Callable[[str], list[Leaf]]
    token: Callable[[str, str], str] | None


_SETTINGS = re.compile(
    r".*\.(?:ini|cfg|conf|cnf|properties|tfvars|service|netrc|npmrc|pypirc|envrc|env|toml|ya?ml|json|dockerfile)"
    r"|.*\.(?:sh|bash|zsh|fish|ksh|ps1|bat|cmd)|\.env\..*|dockerfile|credentials|config"
)
"""Files in which a value needs no quotes. Those of a known structure are here for when they do not parse."""

_PROSE = frozenset((".md", ".rst", ".txt", ".adoc", ".html", ".htm"))


def format_of(name: str) -> Format:
    """The format of a file called *name*. What is imported is what is needed."""
    lower = name.lower()
    suffix = _suffix(lower)
    if lower == ".env" or lower.startswith(".env.") or suffix == ".env":
        from palyra_kernel.scan.formats.dotenv_files import dotenv_leaves, dotenv_token

        return Format("dotenv", dotenv_leaves, dotenv_token)
    if suffix == ".toml":
        from palyra_kernel.scan.formats.toml_files import toml_leaves, toml_token

        return Format("toml", toml_leaves, toml_token)
    if suffix in (".yaml", ".yml"):
        from palyra_kernel.scan.formats.yaml_files import yaml_leaves, yaml_token

        return Format("yaml", yaml_leaves, yaml_token)
    if suffix == ".json":
        from palyra_kernel.scan.formats.json_files import json_leaves, json_token

        return Format("json", json_leaves, json_token)
    return plain_format(name)


def plain_format(name: str) -> Format:
    """The format of a file that is only text; prose has no values and no references, though perhaps tokens."""
    from palyra_kernel.scan.formats.plain_files import plain_leaves

    lower = name.lower()
    if _suffix(lower) in _PROSE:
        return Format("prose", lambda _text: [], None)
    bare = _SETTINGS.fullmatch(lower) is not None
    return Format("text", partial(plain_leaves, bare=bare), None)


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix}" if dot and stem else ""
