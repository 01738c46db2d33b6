"""What is secret: envelopes in a BlobBackend, found through sealed index records."""

from palyra_kernel.vault.collect import GcReport
from palyra_kernel.vault.metadata import SecretMetadata, SecretPage, SecretVersion
from palyra_kernel.vault.vault import Vault

__all__ = ["GcReport", "SecretMetadata", "SecretPage", "SecretVersion", "Vault"]
