"""``#FIELD`` over a secret that may be any bytes."""

import json

from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault.fields import pick_field
from tests.fuzz.oracles import result

JSON = True

_FIELDS = ("a", "/a", "/a/0", "/a/b", "/a~1b/~0", "", "/", "/0")


def seeds():
    return {
        "object": b'{"a": "text", "b": 1}',
        "nested": b'{"a": {"b": [1, 2.5, null, true, "\\u00fc"]}}',
        "list": b'{"a": [{"b": "c"}, 7]}',
        "escapes": b'{"a/b": {"~": "x"}, "": "y"}',
        "array": b'["first"]',
        "big": b'{"a": ' + b"9" * 400 + b"}",
        "float": b'{"a": 1e400}',
        "not-utf8": b'{"a": "\xff"}',
        "deep": b'{"a":' * 300,
        "text": b"no JSON",
    }


def check(data: bytes) -> None:
    """A member is what the standard library finds there; the error says nothing of the secret."""
    for field in _FIELDS:
        picked = result(pick_field, SensitiveBytes(data), field)
        if picked is None or field != "a":
            continue
        value = json.loads(data)["a"]
        if isinstance(value, str):
            assert picked.reveal().decode() == value
        else:
            assert json.loads(picked.reveal()) == value
