"""The certificates that servers of this gateway show: renewed after two thirds of their life, key and all."""

from __future__ import annotations

import re

import msgspec

from palyra_kernel.errors import IntegrityError, InvalidInputError, NotFoundError
from palyra_kernel.identity.ca.authority import Authority
from palyra_kernel.identity.ca.documents import AUTHORITY, IDENTITY_CA, Server
from palyra_kernel.identity.ca.secrets import SCOPE
from palyra_kernel.identity.certificates import profiles
from palyra_kernel.identity.certificates.hosts import Hosts
from palyra_kernel.identity.certificates.keys import key_id, new_key, packed, unpacked
from palyra_kernel.identity.certificates.times import renew_ms
from palyra_kernel.identity.events import SILENT, Tell
from palyra_kernel.records import Change
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ATTEMPTS = 8


class ServerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener needs. ``chain``: DER, the leaf first; ``key``: PKCS #8 in DER. The caller wipes it."""

    chain: tuple[bytes, ...]
    key: SensitiveBytes
    begin_ms: int
    end_ms: int

    @property
    def renew_ms(self) -> int:
        """When the next one is due."""
        return renew_ms(self.begin_ms, self.end_ms)


class Servers:
    """Reads and renews them. *vault* keeps one version of each secret: an old key is of no use to anybody."""

    def __init__(
        self, authority: Authority, vault: Vault, *, leaf_ms: int = profiles.LEAF_MS, tell: Tell = SILENT
    ) -> None:
        self._authority = authority
        self._tell = tell
        self._vault = vault
        self._leaf_ms = leaf_ms

    def identity(self, name: str, hosts: Hosts) -> ServerIdentity:
        """What the server *name*, which is reached as *hosts*, shows now; renewed first if that is due: after two
        thirds of its life, for other hosts, or when another CA signs.

        Raises :class:`InvalidInputError` ``invalid_server_name``, and what :class:`Authority` raises.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidInputError("invalid_server_name", "a server is called 1 to 32 of a-z 0-9 -")
        for _ in range(_ATTEMPTS):
            server = self._read(name)[1]
            if server is None or self._is_due(server, hosts):
                self._renew(name, hosts)
                continue
            found = self._opened(server)
            if found is not None:
                return found
        raise IntegrityError(
            "server_key_mismatch",
            f"the key of the server {name} is not that of its certificate",
            hint="restore the state root from a backup",
        )

    def all(self) -> list[Server]:
        """What every server of this gateway showed last, by name."""
        return sorted(self._authority.documents.all(Server), key=lambda server: server.name)

    def _is_due(self, server: Server, hosts: Hosts) -> bool:
        if (server.dns, server.addresses) != (hosts.dns, hosts.addresses):
            return True
        if server.issuer != self._authority.state().signing.id:
            return True
        now = self._authority.clock.now_ms()
        return not server.begin_ms <= now < renew_ms(server.begin_ms, server.end_ms)

    def _opened(self, server: Server) -> ServerIdentity | None:
        """None if it was renewed between the reading of its record and that of its key."""
        try:
            secret = self._vault.get(_ref(server.name))
        except NotFoundError:
            return None
        if key_id(unpacked(secret).public_key()) != server.key:
            secret.wipe()
            return None
        return ServerIdentity(chain=server.chain, key=secret, begin_ms=server.begin_ms, end_ms=server.end_ms)

    def _renew(self, name: str, hosts: Hosts) -> None:
        """A new key and its certificate, in one commit with the log; unless another process was first."""
        key = new_key()
        first = self._read(name)[0]

        def plan() -> Change:
            version = self._read(name)[0]
            if version != first:
                raise _RenewedMeanwhileError
            change = Change()
            at, state, signer = self._authority.signing()
            change.check(AUTHORITY, at)
            now = self._authority.clock.now_ms()
            leaf = profiles.server_leaf(
                key.public_key(), signer, hosts=hosts, now_ms=now, life_ms=self._leaf_ms
            )
            issued = self._authority.plan_issued(change, state, f"server:{name}", leaf, now)
            server = Server(
                name=name,
                dns=hosts.dns,
                addresses=hosts.addresses,
                chain=issued.chain,
                key=key_id(key.public_key()),
                issuer=state.signing.id,
                begin_ms=issued.begin_ms,
                end_ms=issued.end_ms,
            )
            self._authority.documents.plan(change, _key(name), version, server)
            details = {"server": name, "serial": issued.entry.serial}
            change.merge(self._tell("ca.server_certificate", details=details))
            return change

        try:
            with packed(key) as secret:
                self._vault.beside(lambda _: plan()).put(_ref(name), secret)
        except _RenewedMeanwhileError:
            return

    def _read(self, name: str) -> tuple[int, Server | None]:
        return self._authority.documents.read(_key(name), Server)


class _RenewedMeanwhileError(Exception):
    """Another process renewed it."""


def _key(name: str) -> bytes:
    return IDENTITY_CA.key(f"server/{name}")


def _ref(name: str) -> VaultRef:
    return VaultRef(SCOPE, f"server/{name}")
