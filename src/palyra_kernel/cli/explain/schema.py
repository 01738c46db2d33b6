"""The JSON Schema of references, for editors and for whoever checks configuration: msgspec says what a field may hold,
this file what it means."""

from __future__ import annotations

from typing import Any

import msgspec

from palyra_kernel.values.secret_ref import SecretRef

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NAME = "SecretRef"
_MEANINGS = {
    "ref": "SCHEME://TARGET[?NAME=VALUE][#FRAGMENT]; without SCHEME:// the vault is meant.",
    "required": "Whether an absent value is a failure.",
    "allow_empty": "Whether an empty value is a value; otherwise it is missing.",
    "refresh_policy": "When the source is asked again: never, at each reload, once in each run, at each use.",
    "snapshot_policy": "When what was read is shown: at the next reload, to runs that begin later, at once.",
    "max_bytes": "The largest value, in bytes.",
    "timeout_ms": "Milliseconds for the whole answer; null for what source and resolver allow.",
    "first_byte_ms": "Milliseconds for the beginning of the answer; null for what the source allows.",
    "transforms": "What is done to the value, in this order; null for what the source does by itself.",
    "fallback": "What is asked when this is missing or does not answer.",
    "max_stale_seconds": "How old a last known good value may be that answers for a failed source; 0 for never.",
    "trusted_dirs": "For file://, the folders that it must lie in, within those of palyra.toml.",
    "allow_symlinks": "For file://, whether links are followed, inside the trusted folders.",
    "inherited_env": "For exec://, variables that the command gets, out of those that palyra.toml allows.",
    "cwd": "For exec://, the folder that the command starts in, within that of palyra.toml.",
    "options": "For sources of plugins, what else they are told.",
    "redaction_label": "What people see in place of the value.",
    "display_name": "What people see in place of the reference.",
}
_ITEMS = {
    "transforms": r"^(strip_newline|base64|hex|json:/.*)$",
    "inherited_env": r"^[A-Za-z_][A-Za-z0-9_]{0,255}$",
    "trusted_dirs": r"^/",
}
_EXAMPLES = ["vault://openai_api_key", "env://GITHUB_TOKEN", "file:///run/secrets/db#password"]


def of_reference() -> dict[str, Any]:
    """The schema of one reference: a text, or a table."""
    return {"$schema": DRAFT, "title": "A reference to a secret", **_either(), "$defs": {_NAME: _table()}}


def of_file() -> dict[str, Any]:
    """The schema of a file in which names stand for references."""
    return {
        "$schema": DRAFT,
        "title": "Names that stand for references to secrets",
        "type": "object",
        # An editor puts the place of its schema into a JSON document.
        "properties": {"$schema": {"type": "string"}},
        "additionalProperties": _either(),
        "$defs": {_NAME: _table()},
    }


def _either() -> dict[str, Any]:
    return {"anyOf": [_text(), {"$ref": f"#/$defs/{_NAME}"}]}


def _text() -> dict[str, Any]:
    field = _table()["properties"]["ref"]
    return {**field, "examples": _EXAMPLES}


def _table() -> dict[str, Any]:
    table: dict[str, Any] = msgspec.json.schema(SecretRef)["$defs"][_NAME]
    table["description"] = "A reference to a secret, and how it is to be resolved."
    properties = table["properties"]
    for name, meaning in _MEANINGS.items():
        properties[name]["description"] = meaning
    for name, pattern in _ITEMS.items():
        _list_in(properties[name])["items"]["pattern"] = pattern
    properties["cwd"]["anyOf"][0]["pattern"] = "^/"
    return table


def _list_in(field: dict[str, Any]) -> dict[str, Any]:
    """The array of a field that may also be null."""
    choices = field.get("anyOf", [field])
    return next(choice for choice in choices if choice.get("type") == "array")
