"""Token sets and keys: one envelope a profile in the kernel's own scope, and what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Self

import msgspec

from palyra_kernel.auth.family import Family
from palyra_kernel.contracts.oauth import TokenReply
from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.records import Change
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.digest import sha256
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault
from palyra_kernel.vault.objects import Value

SCOPE = VaultScope.kernel("auth")
Part = Literal["tokens", "key", "client"]
"""``tokens``: the token set of a login; ``key``: an API key; ``client``: the secret of an OAuth client."""
PARTS: tuple[Part, ...] = ("tokens", "key", "client")
_FORMAT = 1
_NAME_DIGITS = 32


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    login: str
    generation: int
    access_token: str
    refresh_token: str | None = None


class TokenSet:
    """The tokens of one generation of a family. Use it in a ``with`` block, or :meth:`wipe` it."""

    __slots__ = ("access_token", "generation", "login", "refresh_token")

    def __init__(
        self,
        login: str,
        generation: int,
        access_token: SensitiveBytes,
        refresh_token: SensitiveBytes | None = None,
    ) -> None:
        self.login = login
        self.generation = generation
        self.access_token = access_token
        self.refresh_token = refresh_token

    @classmethod
    def successor(cls, old: TokenSet, reply: TokenReply) -> TokenSet:
        """The set after *old*: an issuer that names no new refresh token lets the old one live (RFC 6749, 6)."""
        refresh = reply.refresh_token
        if refresh is None and old.refresh_token is not None:
            refresh = SensitiveBytes(old.refresh_token.view())
        return cls(old.login, old.generation + 1, reply.access_token, refresh)

    def of(self, family: Family) -> bool:
        """Whether *family* is about exactly this set."""
        return (self.login, self.generation) == (family.login, family.generation)

    def wipe(self) -> None:
        """Overwrite both tokens."""
        self.access_token.wipe()
        if self.refresh_token is not None:
            self.refresh_token.wipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return f"<TokenSet generation {self.generation}: redacted>"


class Tokens:
    """Reads and writes the secrets of profiles. *vault* keeps one version of each: an older refresh token is spent."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def ref(self, part: Part, id: str) -> VaultRef:
        """Where *part* of the profile *id* is: the same under every root key, and no id is too long for it."""
        return VaultRef(SCOPE, f"{part}/{sha256(id.encode()).hex()[:_NAME_DIGITS]}")

    def read(self, id: str) -> TokenSet:
        """The token set of the profile *id*. Raises :class:`NotFoundError` ``tokens_missing``,
        :class:`IntegrityError` ``tokens_damaged``."""
        with self.value("tokens", id) as secret:
            try:
                found = decode_json(secret.view(), _Document)
            except (msgspec.DecodeError, UnicodeDecodeError):
                found = None
        if found is None or found.format != _FORMAT:
            raise IntegrityError("tokens_damaged", f"the token set of {id} is damaged", hint="log in again")
        refresh = found.refresh_token
        return TokenSet(
            found.login,
            found.generation,
            SensitiveBytes(found.access_token.encode()),
            None if refresh is None else SensitiveBytes(refresh.encode()),
        )

    def value(self, part: Part, id: str) -> SensitiveBytes:
        """A secret of the profile *id*. Raises :class:`NotFoundError` ``tokens_missing``."""
        try:
            return self._vault.get(self.ref(part, id))
        except NotFoundError:
            raise NotFoundError(
                "tokens_missing", f"the profile {id} has no credential", hint=f"palyra auth login --id {id}"
            ) from None

    def present(self, part: Part, id: str) -> bool:
        """Whether *part* of the profile *id* is there, from the index of the vault: nothing is opened."""
        try:
            self._vault.check(self.ref(part, id))
        except NotFoundError:
            return False
        return True

    def store(
        self, id: str, values: Mapping[Part, SensitiveBytes | TokenSet], beside: Callable[[], Change]
    ) -> None:
        """Store *values* and what *beside* plans in one commit; it is planned again where somebody else was first.
        An error that *beside* raises, and is no :class:`ConflictError`, stops it; nothing was changed then."""
        encoded: dict[str | VaultRef, Value] = {
            self.ref(part, id): _encoded(value) for part, value in values.items()
        }
        try:
            self._vault.beside(lambda _: beside()).put_many(encoded)
        finally:
            for buffer in encoded.values():
                if isinstance(buffer, SensitiveBytes):
                    buffer.wipe()

    def erase(self, id: str, *parts: Part) -> None:
        """Destroy *parts* of the profile *id*, names and history included; what is not there is fine."""
        for part in parts:
            try:
                self._vault.destroy(self.ref(part, id))
            except NotFoundError:
                continue


def _encoded(value: SensitiveBytes | TokenSet) -> SensitiveBytes:
    if isinstance(value, SensitiveBytes):
        return SensitiveBytes(value.view())
    refresh = value.refresh_token
    document = _Document(
        format=_FORMAT,
        login=value.login,
        generation=value.generation,
        access_token=value.access_token.reveal().decode(),
        refresh_token=None if refresh is None else refresh.reveal().decode(),
    )
    buffer = bytearray()
    msgspec.json.Encoder().encode_into(document, buffer)
    return SensitiveBytes.adopt(buffer)
