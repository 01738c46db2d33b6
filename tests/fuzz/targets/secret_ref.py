"""References of any scheme: a line of text, or the table that stands in a configuration."""

import msgspec

from palyra_kernel.values.secret_ref import MAX_LINKS, SecretRef
from palyra_kernel.values.targets import decode_path
from tests.fuzz.oracles import result

JSON = True


def seeds():
    return {
        "vault": b'{"ref":"vault://principal:a/k?version=2#/f/0","max_bytes":9}',
        "file": b'{"ref":"file:///run/a%20b#f","trusted_dirs":["/run"],"allow_symlinks":true}',
        "exec": b'{"ref":"exec://op#id","inherited_env":["A"],"cwd":"/","timeout_ms":600000,"first_byte_ms":1}',
        "plugin": b'{"ref":"acme://a?b=c#d","options":{"a":1,"b":true,"c":"d"},"display_name":"x"}',
        "policies": b'{"ref":"env://A","refresh_policy":"per_use","snapshot_policy":"refresh_per_run"}',
        "transforms": b'{"ref":"a","transforms":["strip_newline","base64","hex","json:/a/~1"]}',
        "chain": b'{"ref":"a","fallback":["b",{"ref":"env://C","fallback":["d"]}],"max_stale_seconds":60}',
        "loop": b'{"ref":"a","fallback":["vault://global/a"]}',
        "misspelt": b'{"ref":"a","allow_symlink":true}',
        "word": b'{"ref":"a","refresh_policy":"sometimes"}',
        "escape": b'{"ref":"file:///a%zz"}',
        "text": b'"file:///\xc3\xa9%2Fa#f"',
        "long": b'"file:///' + b"%C3%A9" * 2047 + b'"',
    }


def check(data: bytes) -> None:
    """A table or a text is a reference with one canonical form, or an error of ours."""
    try:
        given = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        given = data.decode("utf-8", "surrogateescape")
    ref = result(SecretRef.parse, given)
    if ref is None:
        return
    plain = msgspec.to_builtins(ref)
    assert SecretRef.parse(plain) == SecretRef(**plain) == ref
    assert msgspec.to_builtins(SecretRef.parse(plain)) == plain
    assert SecretRef.parse(str(ref)).ref == ref.ref
    assert SecretRef.parse(ref.unlabelled).unlabelled == ref.unlabelled
    assert len({link.ref for link in ref.chain}) == len(ref.chain) <= MAX_LINKS
    assert 1 <= ref.max_bytes <= 2**24
    for link in ref.chain:
        if link.scheme == "file":
            assert not {"", ".", ".."} & set(decode_path(link.target)[1:].split("/"))
