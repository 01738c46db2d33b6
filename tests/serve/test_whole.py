"""Everything once: a stranger pairs with a daemon, works over mutual TLS, and is cut off by another process."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import sys
from contextlib import closing, contextmanager

import pytest
from cryptography.hazmat.primitives import serialization as form

from palyra_kernel import SensitiveBytes
from palyra_kernel.access.system import system_principal
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.pairing.codes import parse_pin
from palyra_kernel.identity.pairing.device import Waiting
from tests.identity.pairing_world import Device
from tests.serve.process import running
from tests.serve.world import HELLO, POLL, PROOF
from tests.support import Places

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the daemon is asked over its unix socket")
PASSPHRASE = b"correct horse battery"


class Stranger:
    """A device as its own program: its keys, and one connection to the enrolment listener."""

    def __init__(self, address):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection(address[0], address[1], context=context, timeout=20)
        self.connection.connect()
        assert isinstance(self.connection.sock, ssl.SSLSocket)
        self.seen = hashlib.sha256(self.connection.sock.getpeercert(True) or b"").digest()
        self.key = new_key()
        self.device = Device(request=request_for(self.key))

    def close(self):
        self.connection.close()

    def post(self, path, body):
        self.connection.request("POST", path, body)
        answer = self.connection.getresponse()
        return answer.read()

    def prove(self, code):
        run = self.device.run(code, tls=self.seen)
        offer = self.post(HELLO, run.hello())
        return run.confirm(self.post(PROOF, run.prove(offer)))

    def poll(self, waiting):
        return waiting.read(self.post(POLL, waiting.poll()))

    def client(self, told, folder):
        """TLS with what it was told."""
        chain, key = folder / "device.crt", folder / "device.key"
        chain.write_text("".join(map(ssl.DER_cert_to_PEM_cert, told.certificates)))
        key.write_bytes(
            self.key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        )
        roots = [base64.b64decode(each) for each in json.loads(told.bundle)["roots"]]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=b"".join(roots))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_cert_chain(chain, key)
        return context


@contextmanager
def getting(address, context, path):
    """The answer, as it comes."""
    with closing(
        http.client.HTTPSConnection(address[0], address[1], context=context, timeout=20)
    ) as connection:
        connection.request("GET", path)
        with closing(connection.getresponse()) as answer:
            yield answer


def cut(stream):
    """Whether nothing comes any more, in whichever way a peer sees that."""
    try:
        while stream.readline():
            pass
    except (OSError, http.client.HTTPException):
        pass
    return True


def refused(address, context):
    try:
        with getting(address, context, "/v1/self"):
            return False
    except (OSError, http.client.HTTPException):
        return True


def test_a_device_pairs_works_and_is_cut_off(folder):
    """Hazard H42: a pairing that ends on paper. This one ends with requests over mutual TLS, and a revocation by
    another process with the end of an open stream."""
    places = Places(folder)
    with running(folder) as daemon, places.open(plugins=None) as kernel:
        me = kernel.session(system_principal(), purpose="test")
        me.approvals.set_passphrase(SensitiveBytes(PASSPHRASE))
        with closing(Stranger(daemon.address("enrolment"))) as stranger:
            confirmed = stranger.prove(parse_pin(me.pairing.mint_pin().text))
            waiting = Waiting(confirmed, stranger.device.identity.sign)
            assert stranger.poll(waiting).state == "waiting"
            shown = me.pairing.show(confirmed.run)
            assert (shown.words, shown.device) == (confirmed.words, stranger.device.self.device)
            me.pairing.approve(confirmed.run, passphrase=SensitiveBytes(PASSPHRASE))
            told = stranger.poll(waiting)
        assert told.state == "issued"

        work, context = daemon.address("work"), stranger.client(told, folder)
        with getting(work, context, "/v1/self") as answer:
            assert json.loads(answer.read())["device"] == stranger.device.self.device
        with getting(work, context, "/v1/pairing/hello") as answer:
            assert answer.status == 404
        with getting(work, context, "/v1/events") as stream:
            assert json.loads(stream.readline())["type"] == "hello"
            assert json.loads(stream.readline())["type"] == "bundle"
            me.devices.rotate(stranger.device.self.device)
            assert json.loads(stream.readline())["type"] == "renew"
            me.devices.revoke(stranger.device.self.device, "lost")
            assert cut(stream)
        assert refused(work, context)
        assert daemon.stop() == 0
