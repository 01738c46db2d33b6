"""What the options of a login ask for: a profile as it is to be, and how to get there."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec.structs import replace

from palyra_kernel.auth.login.api_key import MAX_KEY_BYTES
from palyra_kernel.auth.login.attempt import Wanted
from palyra_kernel.auth.names import ProfileScope, Provider, made_profile_id, profile_id
from palyra_kernel.auth.profile import ApiKey, Credential, FromSource, OAuthLogin, Profile
from palyra_kernel.cli.context import ask_hidden, on_terminal
from palyra_kernel.cli.files import read_bounded
from palyra_kernel.contracts.oauth import ClientAuth, OAuthMetadata
from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes

if TYPE_CHECKING:
    from palyra_kernel import Kernel
    from palyra_kernel.session import Session
    from palyra_kernel.session.auth_logins import SessionLogins

_STANDARD = "oidc"
_OWN_WAYS = ("openai", "anthropic")
"""Providers whose credentials nobody should present who does not know them."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``palyra auth login``."""

    provider: str | None
    device: bool
    paste: bool
    opens: bool
    api_key_stdin: bool
    no_check: bool
    source: str | None
    issuer: str | None
    client_id: str | None
    client_secret_stdin: bool
    client_auth: str
    scopes: tuple[str, ...]
    id: str | None
    name: str | None
    scope: str
    use: bool
    redirect: str
    timeout: int

    def check(self) -> None:
        """Refuse what does not go together. Raises click's :class:`UsageError`."""
        if self.provider is None and self.id is None:
            raise click.UsageError("log in at whom? name a PROVIDER, or with --id a profile")
        ways = {
            "--device": self.device,
            "--paste": self.paste,
            "--api-key-stdin": self.api_key_stdin,
            "--source": self.source is not None,
        }
        given = [name for name, said in ways.items() if said]
        if len(given) > 1:
            raise click.UsageError(f"{' and '.join(given)}: choose one")
        keyed = self.api_key_stdin or self.source is not None
        if keyed and (self.issuer or self.client_id or self.client_secret_stdin or self.scopes or self.opens):
            raise click.UsageError("a key has no issuer, client, scopes or browser")
        if self.no_check and not self.api_key_stdin and self.id is None:
            raise click.UsageError("--no-check goes with --api-key-stdin")

    def wanted(self, kernel: Kernel, session: Session) -> Wanted:
        """The profile: the one of ``--id`` again, or a new one."""
        found = self._found(session)
        profile = self._new(kernel) if found is None else self._again(found)
        return Wanted(profile=profile, default=self.use)

    def _found(self, session: Session) -> Profile | None:
        if self.id is None:
            return None
        name = profile_id(self.id)
        try:
            found = session.auth.show(name)
        except NotFoundError:
            if self.provider is None:
                raise
            return None
        if self.provider is not None and Provider.parse(self.provider) != found.provider:
            raise InvalidInputError(
                "other_provider", f"the profile {name} is of {found.provider}", hint="take another --id"
            )
        return found

    def _new(self, kernel: Kernel) -> Profile:
        provider = Provider.parse(self.provider or "")
        adapter = _adapter(provider, kernel.plugins.registry.oauth_adapters)
        credential = self._credential()
        if isinstance(credential, OAuthLogin) and self.issuer is not None:
            adapter = _STANDARD
        if isinstance(credential, OAuthLogin) and not adapter:
            raise InvalidInputError(
                "no_issuer",
                f"nobody here knows where to log in at {provider}",
                hint="--issuer URL; for a key: --api-key-stdin",
            )
        name = self.name or provider.label
        return Profile(
            id=self.id or made_profile_id(name),
            provider=provider,
            name=name,
            scope=ProfileScope.parse(self.scope),
            credential=credential,
            adapter=adapter,
        )

    def _credential(self) -> Credential:
        if self.source is not None:
            return FromSource(ref=SecretRef.parse(self.source))
        if self.api_key_stdin:
            return ApiKey()
        return OAuthLogin(
            metadata=OAuthMetadata(issuer=self.issuer or ""),
            client_id=self.client_id or "",
            client_auth=self._client_auth(),
            scopes=self.scopes,
        )

    def _client_auth(self) -> ClientAuth:
        if not self.client_secret_stdin:
            return "none"
        return "client_secret_post" if self.client_auth == "post" else "client_secret_basic"

    def _again(self, old: Profile) -> Profile:
        """*old*, with what the options say otherwise."""
        credential = old.credential
        if self.api_key_stdin and not isinstance(credential, ApiKey):
            raise InvalidInputError(
                "not_api_key", f"the profile {old.id} holds no API key", hint="take another --id"
            )
        if self.source is not None:
            credential = FromSource(ref=SecretRef.parse(self.source))
        if isinstance(credential, OAuthLogin):
            said: dict[str, Any] = {"client_id": self.client_id, "scopes": self.scopes or None}
            if self.client_secret_stdin:
                said["client_auth"] = self._client_auth()
            if self.issuer is not None:
                said["metadata"] = OAuthMetadata(issuer=self.issuer)
            credential = replace(
                credential, **{name: value for name, value in said.items() if value is not None}
            )
        elif self.device or self.paste or self.issuer or self.client_id or self.client_secret_stdin:
            raise InvalidInputError(
                "not_oauth", f"the profile {old.id} is no login", hint="take another --id"
            )
        return replace(old, credential=credential, name=self.name or old.name)


def _adapter(provider: Provider, offers: Collection[str]) -> str:
    """Who knows *provider*: an enabled plugin, or for two of them one that has to be; for others the standards do."""
    return provider.label if provider.label in offers or provider.kind in _OWN_WAYS else ""


def with_endpoints(logins: SessionLogins, wanted: Wanted) -> Wanted:
    """*wanted*, with the endpoints of its issuer as they are now."""
    return replace(wanted, profile=logins.find_endpoints(wanted.profile))


def key_from_input(what: str) -> SensitiveBytes:
    """A secret from standard input, or from somebody who types it unseen. Raises :class:`InvalidInputError`
    ``no_input``, ``value_too_large``."""
    if on_terminal():
        return ask_hidden(what)
    if sys.stdin is None:
        raise InvalidInputError("no_input", "standard input is closed")
    data = bytearray(read_bounded(sys.stdin.buffer, MAX_KEY_BYTES, what="a key"))
    stripped = data.rstrip(b"\r\n")
    if not stripped:
        raise InvalidInputError("no_input", f"{what}: standard input is empty")
    return SensitiveBytes(stripped)
