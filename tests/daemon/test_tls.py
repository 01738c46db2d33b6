"""What a door shows, and how its key gets there."""

import os
import ssl
import sys
import tempfile
from pathlib import Path

import pytest

from palyra_kernel.daemon.tls import Contexts, ServerContext
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.identity.certificates import keyfile
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.values.digest import sha256
from tests.daemon.gateway import HOSTS


def shaken(server, client):
    """Shake hands in memory; what the server showed."""
    (to_server, to_client) = (ssl.MemoryBIO(), ssl.MemoryBIO())
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return theirs.getpeercert(binary_form=True)


def test_a_context_is_of_tls_1_3_and_resumes_nothing(gateway):
    """Hazard H24: the defaults are TLS 1.2 and two tickets."""
    identity = gateway.identity.servers.identity("work", HOSTS)
    for clients, mode in (
        ([], ssl.CERT_NONE),
        (gateway.identity.authority.bundle().roots, ssl.CERT_REQUIRED),
    ):
        made = ServerContext.of(identity, clients or None)
        assert made.minimum_version == made.maximum_version == ssl.TLSVersion.TLSv1_3
        assert made.num_tickets == 0
        assert made.options & ssl.OP_NO_TICKET
        assert made.verify_flags & ssl.VERIFY_X509_STRICT
        assert made.verify_mode == mode


@pytest.mark.parametrize("memory", [True, False], ids=["memory", "encrypted"])
def test_the_key_is_never_a_clear_file(gateway, tmp_path, monkeypatch, memory):
    """Hazard H35: the raw key lay beside the data."""
    if memory and sys.platform != "linux":
        pytest.skip("files without a name are Linux's")
    if not memory:
        monkeypatch.setattr(keyfile, "_load_from_memory", lambda *_: False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    seen = []
    load = ServerContext.load_cert_chain

    def spying(self, path, **options):
        if not memory:
            assert Path(path).stat().st_mode & 0o077 == 0 or sys.platform == "win32"
        seen.append((os.fspath(path), Path(path).read_bytes()))
        load(self, path, **options)

    monkeypatch.setattr(ServerContext, "load_cert_chain", spying)
    identity = gateway.identity.servers.identity("work", HOSTS)
    context = ServerContext.of(identity, None)
    ((path, content),) = seen
    assert path.startswith("/proc/self/fd/") == memory
    assert (b"BEGIN PRIVATE KEY" in content, b"ENCRYPTED PRIVATE KEY" in content) == (memory, not memory)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert shaken(context, gateway.client(None, tmp_path)) == identity.chain[0]
    assert context.leaf_hash == sha256(identity.chain[0])


def test_a_system_without_memory_files_gets_the_other_way(gateway, tmp_path, monkeypatch):
    """In some sandboxes there is no such call, or no ``/proc``."""
    if sys.platform != "linux":
        pytest.skip("files without a name are Linux's")
    identity = gateway.identity.servers.identity("work", HOSTS)

    def missing(*_):
        raise OSError(38, "Function not implemented")

    for target, name, stand_in in ((os, "memfd_create", missing), (os, "access", lambda *_: False)):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, stand_in)
            context = ServerContext.of(identity, None)
        assert shaken(context, gateway.client(None, tmp_path)) == identity.chain[0]


def test_a_context_follows_the_gateway(gateway):
    """Hazards H19, H20: what a server showed, and whom it trusted, was that of its start."""
    identity = gateway.identity
    contexts = Contexts(identity.authority, identity.servers, "work", HOSTS, devices=True)
    assert not contexts.refresh()
    shown = {contexts.current.leaf_hash}
    for change in (
        identity.authority.rotate,
        identity.authority.rotate_emergency,
        lambda: contexts.serve(Hosts.of(["localhost", "gateway.test"])),
    ):
        change()
        assert contexts.refresh()
        assert not contexts.refresh()
        shown.add(contexts.current.leaf_hash)
    roots = contexts.current.get_ca_certs(binary_form=True)
    assert identity.authority.bundle().roots[0] in roots
    assert len(shown) == 4


def test_what_cannot_be_renewed_is_used_on(gateway, monkeypatch):
    """Hazard H33: memory was ahead of the disk behind a failure."""
    identity = gateway.identity
    contexts = Contexts(identity.authority, identity.servers, "work", HOSTS, devices=True)
    before = contexts.current
    identity.authority.rotate()

    def full(*_):
        raise UnavailableError("disk_full", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(identity.servers, "identity", full)
        with pytest.raises(PalyraError):
            contexts.refresh()
    assert contexts.current is before
    assert contexts.refresh()
    assert contexts.current is not before
