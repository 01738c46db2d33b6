"""Every hook a plugin can offer, each with one question, one promise and one prohibition.

A hook hands over classes and does nothing else: no I/O, no secret, no decision, no coroutine. Wrappers, and
names that are not here, are refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from palyra_kernel.contracts.blobs import BlobBackend
from palyra_kernel.contracts.protectors import KeyProtector
from palyra_kernel.contracts.records import RecordStore

TYPE_CHECKING = False
if TYPE_CHECKING:  # most runs resolve no reference
    from palyra_kernel.contracts.apps import AsgiApp
    from palyra_kernel.contracts.capabilities import Capability
    from palyra_kernel.contracts.checks import PolicyCheck
    from palyra_kernel.contracts.commands import Command
    from palyra_kernel.contracts.listeners import Listener
    from palyra_kernel.contracts.oauth import OAuthRefreshAdapter
    from palyra_kernel.contracts.sources import SecretSource

PROJECT = "palyra"
ENTRY_POINT_GROUP = "palyra.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def palyra_blob_backends() -> Sequence[type[BlobBackend]]:  # type: ignore[empty-body]
    """Which blob backends do you bring?

    The kernel promises to open one only when an operator pinned its ``kind`` in the vault.
    Do not open a store here.
    """


@hookspec
def palyra_record_stores() -> Sequence[type[RecordStore]]:  # type: ignore[empty-body]
    """Which record stores do you bring?

    The kernel promises to open one only for a URL of its ``scheme``.
    Do not connect here.
    """


@hookspec
def palyra_key_protectors() -> Sequence[type[KeyProtector]]:  # type: ignore[empty-body]
    """Which key protectors do you bring?

    The kernel promises to call one only for slots of its ``kind``.
    Do not touch a key store here.
    """


@hookspec
def palyra_secret_sources() -> Sequence[type[SecretSource]]:  # type: ignore[empty-body]
    """Which secret sources do you bring?

    The kernel promises to ask one only for references of its ``scheme``.
    Do not look for a secret here.
    """


@hookspec
def palyra_policy_checks() -> Sequence[type[PolicyCheck]]:  # type: ignore[empty-body]
    """Which policy checks do you bring?

    The kernel promises to ask all of them before every act that its policies would allow; one objection denies it.
    Do not decide here.
    """


@hookspec
def palyra_oauth_adapters() -> Sequence[type[OAuthRefreshAdapter]]:  # type: ignore[empty-body]
    """Which providers do you know?

    The kernel promises to hand an adapter only credentials of profiles that name its ``provider``.
    Do not look for an endpoint here.
    """


@hookspec
def palyra_capabilities() -> Sequence[type[Capability]]:  # type: ignore[empty-body]
    """What can a node do with you?

    The kernel promises to run one only for a gateway that this device was paired with and that granted its ``name``,
    and where it wants ``local_consent``, only after somebody at this machine agreed.
    Do not do anything here.
    """


@hookspec
def palyra_asgi_apps() -> Sequence[type[AsgiApp]]:  # type: ignore[empty-body]
    """Which requests do you answer?

    The kernel promises to hand an app only requests of peers that were authenticated, below ``/apps/NAME`` of the door
    that it names.
    Do not open anything here.
    """


@hookspec
def palyra_listeners() -> Sequence[type[Listener]]:  # type: ignore[empty-body]
    """By which ways do you let peers in?

    The kernel promises to let one serve as long as the daemon runs, and to say when it has to end.
    Do not listen here.
    """


@hookspec
def palyra_commands() -> Sequence[type[Command]]:  # type: ignore[empty-body]
    """Which commands do you add?

    The kernel promises to build one only when its ``name`` was typed, and never in place of one of its own.
    Do not read arguments here.
    """
