"""Somebody between a device and its gateway, who has a certificate of their own."""

from __future__ import annotations

import socket
import ssl
import threading

from palyra_kernel.identity.certificates import profiles
from palyra_kernel.identity.certificates.building import Signer
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keyfile import load_chain
from palyra_kernel.identity.certificates.keys import new_key, packed
from palyra_kernel.values.ids import now_ms
from tests.identity.making import Ca, der


class Between:
    """Ends TLS with a certificate of its own and passes everything on: a proxy that the device does not know of."""

    def __init__(self, context, port):
        self._context, self._port = context, port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._socket.getsockname()[1]}"
        self.heard = bytearray()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                raw, _ = self._socket.accept()
                near = self._context.wrap_socket(raw, server_side=True)
            except OSError:
                if self._socket.fileno() < 0:
                    return
                continue
            trusting = ssl.create_default_context()
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            far = trusting.wrap_socket(socket.create_connection(("127.0.0.1", self._port)))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one, other):
        try:
            while data := one.recv(65536):
                self.heard += data
                other.sendall(data)
        except OSError:
            pass
        finally:
            for each in (one, other):
                each.close()

    def close(self):
        self._socket.close()


def self_signed():
    return _server(Ca().root)


def another_gateways():
    ca = Ca(now_ms())
    key = new_key()
    leaf = profiles.server_leaf(key.public_key(), ca.issuing, hosts=Hosts.of(["127.0.0.1"]), now_ms=ca.now_ms)
    return _server(Signer(leaf, key))


def _server(signer):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_chain(context, [der(signer.certificate)], packed(signer.key))
    return context
