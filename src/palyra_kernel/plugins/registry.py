"""The one typed answer to 'who offers what': nobody else touches pluggy's untyped hooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
import pluggy

from palyra_kernel.contracts.blobs import BlobBackend
from palyra_kernel.contracts.protectors import KeyProtector
from palyra_kernel.contracts.records import RecordStore
from palyra_kernel.errors import ConflictError
from palyra_kernel.plugins.hooks import refused
from palyra_kernel.plugins.importing import broken
from palyra_kernel.plugins.names import is_key
from palyra_kernel.plugins.offered import check_class, key_of
from palyra_kernel.plugins.origin import Origin

if TYPE_CHECKING:
    from palyra_kernel.contracts.apps import AsgiApp
    from palyra_kernel.contracts.capabilities import Capability
    from palyra_kernel.contracts.checks import PolicyCheck
    from palyra_kernel.contracts.commands import Command
    from palyra_kernel.contracts.listeners import Listener
    from palyra_kernel.contracts.oauth import OAuthRefreshAdapter
    from palyra_kernel.contracts.sources import SecretSource

T = TypeVar("T")


class Offer(msgspec.Struct, Generic[T], frozen=True, kw_only=True, eq=False):
    """A class that a plugin brought. Open it through ``guard``."""

    cls: type[T]
    key: str
    origin: Origin

    @property
    def plugin(self) -> str:
        """The name of the plugin; ``builtin.ROOM`` for what the kernel brings."""
        return self.origin.plugin

    @property
    def distribution(self) -> str:
        """The distribution that brought it."""
        return self.origin.distribution

    @property
    def version(self) -> str:
        """The version of that distribution."""
        return self.origin.version

    @property
    def builtin(self) -> bool:
        """Whether the kernel brings it."""
        return self.origin.builtin


class Registry:
    """Classes by key, each hook asked once, when this is built.

    Raises :class:`ConflictError` ``plugin_duplicate``, :class:`UnavailableError` ``plugin_refused`` (not a class of
    the right kind) and ``plugin_broken`` (the hook raised).
    """

    def __init__(self, manager: pluggy.PluginManager, origins: Mapping[str, Origin]) -> None:
        self._manager = manager
        self._origins = origins
        # mypy has no way to say 'the abstract class itself'.
        self.blob_backends: Mapping[str, Offer[BlobBackend]] = self._collect(
            "palyra_blob_backends",
            BlobBackend,  # type: ignore[type-abstract]
            "kind",
        )
        self.record_stores: Mapping[str, Offer[RecordStore]] = self._collect(
            "palyra_record_stores",
            RecordStore,  # type: ignore[type-abstract]
            "scheme",
        )
        self.key_protectors: Mapping[str, Offer[KeyProtector]] = self._collect(
            "palyra_key_protectors",
            KeyProtector,  # type: ignore[type-abstract]
            "kind",
        )
        # Built-in sources, adapters and capabilities are imported when they are used; a plugin's are judged now.
        if len(manager.hook.palyra_secret_sources.get_hookimpls()) > 1:
            _ = self.secret_sources
        if len(manager.hook.palyra_oauth_adapters.get_hookimpls()) > 1:
            _ = self.oauth_adapters
        if len(manager.hook.palyra_capabilities.get_hookimpls()) > 1:
            _ = self.capabilities
        for hook, judge in (
            ("palyra_policy_checks", lambda: self.policy_checks),
            ("palyra_asgi_apps", lambda: self.asgi_apps),
            ("palyra_listeners", lambda: self.listeners),
            ("palyra_commands", lambda: self.commands),
        ):
            if getattr(manager.hook, hook).get_hookimpls():
                judge()

    @cached_property
    def secret_sources(self) -> Mapping[str, Offer[SecretSource]]:
        """Sources of secrets by scheme."""
        from palyra_kernel.contracts.sources import SecretSource

        return self._collect("palyra_secret_sources", SecretSource, "scheme")  # type: ignore[type-abstract]

    @cached_property
    def policy_checks(self) -> Mapping[str, Offer[PolicyCheck]]:
        """Policy checks by name; none is built in. Imported where a policy decides, or a plugin brings one."""
        from palyra_kernel.contracts.checks import PolicyCheck

        return self._collect("palyra_policy_checks", PolicyCheck, "name")  # type: ignore[type-abstract]

    @cached_property
    def oauth_adapters(self) -> Mapping[str, Offer[OAuthRefreshAdapter]]:
        """Adapters by provider."""
        from palyra_kernel.contracts.oauth import OAuthRefreshAdapter

        return self._collect("palyra_oauth_adapters", OAuthRefreshAdapter, "provider")  # type: ignore[type-abstract]

    @cached_property
    def capabilities(self) -> Mapping[str, Offer[Capability]]:
        """What a node can do, by name."""
        from palyra_kernel.contracts.capabilities import Capability, is_capability_name

        return self._collect("palyra_capabilities", Capability, "name", is_capability_name)  # type: ignore[type-abstract]

    @cached_property
    def asgi_apps(self) -> Mapping[str, Offer[AsgiApp]]:
        """Apps that the daemon mounts, by name."""
        from palyra_kernel.contracts.apps import AsgiApp

        return self._collect("palyra_asgi_apps", AsgiApp, "name")  # type: ignore[type-abstract]

    @cached_property
    def listeners(self) -> Mapping[str, Offer[Listener]]:
        """Listeners that live in the daemon, by name."""
        from palyra_kernel.contracts.listeners import Listener

        return self._collect("palyra_listeners", Listener, "name")  # type: ignore[type-abstract]

    @cached_property
    def commands(self) -> Mapping[str, Offer[Command]]:
        """Commands of ``palyra``, by name."""
        from palyra_kernel.contracts.commands import Command

        return self._collect("palyra_commands", Command, "name")  # type: ignore[type-abstract]

    def _collect(
        self, hook: str, contract: type[T], key_name: str, legal: Callable[[str], bool] = is_key
    ) -> Mapping[str, Offer[T]]:
        offers: dict[str, Offer[T]] = {}
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        # One by one, in the order of registration: pluggy's own call forgets who answered what.
        for offered in caller.get_hookimpls():
            origin = self._origins[offered.plugin_name]
            for cls in _answer(offered, hook, origin):
                checked = check_class(cls, contract, origin, hook)
                key = key_of(checked, key_name, origin, legal)
                if key in offers:
                    raise _duplicate(f"{key_name} {key!r} of {hook}", offers[key].origin, origin)
                offers[key] = Offer(cls=checked, key=key, origin=origin)
        return MappingProxyType(offers)


def _answer(offered: pluggy.HookImpl, hook: str, origin: Origin) -> list[object]:
    try:
        answer: object = offered.function()
    except (Exception, SystemExit) as error:
        raise broken(f"the {origin}", origin.plugin, f"{hook} raised {type(error).__name__}") from error
    if not isinstance(answer, list | tuple):
        raise refused(origin, f"{hook} returned {type(answer).__name__}", "a hook returns a list of classes")
    return list(answer)


def _duplicate(what: str, first: Origin, second: Origin) -> ConflictError:
    if first.builtin:
        hint = f"a key of the kernel cannot be replaced; run `palyra plugins disable {second.plugin}`"
    else:
        hint = f"keep one: run `palyra plugins disable {first.plugin}` or `palyra plugins disable {second.plugin}`"
    return ConflictError(
        "plugin_duplicate", f"the {what} is offered by the {first} and by the {second}", hint=hint
    )
