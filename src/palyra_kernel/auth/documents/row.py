"""One profile as the registry document has it, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from palyra_kernel.auth.documents.canonical import Suffix, own_reference, reference
from palyra_kernel.auth.documents.fields import Fields, kept, restored
from palyra_kernel.auth.documents.toml import one_line
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.names import CUSTOM, ProfileScope, Provider, profile_id
from palyra_kernel.auth.profile import ApiKey, Credential, FromSource, OAuthLogin, Profile
from palyra_kernel.contracts.oauth import OAuthMetadata
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.decoding import convert
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.secret_ref import SecretRef

MAX_FAILURES = 2**32 - 1
MAX_ERROR_BYTES = 256
_OWNERS = {"agent": "agent_id", "workspace": "workspace_id"}
_SECRETS: tuple[tuple[str, Suffix], ...] = (
    ("api_key_vault_ref", "api_key"),
    ("access_token_vault_ref", "oauth_access_token"),
    ("refresh_token_vault_ref", "oauth_refresh_token"),
    ("client_secret_vault_ref", "oauth_client_secret"),
)
_FIELD = {suffix: field for field, suffix in _SECRETS}

FindAdapter = Callable[[Provider], str]
"""From a provider to the adapter that a profile gets whose document names none."""


class TokenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says of tokens; 0 and empty for nothing. The kernel knows it of its own tokens, so this counts
    only where a profile comes with the tokens that it is about."""

    expires_at_ms: int = 0
    failure_count: int = 0
    last_error: str = ""
    last_attempt_ms: int = 0
    last_success_ms: int = 0
    next_allowed_refresh_ms: int = 0

    @classmethod
    def of(cls, family: Family) -> TokenFacts:
        """What an export says of *family*."""
        return cls(
            expires_at_ms=family.expires_at_ms or 0,
            failure_count=family.refresh_failures,
            last_error=family.last_error,
            last_success_ms=family.last_refresh_ms,
            next_allowed_refresh_ms=family.gate_ms,
        )


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A profile of a document; ``secrets``: where the document says that its secrets are."""

    profile: Profile
    facts: TokenFacts = TokenFacts()
    secrets: Mapping[Suffix, VaultRef] = {}


def read_row(table: object, adapter_of: FindAdapter) -> Row:
    """The profile that *table* means. Raises :class:`InvalidInputError`: this row means none."""
    fields = Fields(table, "a profile")
    name = profile_id(fields.needed("profile_id"))
    provider, more_provider = _provider(fields.table("provider"))
    scope, more_scope = _scope(fields.table("scope"))
    own = fields.table("credential")
    kind = own.needed("type")
    metadata, facts = OAuthMetadata(), TokenFacts()
    more_endpoints = more_state = ""
    if kind == "oauth":
        endpoints, state = own.table("endpoints"), own.table("refresh_state")
        metadata = _metadata(own.needed("token_endpoint"), endpoints)
        facts = _facts(own, state)
        more_endpoints, more_state = endpoints.rest(), state.rest()
    texts, credential = _credential(kind, own, metadata)
    created = fields.number("created_at_unix_ms")
    profile = Profile(
        id=name,
        provider=provider,
        name=fields.needed("profile_name"),
        scope=scope,
        credential=credential,
        adapter=fields.text("adapter") or adapter_of(provider),
        base_url=fields.text("base_url"),
        weight=fields.number("weight") or 1,
        created_at_ms=created,
        updated_at_ms=max(fields.number("updated_at_unix_ms"), created),
        unknown=kept(
            profile=fields.rest(),
            provider=more_provider,
            scope=more_scope,
            credential=own.rest(),
            endpoints=more_endpoints,
            refresh_state=more_state,
        ),
    )
    secrets = {suffix: own_reference(text, profile, suffix) for suffix, text in texts.items()}
    return Row(profile=profile, facts=facts, secrets=secrets)


def _provider(fields: Fields) -> tuple[Provider, str]:
    kind, name = fields.needed("kind").lower(), fields.text("custom_name").lower()
    return Provider(kind, name if kind == CUSTOM else ""), fields.rest()


def _scope(fields: Fields) -> tuple[ProfileScope, str]:
    kind = fields.needed("kind").lower()
    owner = fields.needed(_OWNERS[kind]).lower() if kind in _OWNERS else ""
    return ProfileScope(kind, owner), fields.rest()


def _credential(kind: str, fields: Fields, metadata: OAuthMetadata) -> tuple[dict[Suffix, str], Credential]:
    """Where the secrets are, and the credential."""
    if kind == "api_key":
        return {"api_key": fields.needed("api_key_vault_ref")}, ApiKey()
    if kind == "source":
        source = fields.take("source")
        if not isinstance(source, dict):
            raise InvalidInputError("invalid_source", "source of a profile is a table: the reference")
        return {}, FromSource(ref=SecretRef.parse(source))
    if kind != "oauth":
        raise InvalidInputError("invalid_type", "a credential is api_key, oauth or source")
    texts: dict[Suffix, str] = {
        "oauth_access_token": fields.needed("access_token_vault_ref"),
        "oauth_refresh_token": fields.needed("refresh_token_vault_ref"),
    }
    if secret := fields.text("client_secret_vault_ref"):
        texts["oauth_client_secret"] = secret
    way = fields.text("client_auth") or ("client_secret_post" if secret else "none")
    if way not in ("none", "client_secret_basic", "client_secret_post") or (way == "none") == bool(secret):
        raise InvalidInputError(
            "invalid_client_auth",
            "client_auth is client_secret_basic or client_secret_post with a client secret, else none",
        )
    login = OAuthLogin(
        metadata=metadata,
        client_id=fields.text("client_id"),
        client_auth=way,  # type: ignore[arg-type]  # one of three
        scopes=fields.texts("scopes"),
    )
    return texts, login


def _metadata(token_endpoint: str, fields: Fields) -> OAuthMetadata:
    names = [name for name in OAuthMetadata.__struct_fields__ if name != "token_endpoint"]
    given = {name: value for name in names if (value := fields.take(name)) is not None}
    try:
        return convert(given | {"token_endpoint": token_endpoint}, OAuthMetadata)
    except msgspec.ValidationError:
        raise InvalidInputError(
            "invalid_endpoints", "the endpoints of a profile are texts, as RFC 8414 names them"
        ) from None


def _facts(own: Fields, state: Fields) -> TokenFacts:
    error = state.text("last_error")
    return TokenFacts(
        expires_at_ms=own.number("expires_at_unix_ms"),
        failure_count=state.number("failure_count", MAX_FAILURES),
        last_error=error.encode()[:MAX_ERROR_BYTES].decode(errors="ignore"),
        last_attempt_ms=state.number("last_attempt_unix_ms"),
        last_success_ms=state.number("last_success_unix_ms"),
        next_allowed_refresh_ms=state.number("next_allowed_refresh_unix_ms"),
    )


def written_row(profile: Profile, facts: TokenFacts) -> dict[str, Any]:
    """The table of *profile*: plain fields first, then what is unknown, then the tables in it."""
    unknown = profile.unknown
    plain: dict[str, Any] = {
        "profile_id": profile.id,
        "profile_name": profile.name,
        "created_at_unix_ms": profile.created_at_ms,
        "updated_at_unix_ms": profile.updated_at_ms,
        "adapter": profile.adapter or None,
        "base_url": profile.base_url or None,
        "weight": profile.weight if profile.weight != 1 else None,
    }
    provider = {"kind": profile.provider.kind, "custom_name": profile.provider.custom_name or None}
    scope = {"kind": profile.scope.kind, _OWNERS.get(profile.scope.kind, ""): profile.scope.id or None}
    return {
        **_present(plain),
        **restored(unknown, "profile"),
        "provider": _present(provider) | restored(unknown, "provider"),
        "scope": _present(scope) | restored(unknown, "scope"),
        "credential": _written_credential(profile, facts),
    }


def _written_credential(profile: Profile, facts: TokenFacts) -> dict[str, Any]:
    unknown, credential = profile.unknown, profile.credential
    fields: dict[str, Any] = {"type": profile.kind}
    tables: dict[str, Any] = {}
    if isinstance(credential, FromSource):
        fields["source"] = one_line(msgspec.to_builtins(credential.ref))
    elif isinstance(credential, OAuthLogin):
        suffixes: tuple[Suffix, ...] = ("oauth_access_token", "oauth_refresh_token")
        suffixes += ("oauth_client_secret",) if credential.client_secret else ()
        fields |= {_FIELD[suffix]: reference(profile.id, profile.scope, suffix) for suffix in suffixes}
        fields |= {
            "token_endpoint": credential.metadata.token_endpoint,
            "client_id": credential.client_id or None,
            "client_auth": credential.client_auth
            if credential.client_auth == "client_secret_basic"
            else None,
            "scopes": list(credential.scopes),
            "expires_at_unix_ms": facts.expires_at_ms or None,
        }
        endpoints = _written_metadata(credential.metadata) | restored(unknown, "endpoints")
        tables = {"endpoints": endpoints} if endpoints else {}
        tables["refresh_state"] = _written_facts(facts) | restored(unknown, "refresh_state")
    else:
        fields[_FIELD["api_key"]] = reference(profile.id, profile.scope, "api_key")
    return _present(fields) | restored(unknown, "credential") | tables


def _written_metadata(metadata: OAuthMetadata) -> dict[str, Any]:
    usual = msgspec.to_builtins(OAuthMetadata())
    return {
        name: one_line(value)
        for name, value in msgspec.to_builtins(metadata).items()
        if name != "token_endpoint" and value != usual[name]
    }


def _written_facts(facts: TokenFacts) -> dict[str, Any]:
    fields = {
        "last_error": facts.last_error or None,
        "last_attempt_unix_ms": facts.last_attempt_ms or None,
        "last_success_unix_ms": facts.last_success_ms or None,
        "next_allowed_refresh_unix_ms": facts.next_allowed_refresh_ms or None,
    }
    return {"failure_count": facts.failure_count} | _present(fields)


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
