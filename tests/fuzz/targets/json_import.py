"""JSON files to import."""

import base64
import json

from palyra_kernel.cli.secrets.import_files import name_items, read_items
from palyra_kernel.values.scopes import GLOBAL
from tests.fuzz.oracles import result

JSON = True


def seeds():
    return {
        "members": b'{"a/text": "gr\\u00fc\\u0000", "b": {"value": ""}, "c": {"base64": "AAH/"}}',
        "twice": b'{"A": "1", "A": "2"}',
        "number": b'{"A": ' + b"9" * 500 + b"}",
        "nan": b'{"A": NaN}',
        "list": b'["A"]',
        "surrogate": b'{"A": "\\ud800", "\\ud800": "A"}',
        "two": b'{"A": {"value": "1", "base64": ""}}',
        "base64": b'{"A": {"base64": "YQ"}, "B": {"base64": "YR=="}}',
        "deep": b'{"A":' * 300,
        "bom": b'\xef\xbb\xbf {"A": "1"}\n',
    }


def check(data: bytes) -> None:
    """What a file says is said again by its items; two entries never become one secret."""
    items = result(read_items, data, "json")
    if items is None:
        return
    named = result(name_items, items, GLOBAL, prefix="", lower=False, limit=1000)
    if named is None:
        return
    assert len({name.ref for name in named}) == len(items)
    document = {item.name: {"base64": base64.b64encode(item.value).decode()} for item in items}
    assert read_items(json.dumps(document).encode(), "json") == items
