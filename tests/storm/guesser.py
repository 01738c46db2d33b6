"""``python -m tests.storm.guesser PORT CODE PIN RUNS THREADS FIRST``: so many runs with the code at once, each with
another PIN than PIN, from an address of its own; prints what came of them, as JSON."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from palyra_kernel.errors import DeniedError
from palyra_kernel.identity.pairing.codes import Scanned
from palyra_kernel.identity.pairing.messages import REFUSED
from palyra_kernel.values.digest import sha256
from tests.identity.pairing_world import Device

_PATIENCE = 60
"""Seconds that a gateway may be gone before it is given up."""


def guess(port: int, scanned: Scanned, number: int, device: Device) -> str:
    """One run from 127.1.x.y: ``offered`` if there was a share to try the guess against, ``refused`` if not."""
    source = f"127.1.{number // 250 % 250}.{number % 250 + 1}"
    ends = time.monotonic() + _PATIENCE
    while True:
        try:
            return _run(port, scanned, source, device)
        except (OSError, http.client.HTTPException):  # it was killed
            if time.monotonic() > ends:
                return "lost"
            time.sleep(1)


def _run(port: int, scanned: Scanned, source: str, device: Device) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port, timeout=_PATIENCE, source_address=(source, 0), context=context
    )
    try:
        connection.connect()
        shown = connection.sock.getpeercert(binary_form=True) or b""
        run = device.run(scanned, sha256(shown))
        offer = _said(connection, "hello", run.hello())
        if offer == REFUSED:
            return "refused"
        accepted = _said(connection, "proof", run.prove(offer))
        try:
            run.confirm(accepted)
        except DeniedError:
            return "offered"
        return "won"
    finally:
        connection.close()


def _said(connection: http.client.HTTPSConnection, verb: str, message: bytes) -> bytes:
    connection.request("POST", f"/v1/pairing/{verb}", message, {"content-type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise http.client.HTTPException(response.status)
    return body


def main(port: str, code: str, pin: str, runs: str, threads: str, first: str) -> None:
    """Guess in all threads at once."""
    device = Device()

    def one(number: int) -> str:
        other = (int(pin) + 1 + number) % 1_000_000
        return guess(int(port), Scanned("pin", code, b"%06d" % other), int(first) + number, device)

    with ThreadPoolExecutor(int(threads)) as pool:
        print(json.dumps(Counter(pool.map(one, range(int(runs))))))


if __name__ == "__main__":
    main(*sys.argv[1:])
