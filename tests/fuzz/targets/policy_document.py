"""The policies of a vault as a record holds them, and their ``bundle.toml``."""

import json

from palyra_kernel.policy.bundle import Bundle
from tests.fuzz.oracles import result

JSON = True

_DEFAULT = Bundle.default()
_STORED = json.loads(_DEFAULT.to_document(version=3))


def _stored(**members):
    return json.dumps(_STORED | members).encode()


def seeds():
    return {
        "whole": _stored(),
        "not-validated": _stored(validated=""),
        "digest": _stored(digest="0" * 64),
        "format-2": _stored(format=2),
        "unknown": _stored(more=1),
        "version": _stored(version=-1),
        "no-files": _stored(files={}),
        "name": _stored(files={"../x": ""}),
        "surrogate": b'{"format":1,"version":1,"digest":"","validated":"","files":{"bundle.toml":"\\ud800"}}',
        "data": b'allowed_tools = ["a", "a"]\n[tools.a]\ncapabilities = ["Network"]\n',
        "reference": b'marked_refs = ["global/a?version=1#b", "openai/api_key"]\n',
        "group": b'sensitive_actions = ["vault", "secret.read"]\ntool_principals = ["user:1"]\n',
        "channel": b'tool_channels = ["channel:slack:T1"]\nallowed_skills = ["\\u001b"]\n',
        "wrong": b"allowed_tools = [[[1]]]\nunknown = 1\n",
    }


def check(data: bytes) -> None:
    """A document that loads is written again as it is read; the lists of a bundle that loads are those of its text."""
    bundle = result(Bundle.from_document, data)
    if bundle is not None:
        assert Bundle.from_document(bundle.to_document(version=bundle.version)).files == bundle.files
    files = _DEFAULT.files | {"bundle.toml": data.decode("utf-8", "ignore")}
    made = result(Bundle, files)
    if made is not None:
        assert made.facts.sensitive_actions <= made.actions.resources.keys()
        assert Bundle.from_document(made.to_document(version=1)).facts.data == made.facts.data
