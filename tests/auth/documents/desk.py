"""An open vault, somebody who manages its profiles, and documents as they come from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import tomlkit

from palyra_kernel import Kernel
from palyra_kernel.auth.service import AuthProfiles
from tests.session.house import ME


def ref(id: str, suffix: str, scope: str = "global", slug: str = "openai") -> str:
    """Where the documents say that a secret of the profile *id* is."""
    digest = hashlib.sha256(id.encode()).hexdigest()[:16]
    return f"{scope}/auth_{slug}_{digest}_{suffix}"


def key_row(id: str = "main", **more: Any) -> dict[str, Any]:
    """A profile with an API key, as elsewhere it is written."""
    row: dict[str, Any] = {
        "profile_id": id,
        "profile_name": id.title(),
        "created_at_unix_ms": 1_700_000_000_000,
        "updated_at_unix_ms": 1_700_000_000_500,
        "provider": {"kind": "openai"},
        "scope": {"kind": "global"},
        "credential": {"type": "api_key", "api_key_vault_ref": ref(id, "api_key")},
    }
    return merged(row, more)


def oauth_row(id: str = "work", endpoint: str = "https://auth.example/token", **more: Any) -> dict[str, Any]:
    """A login at a provider, as elsewhere it is written."""
    credential = {
        "type": "oauth",
        "access_token_vault_ref": ref(id, "oauth_access_token", slug="acme"),
        "refresh_token_vault_ref": ref(id, "oauth_refresh_token", slug="acme"),
        "token_endpoint": endpoint,
        "client_id": "palyra-tests",
        "scopes": ["read", "Mail.Read"],
        "refresh_state": {"failure_count": 0},
    }
    row = key_row(id) | {"provider": {"kind": "custom", "custom_name": "acme"}, "credential": credential}
    return merged(row, more)


def merged(row: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """*row* with *more*, tables in it too; a field that is None is gone."""
    whole = dict(row)
    for name, value in more.items():
        if value is None:
            whole.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(whole.get(name), Mapping):
            whole[name] = merged(whole[name], value)
        else:
            whole[name] = value
    return whole


def document(*rows: Any, **more: Any) -> bytes:
    """The registry document of *rows*."""
    return tomlkit.dumps({"version": 1, **more, "profiles": list(rows)}).encode()


class Desk:
    """The profiles of *kernel*, and a session of its Owner for each act."""

    def __init__(self, kernel: Kernel, auth: AuthProfiles | None = None) -> None:
        self.kernel = kernel
        self.auth = auth or kernel.auth

    def plan(self, registry: bytes | None = None, runtime: bytes | None = None, **more: Any) -> Any:
        with self.kernel.session(ME) as session:
            return session.auth.documents.plan(registry, runtime, **more)

    def take(self, registry: bytes | None = None, runtime: bytes | None = None, **more: Any) -> Any:
        """Plan an import and do it."""
        with self.kernel.session(ME) as session:
            documents = session.auth.documents
            return documents.apply(documents.plan(registry, runtime, **more))

    def export(self) -> Any:
        with self.kernel.session(ME) as session:
            return session.auth.documents.export()

    @property
    def choices(self) -> Any:
        return self.kernel.session(ME).auth.choices

    @property
    def profiles(self) -> dict[str, Any]:
        return dict(self.auth.parts.registry.snapshot().by_id)
