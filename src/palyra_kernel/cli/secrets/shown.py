"""What is shown of a secret without its value. No length either: it says more than one thinks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef

if TYPE_CHECKING:
    from palyra_kernel.vault.metadata import SecretMetadata


def bare_ref(text: str) -> VaultRef:
    """Parse a reference to a secret as a whole, before anything is opened or asked."""
    ref = VaultRef.parse(text)
    if ref != ref.bare:
        raise InvalidInputError(
            "invalid_reference", "this needs a reference without ?version= and #field", hint=f"use {ref.bare}"
        )
    return ref


def short(ref: VaultRef) -> str:
    """SCOPE/KEY, as people write it."""
    return f"{ref.scope}/{ref.key}"


def described(metadata: SecretMetadata) -> dict[str, Any]:
    """Metadata for programs."""
    return {
        "ref": metadata.ref,
        "scope": str(metadata.ref.scope),
        "key": metadata.ref.key,
        "version": metadata.version,
        "state": state(metadata),
        "created_at": metadata.created_at,
        "updated_at": metadata.updated_at,
        "expires_at": metadata.expires_at,
        "deleted_at": metadata.deleted_at,
        "content_type": metadata.content_type,
        "labels": metadata.labels,
    }


def state(metadata: SecretMetadata) -> str:
    """``deleted``, ``expired`` or ``active``."""
    if metadata.deleted_at is not None:
        return "deleted"
    if expired(metadata):
        return "expired"
    return "active"


def expired(metadata: SecretMetadata) -> bool:
    """Whether its time is over."""
    return metadata.expires_at is not None and metadata.expires_at <= datetime.now(UTC)


def labels_text(labels: dict[str, str]) -> str:
    """Labels for people."""
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def parse_labels(texts: tuple[str, ...]) -> dict[str, str] | None:
    """``K=V`` options as labels; None without any."""
    labels: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInputError("invalid_label", "a label is given as NAME=VALUE")
        if name in labels:
            raise InvalidInputError("invalid_label", f"the label {name[:64]!r} is given twice")
        labels[name] = value
    return labels or None
