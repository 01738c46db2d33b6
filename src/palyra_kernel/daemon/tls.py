"""The TLS of a door: version 1.3 alone, nothing resumed, and what it shows and whom it trusts, as of now."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Self

from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.identity.ca.servers import ServerIdentity, Servers
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keyfile import load_chain
from palyra_kernel.values.digest import sha256

ALPN = ("h2", "http/1.1")


class ServerContext(ssl.SSLContext):
    """One for each certificate that a server shows and each set of CAs; never changed, since nothing can be taken out
    of a context again. ``leaf_hash``: SHA-256 of the certificate shown (DER)."""

    leaf_hash: bytes

    @classmethod
    def of(cls, identity: ServerIdentity, clients: Iterable[bytes] | None) -> Self:
        """Shows *identity*. *clients*: the CAs (DER) that must have signed the certificates of those who connect;
        None: they are not asked for any."""
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.verify_flags = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_TRUSTED_FIRST
        context.set_alpn_protocols(list(ALPN))
        if clients is not None:
            context.load_verify_locations(cadata=b"".join(clients))
            context.verify_mode = ssl.CERT_REQUIRED
        load_chain(context, identity.chain, identity.key)
        context.leaf_hash = sha256(identity.chain[0])
        return context


class Contexts:
    """The context that a door uses for its next connection. What is connected keeps the one that it came by.

    *name* and *hosts* are those of :meth:`Servers.identity`; *devices*: whether peers must show a certificate of one.
    Blocking, and for one thread; :attr:`current` is for any.
    """

    def __init__(
        self, authority: Authority, servers: Servers, name: str, hosts: Hosts, *, devices: bool
    ) -> None:
        self._authority = authority
        self._servers = servers
        self._name = name
        self._hosts = hosts
        self._devices = devices
        self._made_of: tuple[int, str, Hosts] | None = None
        self._renew_ms = 0
        self.end_ms = 0
        """When the certificate that is shown expires."""
        self.current = self._make()

    def serve(self, hosts: Hosts) -> None:
        """Be reached as *hosts* from the next :meth:`refresh` on."""
        self._hosts = hosts

    def refresh(self) -> bool:
        """Make another context if the certificate is due, or if other CAs count than did; return whether it was. The
        old one stays if that fails. Raises as :meth:`Servers.identity` does."""
        now = self._authority.clock.now_ms()
        if self._made_of == self._wanted() and now < self._renew_ms:
            return False
        self.current = self._make()
        return True

    def _wanted(self) -> tuple[int, str, Hosts]:
        state = self._authority.state()
        return state.bundle, state.signing.id, self._hosts

    def _make(self) -> ServerContext:
        wanted = self._wanted()  # first: what changes behind it is found by the next refresh
        identity = self._servers.identity(self._name, self._hosts)
        bundle = self._authority.bundle()
        try:
            context = ServerContext.of(identity, (*bundle.roots, *bundle.issuing) if self._devices else None)
        finally:
            identity.key.wipe()
        self._made_of, self._renew_ms, self.end_ms = wanted, identity.renew_ms, identity.end_ms
        return context
