"""Where an offer comes from: the plugin and its distribution."""

from __future__ import annotations

import msgspec

from palyra_kernel import __version__
from palyra_kernel.plugins.threads import PluginThreads

KERNEL = "palyra-kernel"


class Origin(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One loaded plugin. ``threads`` runs all blocking calls of this plugin, whatever it offers."""

    plugin: str
    distribution: str
    version: str
    entry_point: str
    builtin: bool
    threads: PluginThreads

    def __str__(self) -> str:
        return f"plugin {self.plugin!r} ({self.distribution} {self.version})"


def origin_of(plugin: str, distribution: str, version: str, entry_point: str) -> Origin:
    """The origin of an installed plugin."""
    return Origin(
        plugin=plugin,
        distribution=distribution,
        version=version,
        entry_point=entry_point,
        builtin=False,
        threads=PluginThreads(f"plugin {plugin!r}"),
    )


def builtin_origin(module: str) -> Origin:
    """The origin of a module of the kernel: ``palyra_kernel.keys.builtin`` is the plugin ``builtin.keys``."""
    name = "builtin." + module.removeprefix("palyra_kernel.").removesuffix(".builtin")
    return Origin(
        plugin=name,
        distribution=KERNEL,
        version=__version__,
        entry_point=module,
        builtin=True,
        threads=PluginThreads(f"plugin {name!r}"),
    )
