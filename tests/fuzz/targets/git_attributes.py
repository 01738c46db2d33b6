"""What git says to its credential helper."""

import io

from palyra_kernel.cli.credential.git_protocol import Credential, place_of, read_attributes, written
from tests.fuzz.oracles import result

JSON = False
_LIMIT = 4096


def seeds():
    return {
        "get": b"protocol=https\nhost=example.org\n\n",
        "store": b"protocol=https\nhost=example.org:8443\nusername=alice\npassword=a=b\n",
        "path": b"protocol=cert\nhost=\npath=/etc/key.pem\n",
        "later": b"capability[]=authtype\nwwwauth[]=Basic\npassword_expiry_utc=1\noauth_refresh_token=x\n",
        "no-equals": b"protocol=https\nhost\n",
        "injected": b"protocol=https\nhost=a\rb\0c\n",
        "not-utf8": b"username=\xff\n",
        "not-ascii": "host=bücher.example\nprotocol=https\n".encode(),
    }


def check(data: bytes) -> None:
    """At most one byte more than allowed is read; what is understood is text of one line, is said again as it was
    understood, and means one place."""
    stream = io.BytesIO(data)
    attributes = result(read_attributes, stream, _LIMIT)
    assert stream.tell() <= _LIMIT + 1
    if attributes is None:
        return
    assert set("\n\r\0").isdisjoint("".join(attributes.values()))
    said = "".join(f"{name}={value}\n" for name, value in attributes.items()).encode()
    assert said.count(b"\n") == len(attributes)
    assert read_attributes(io.BytesIO(said), len(said)) == attributes
    place = result(place_of, attributes)
    if place is not None:
        protocol, _, rest = place.partition("://")
        host, _, path = rest.partition("/")
        asked = (attributes["protocol"], attributes["host"], attributes.get("path", ""))
        assert (protocol, host, path) == asked
    answer = Credential(attributes.get("username", ""), attributes.get("password", ""))
    assert written(answer).count(b"\n") == 2
