"""Palyra Kernel: the part of an agent daemon that must never be wrong.

The names below are the public face; everything else may change. They load when first used, so that
``import palyra_kernel`` stays cheap.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers take for true; `typing` itself would be most of this import

__version__ = "0.1.0"

_HOME = {
    "ActionRequest": "values.decisions",
    "AppPlace": "contracts.apps",
    "ApprovalRequiredError": "errors",
    "AsgiApp": "contracts.apps",
    "BlobBackend": "contracts",
    "BlobCapabilities": "contracts",
    "BlobPlace": "contracts",
    "Capability": "contracts.capabilities",
    "CapabilityCall": "contracts.capabilities",
    "CapabilityPlace": "contracts.capabilities",
    "CheckPlace": "contracts.checks",
    "Command": "contracts.commands",
    "CommandPlace": "contracts.commands",
    "ConflictError": "errors",
    "CredentialType": "contracts.oauth",
    "Deadline": "values",
    "DeniedError": "errors",
    "DurableDatabase": "durable",
    "DurableObjects": "durable.objects",
    "FailureKind": "contracts.oauth",
    "Finding": "values",
    "HttpClient": "net",
    "HttpRequest": "net",
    "HttpResponse": "net",
    "IntegrityError": "errors",
    "InvalidInputError": "errors",
    "Kernel": "kernel",
    "KeyProtector": "contracts",
    "Listener": "contracts.listeners",
    "ListenerPlace": "contracts.listeners",
    "NewSlot": "kernel",
    "NotFoundError": "errors",
    "OAuthFailure": "contracts.oauth",
    "OAuthGrant": "contracts.oauth",
    "OAuthMetadata": "contracts.oauth",
    "OAuthRefreshAdapter": "contracts.oauth",
    "PalyraError": "errors",
    "PolicyCheck": "contracts.checks",
    "Preflight": "contracts.oauth",
    "Principal": "values.principals",
    "ProviderProfile": "contracts.oauth",
    "ProviderResponse": "contracts.oauth",
    "RecordStore": "contracts",
    "RedactingFilter": "redact.logs",
    "Resolution": "resolve.outcome",
    "ResolutionMetadata": "resolve.outcome",
    "Resource": "values.decisions",
    "SecretError": "contracts.sources",
    "SecretMetadata": "vault",
    "SecretRef": "values.secret_ref",
    "SecretResolver": "resolve.resolver",
    "SecretSource": "contracts.sources",
    "SensitiveBytes": "values",
    "Session": "session",
    "SessionSecrets": "session",
    "SlotContext": "contracts",
    "SourceCapabilities": "contracts.sources",
    "SourcePlace": "contracts.sources",
    "StoredRecord": "contracts",
    "TokenReply": "contracts.oauth",
    "UnavailableError": "errors",
    "Unlock": "contracts",
    "Vault": "vault",
    "VaultRef": "values",
    "VaultScope": "values",
    "VaultStatus": "kernel.status",
    "hookimpl": "hookspecs",
    "key_segment": "values.key_segment",
    "open_key": "contracts.wrapping",
    "redact_text": "redact",
    "seal_key": "contracts.wrapping",
    "segment_text": "values.key_segment",
    "slot_bytes": "contracts.wrapping",
    "slot_text": "contracts.wrapping",
    "standard_classify": "auth.grammar.standard",
    "standard_preflight": "auth.grammar.standard",
    "standard_probe": "auth.grammar.standard",
    "standard_refresh": "auth.grammar.standard",
    "standard_revoke": "auth.grammar.standard",
    "system_principal": "access.system",
}

__all__ = [
    "ActionRequest",
    "AppPlace",
    "ApprovalRequiredError",
    "AsgiApp",
    "BlobBackend",
    "BlobCapabilities",
    "BlobPlace",
    "Capability",
    "CapabilityCall",
    "CapabilityPlace",
    "CheckPlace",
    "Command",
    "CommandPlace",
    "ConflictError",
    "CredentialType",
    "Deadline",
    "DeniedError",
    "DurableDatabase",
    "DurableObjects",
    "FailureKind",
    "Finding",
    "HttpClient",
    "HttpRequest",
    "HttpResponse",
    "IntegrityError",
    "InvalidInputError",
    "Kernel",
    "KeyProtector",
    "Listener",
    "ListenerPlace",
    "NewSlot",
    "NotFoundError",
    "OAuthFailure",
    "OAuthGrant",
    "OAuthMetadata",
    "OAuthRefreshAdapter",
    "PalyraError",
    "PolicyCheck",
    "Preflight",
    "Principal",
    "ProviderProfile",
    "ProviderResponse",
    "RecordStore",
    "RedactingFilter",
    "Resolution",
    "ResolutionMetadata",
    "Resource",
    "SecretError",
    "SecretMetadata",
    "SecretRef",
    "SecretResolver",
    "SecretSource",
    "SensitiveBytes",
    "Session",
    "SessionSecrets",
    "SlotContext",
    "SourceCapabilities",
    "SourcePlace",
    "StoredRecord",
    "TokenReply",
    "UnavailableError",
    "Unlock",
    "Vault",
    "VaultRef",
    "VaultScope",
    "VaultStatus",
    "__version__",
    "hookimpl",
    "key_segment",
    "open_key",
    "redact_text",
    "seal_key",
    "segment_text",
    "slot_bytes",
    "slot_text",
    "standard_classify",
    "standard_preflight",
    "standard_probe",
    "standard_refresh",
    "standard_revoke",
    "system_principal",
]

if TYPE_CHECKING:
    from palyra_kernel.access.system import system_principal
    from palyra_kernel.auth.grammar.standard import (
        standard_classify,
        standard_preflight,
        standard_probe,
        standard_refresh,
        standard_revoke,
    )
    from palyra_kernel.contracts import (
        BlobBackend,
        BlobCapabilities,
        BlobPlace,
        KeyProtector,
        RecordStore,
        SlotContext,
        StoredRecord,
        Unlock,
    )
    from palyra_kernel.contracts.apps import AppPlace, AsgiApp
    from palyra_kernel.contracts.capabilities import Capability, CapabilityCall, CapabilityPlace
    from palyra_kernel.contracts.checks import CheckPlace, PolicyCheck
    from palyra_kernel.contracts.commands import Command, CommandPlace
    from palyra_kernel.contracts.listeners import Listener, ListenerPlace
    from palyra_kernel.contracts.oauth import (
        CredentialType,
        FailureKind,
        OAuthFailure,
        OAuthGrant,
        OAuthMetadata,
        OAuthRefreshAdapter,
        Preflight,
        ProviderProfile,
        ProviderResponse,
        TokenReply,
    )
    from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities, SourcePlace
    from palyra_kernel.contracts.wrapping import open_key, seal_key, slot_bytes, slot_text
    from palyra_kernel.durable import DurableDatabase
    from palyra_kernel.durable.objects import DurableObjects
    from palyra_kernel.errors import (
        ApprovalRequiredError,
        ConflictError,
        DeniedError,
        IntegrityError,
        InvalidInputError,
        NotFoundError,
        PalyraError,
        UnavailableError,
    )
    from palyra_kernel.hookspecs import hookimpl
    from palyra_kernel.kernel import Kernel, NewSlot
    from palyra_kernel.kernel.status import VaultStatus
    from palyra_kernel.net import HttpClient, HttpRequest, HttpResponse
    from palyra_kernel.redact import redact_text
    from palyra_kernel.redact.logs import RedactingFilter
    from palyra_kernel.resolve.outcome import Resolution, ResolutionMetadata
    from palyra_kernel.resolve.resolver import SecretResolver
    from palyra_kernel.session import Session, SessionSecrets
    from palyra_kernel.values import Deadline, Finding, SensitiveBytes, VaultRef, VaultScope
    from palyra_kernel.values.decisions import ActionRequest, Resource
    from palyra_kernel.values.key_segment import key_segment, segment_text
    from palyra_kernel.values.principals import Principal
    from palyra_kernel.values.secret_ref import SecretRef
    from palyra_kernel.vault import SecretMetadata, Vault


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
