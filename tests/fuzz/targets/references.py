"""References and scopes, as people type them."""

import pickle

from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from tests.fuzz.oracles import result

JSON = False


def seeds():
    return {
        "bare": b"global/openai/api_key",
        "canonical": b"vault://principal:alice/Token?version=9007199254740991#field",
        "channel": b"channel:irc:#a:b/key",
        "no-scope": b"vault://openai/api_key",
        "pointer": b"skill:weather/a.b-c_d#/a/0/~1",
        "scope": "principal:jos\u00e9".encode(),
        "kernel": b"kernel:ca/key",
        "dots": b"global/a/../b",
        "decomposed": "principal:jose\u0301/k".encode(),
        "version-0": b"a?version=0",
        "two-schemes": b"vault://vault://a",
        "longest": b"global/" + b"k" * 128,
    }


def check(data: bytes) -> None:
    """What parses has one canonical text, which means the same, and is never a scope of the kernel's own."""
    text = data.decode("utf-8", "surrogateescape")
    ref = result(VaultRef.parse, text)
    if ref is not None:
        assert VaultRef.parse(str(ref)) == VaultRef.parse(str(ref).removeprefix("vault://")) == ref
        assert pickle.loads(pickle.dumps(ref)) == ref
        assert VaultRef(ref.scope, ref.key, version=ref.version, field=ref.field) == ref
        assert len(ref.key) <= 128
        assert not {"", ".", ".."} & set(ref.key.split("/"))
        assert not ref.scope.reserved
    scope = result(VaultScope.parse, text)
    if scope is not None:
        assert VaultScope.parse(str(scope)) == VaultScope(scope.kind, *scope.segments) == scope
        assert str(scope) in (text, "global")
        assert not scope.reserved
