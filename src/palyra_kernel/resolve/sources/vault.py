"""``vault://``: the vault of this Kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities, SourcePlace
from palyra_kernel.errors import InvalidInputError, PalyraError
from palyra_kernel.resolve.outcome import error_of
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

_ABSENT = {
    "secret_missing": "the vault has no such secret",
    "deleted": "the secret was deleted",
    "expired": "the secret has expired",
    "destroyed": "that version was destroyed",
    "version_missing": "the secret has no such version",
}
"""In words without the name: what is mistaken for a reference may be a secret."""
VAULT_SETTING = "vault"
"""The one setting, given by the Kernel and not by the operator: the open vault."""


class VaultSource(SecretSource):
    """Reads the vault; who may read what is decided above."""

    scheme = "vault"

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        if place.settings.keys() != {VAULT_SETTING}:
            raise InvalidInputError("invalid_config", "the source 'vault' has no settings")
        return cls(place.settings[VAULT_SETTING])

    def capabilities(self) -> SourceCapabilities:
        return SourceCapabilities(may_block=False, batch=True, cache="local")

    def resolve(
        self, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        return {ref: self._read(ref, deadline) for ref in refs}

    def _read(self, ref: SecretRef, deadline: Deadline) -> SensitiveBytes | SecretError:
        try:
            deadline.check("reading the vault")
            value = self._vault.get(ref.ref)
        except PalyraError as error:
            return _nameless(error)
        if len(value) <= ref.max_bytes:
            return value
        value.wipe()
        return SecretError(
            kind="too_large",
            code="too_large",
            message=f"the value has more than {ref.max_bytes} bytes",
            hint="raise max_bytes of the reference",
        )

    def refuses(self, ref: SecretRef) -> SecretError | None:
        """Also what is missing: that is in the index, and decrypts nothing but names."""
        try:
            self._vault.check(ref.ref)
        except PalyraError as error:
            return _nameless(error)
        return None


def _nameless(error: PalyraError) -> SecretError:
    said = error_of(error)
    if error.code not in _ABSENT:
        return said
    return SecretError(
        kind=said.kind, code=said.code, message=_ABSENT[error.code], hint="palyra secrets list --deleted"
    )
