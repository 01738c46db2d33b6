"""The resolver of an open Kernel: its sources come from the registry, its memory goes into the vault."""

from __future__ import annotations

import msgspec

from palyra_kernel.config import BucketConfig, Config
from palyra_kernel.contracts.sources import SecretSource, SourcePlace
from palyra_kernel.plugins import Registry, guarded_source
from palyra_kernel.records import Records
from palyra_kernel.resolve.buckets import Buckets
from palyra_kernel.resolve.resolver import SecretResolver
from palyra_kernel.resolve.sources.vault import VAULT_SETTING, VaultSource
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.vault import Vault

_FINGERPRINT_BYTES = 8
_deterministic = msgspec.json.Encoder(order="deterministic")


def make_resolver(config: Config, registry: Registry, records: Records, vault: Vault) -> SecretResolver:
    """Build the resolver; no source is opened before it is asked."""

    def open_source(scheme: str, place: SourcePlace) -> SecretSource | None:
        offer = registry.secret_sources.get(scheme)
        if offer is None:
            return None
        if scheme == VaultSource.scheme:
            place = SourcePlace(settings={**place.settings, VAULT_SETTING: vault})
        return guarded_source(offer, place)

    def fingerprint(ref: SecretRef) -> str:
        blinded = records.keys.blind("secret reference", _deterministic.encode(ref.unlabelled).decode())
        return blinded[:_FINGERPRINT_BYTES].hex()

    return SecretResolver(
        open_source,
        config.sources,
        vault,
        Buckets(records, config.resolver.buckets, BucketConfig()),
        fingerprint,
        deadline_seconds=config.resolver.deadline_seconds,
        negative_seconds=config.resolver.negative_seconds,
    )
