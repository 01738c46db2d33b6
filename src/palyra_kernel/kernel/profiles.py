"""The auth profiles of an open Kernel: adapters from the registry, hosts that they may reach, values from the vault."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from palyra_kernel.auth.clients import HttpClients
from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.issuers import Issuers
from palyra_kernel.auth.profile import OAuthLogin, Profile
from palyra_kernel.auth.refresh import LEASE_MS, RefreshEnd
from palyra_kernel.auth.service import AuthProfiles
from palyra_kernel.contracts.endpoints import hosts_for
from palyra_kernel.contracts.oauth import OAuthRefreshAdapter
from palyra_kernel.plugins.guard import guarded_adapter
from palyra_kernel.plugins.registry import Registry
from palyra_kernel.records import Records
from palyra_kernel.resolve.resolver import SecretResolver
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

if TYPE_CHECKING:
    from palyra_kernel.net import HttpClient


def make_auth(
    registry: Registry,
    records: Records,
    vault: Vault,
    resolver: Callable[[], SecretResolver],
    *,
    ca_file: str | None = None,
    clock: Clock | None = None,
    lease_ms: int = LEASE_MS,
    ended: Callable[[RefreshEnd], None] = lambda _: None,
) -> AuthProfiles:
    """Build them; no adapter is made and nothing is asked before a credential is. *vault* keeps one version of each
    secret: an older refresh token is spent. *ended* hears what refreshing came to."""
    clients = HttpClients(ca_file=Path(ca_file) if ca_file else None)

    @lru_cache
    def find(name: str) -> OAuthRefreshAdapter | None:
        offer = registry.oauth_adapters.get(name)
        return None if offer is None else guarded_adapter(offer)

    def client(adapter: OAuthRefreshAdapter, profile: Profile) -> AbstractContextManager[HttpClient]:
        return clients.to(_hosts(adapter, profile))

    def read(ref: SecretRef, deadline: Deadline) -> SensitiveBytes:
        with resolver().resolve(ref, deadline=deadline) as outcome:
            return SensitiveBytes(outcome.unwrap().view())

    issuers = Issuers(find, client)
    return AuthProfiles(
        records, vault, issuers, read, clock=clock, lease_ms=lease_ms, ended=ended, close=clients.close
    )


def _hosts(adapter: OAuthRefreshAdapter, profile: Profile) -> tuple[str, ...]:
    """Where the credential of *profile* may go, checked again at each use: see :func:`hosts_for`."""
    if isinstance(profile.credential, OAuthLogin):
        found = profile.credential.metadata
        return hosts_for(adapter.hosts, found.issuer, found)
    return adapter.hosts or (urlsplit(profile.base_url).netloc,)
