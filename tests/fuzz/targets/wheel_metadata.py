"""METADATA, ``entry_points.txt`` and ``direct_url.json`` of a plugin's distribution."""

import email
import email.policy

from palyra_kernel.plugins.distribution import read_distribution
from tests.fuzz.oracles import result, written

JSON = True

_FILES = ("METADATA", "entry_points.txt", "direct_url.json")
_METADATA = (
    b"Metadata-Version: 2.4\nName: acme\nVersion: 1.0\nRequires-Dist: palyra-kernel<0.2,>=0.1\n\ntext\n"
)


def seeds():
    return {
        "metadata": _METADATA,
        "folded": _METADATA.replace(b"Name: acme", b"Description: a\n  b\n\tc\nName: acme"),
        "crlf": _METADATA.replace(b"\n", b"\r\n"),
        "nul-name": _METADATA.replace(b"Metadata-Version", b"Metadata\0Version"),
        "space-name": _METADATA.replace(b"Name:", b"Name :"),
        "carriage-return": _METADATA.replace(b"Name: acme", b"Name: acme\rName: other"),
        "separator": _METADATA.replace(b"Name: acme", b"Name:\x1dacme"),
        "two-names": _METADATA.replace(b"Version: 1", b"Name: other\nVersion: 1"),
        "no-end": b"Name: acme\nVersion: 1.0\n",
        "no-header": b"Name acme\n\n",
        "points": b"[console_scripts]\nx = y\n\n[palyra.plugins]\n# ours\nacme = acme_store:Store\n",
        "points-twice": b"[palyra.plugins]\na = b\na = c\n",
        "points-unclear": b"[palyra.plugins]\na\n",
        "url": b'{"url": "file:///x", "dir_info": {"editable": true}}',
        "url-plain": b'{"url": "file:///x", "dir_info": {}}',
        "url-deep": b'{"dir_info":' + b"[" * 300,
        "not-utf8": b"Name: \xff\n\n",
    }


def check(data: bytes) -> None:
    """Each file alone beside good ones: what is accepted is readable, and name and version are those that the
    standard library reads."""
    for name in _FILES:
        written(f"{name}/RECORD", b"")
        written(f"{name}/METADATA", _METADATA)
        found = result(read_distribution, written(f"{name}/{name}", data).parent)
        if found is None:
            continue
        assert found.name.isprintable()
        assert found.version.isprintable()
        if name == "METADATA" and data.isascii():
            peer = email.message_from_bytes(data, policy=email.policy.compat32)
            assert (found.name, found.version) == (peer["Name"].strip(" "), peer["Version"].strip(" "))
        assert all(key and value for key, value in found.entry_points.items())
        assert found.record == "editable" or found.record.startswith("sha256:")
