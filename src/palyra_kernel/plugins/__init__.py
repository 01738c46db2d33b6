"""Plugins: what is installed, what is pinned, what is loaded, and what stands between the kernel and an author.

An enabled plugin is as trusted as the kernel; the pin is the boundary. It guards against an unexpected upgrade, a
look-alike and a half-installed package, not against somebody who can write to the environment.

``pins`` reads and writes ``plugins.lock``; ``distribution`` and ``verify`` compare a pin with what is installed;
``host`` imports and registers; ``registry`` is the typed answer; ``guard`` wraps what authors wrote. A run needs
these only. ``discovery``, ``manage``, ``listing`` and ``doctor`` serve the ``palyra plugins`` commands.
"""

from palyra_kernel.plugins.guard import guarded_backend, guarded_protector, guarded_source, guarded_store
from palyra_kernel.plugins.host import PluginHost
from palyra_kernel.plugins.origin import Origin
from palyra_kernel.plugins.registry import Offer, Registry

__all__ = [
    "Offer",
    "Origin",
    "PluginHost",
    "Registry",
    "guarded_backend",
    "guarded_protector",
    "guarded_source",
    "guarded_store",
]
