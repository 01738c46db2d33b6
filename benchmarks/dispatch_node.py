"""A node of :mod:`benchmarks.dispatch_tls`: takes leases over a stream, answers over another connection."""

from __future__ import annotations

import json
import ssl
import sys
from pathlib import Path
from time import perf_counter

from tests.daemon.client import Wire
from tests.daemon.nodes.world import Stream


def main(port: str, chain: str, key: str, roots: str) -> None:
    """Answer until the gateway ends it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=Path(roots).read_bytes())
    context.load_cert_chain(chain, key)
    stream, wire = Stream(Wire(int(port), context)), Wire(int(port), context)
    stream.wire.socket.settimeout(None)
    print(json.dumps("ready"), flush=True)
    while True:
        line = stream.next("lease")
        print(json.dumps(perf_counter()), flush=True)
        lease = line["lease"]
        for state in ("acknowledged", "running", "succeeded"):
            said = {"holder": lease["holder"], "state": state}
            if state == "succeeded":
                said["output"] = line["input"]
            body = json.dumps(said).encode()
            head = f"POST /v1/node/leases/{lease['id']} HTTP/1.1\r\nhost: localhost\r\n"
            wire.send(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            if wire.answer()[0] != 200:
                raise RuntimeError("the wrong thing is measured")


if __name__ == "__main__":
    main(*sys.argv[1:])
