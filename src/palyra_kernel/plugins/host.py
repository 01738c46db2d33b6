"""Load what is pinned, register it, and refuse everything that pluggy would accept in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

import pluggy

from palyra_kernel import hookspecs
from palyra_kernel.errors import ConflictError
from palyra_kernel.plugins.hooks import check_hooks, refused
from palyra_kernel.plugins.importing import broken, import_plugin
from palyra_kernel.plugins.origin import Origin, builtin_origin, origin_of
from palyra_kernel.plugins.pins import Pin
from palyra_kernel.plugins.registry import Registry
from palyra_kernel.plugins.selection import selected_pins
from palyra_kernel.plugins.verify import check_pin


class PluginHost:
    """The plugins of one kernel object. Its manager is nobody else's, and is gone when anything fails here."""

    def __init__(self, pins: Iterable[Pin], builtins: Sequence[ModuleType] = ()) -> None:
        """Register *builtins* in the order given, then *pins* by name. Raises what :meth:`load` raises."""
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        origins: dict[str, Origin] = {}
        for module in builtins:
            _register(manager, origins, module, builtin_origin(module.__name__))
        for pin in sorted(pins, key=lambda pin: pin.name):
            plugin = import_plugin(pin, check_pin(pin))
            origin = origin_of(pin.name, pin.distribution, pin.version, pin.entry_point)
            _register(manager, origins, plugin, origin)
        manager.check_pending()
        self._manager = manager
        self.plugins: tuple[Origin, ...] = tuple(origins.values())
        """What is loaded, built-in modules first."""
        self.registry = Registry(manager, origins)

    @classmethod
    def load(
        cls, config_dir: Path | None, names: Sequence[str] | None = None, builtins: Sequence[ModuleType] = ()
    ) -> PluginHost:
        """Load exactly the enabled plugins, straight from ``plugins.lock`` in *config_dir*; nothing is scanned.

        *names* narrows them, see :func:`~palyra_kernel.plugins.selection.selected_pins`. Any plugin that fails
        stops the load:

        - :class:`InvalidInputError` ``plugin_name``; :class:`NotFoundError` ``plugin_not_enabled``,
          ``plugin_unknown``
        - :class:`UnavailableError` ``plugin_missing``, ``plugin_broken`` (its code failed; the exception is chained),
          ``plugin_refused`` (it offers what we do not accept), ``plugin_incompatible`` (kernel range)
        - :class:`ConflictError` ``plugin_duplicate``
        - :class:`IntegrityError` ``plugin_changed``, ``plugin_metadata``, ``plugins_lock_damaged``
        """
        return cls(selected_pins(config_dir, names), builtins)


def _register(
    manager: pluggy.PluginManager, origins: dict[str, Origin], plugin: object, origin: Origin
) -> None:
    for name, other in manager.list_name_plugin():
        if other is plugin:
            raise ConflictError(
                "plugin_duplicate",
                f"the {origins[name]} and the {origin} are the same object {origin.entry_point}",
                hint=f"run `palyra plugins disable {origin.plugin}`",
            )
    try:
        manager.register(plugin, name=origin.plugin)
    except pluggy.PluginValidationError:
        # Its text quotes the plugin's objects. A hook with arguments that we do not pass, or half a wrapper.
        failure = refused(
            origin, "the arguments or options of a hook are not those of the kernel's", "see hookspecs"
        )
    except (Exception, SystemExit) as error:
        raise broken(f"the {origin}", origin.plugin, f"registering raised {type(error).__name__}") from error
    else:
        origins[origin.plugin] = origin
        check_hooks(manager, plugin, origin)
        return
    raise failure
