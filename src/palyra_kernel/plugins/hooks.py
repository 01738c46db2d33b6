"""What a plugin may do with pluggy: answer our hooks with plain functions, and nothing else."""

from __future__ import annotations

import inspect

import pluggy

from palyra_kernel.errors import UnavailableError
from palyra_kernel.plugins.origin import Origin

_FORBIDDEN = ("wrapper", "hookwrapper", "tryfirst", "trylast")


def check_hooks(manager: pluggy.PluginManager, plugin: object, origin: Origin) -> None:
    """Raise :class:`UnavailableError` ``plugin_refused`` unless every hook of *plugin* is one a stranger may offer.

    A wrapper could replace what all others answered, an order request decide who is asked first, and pluggy accepts
    a misspelt hook without a word.
    """
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        raise refused(origin, "it offers no hook", "mark its functions with `palyra_kernel.hookimpl`")
    for caller in callers:
        if not caller.has_spec():
            raise refused(
                origin, f"{caller.name} is not a hook", "see palyra_kernel/hookspecs.py for the names"
            )
        for offered in caller.get_hookimpls():
            if offered.plugin is plugin:
                _check_one(offered, caller.name, origin)


def _check_one(offered: pluggy.HookImpl, name: str, origin: Origin) -> None:
    for option in _FORBIDDEN:
        if getattr(offered, option):
            raise refused(origin, f"{name} asks for {option}", "a hook is a plain function without options")
    if is_deferred(offered.function):
        raise refused(origin, f"{name} is a coroutine or generator", "a hook returns a list of classes")


def is_deferred(function: object) -> bool:
    """Whether calling *function* gives a promise instead of doing something."""
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
        or inspect.isgeneratorfunction(function)
    )


def refused(origin: Origin, why: str, hint: str) -> UnavailableError:
    """The error for a plugin that imports, and offers what the kernel does not accept."""
    return UnavailableError("plugin_refused", f"the {origin} is refused: {why}", hint=hint)
