"""Import exactly the module that the pinned distribution brought."""

from __future__ import annotations

import importlib
import importlib.util
from functools import reduce
from importlib.machinery import ModuleSpec
from pathlib import Path

from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.plugins.distribution import Distribution
from palyra_kernel.plugins.names import split_entry_point
from palyra_kernel.plugins.pins import Pin
from palyra_kernel.plugins.record import lists
from palyra_kernel.plugins.verify import changed, missing


def import_plugin(pin: Pin, distribution: Distribution) -> object:
    """Return the object that the entry point names: a module, or what it holds.

    The pin says which files are trusted, ``sys.path`` which are found; a module of the same name earlier on the
    path is a look-alike and is never executed. Raises :class:`UnavailableError` ``plugin_missing`` and
    ``plugin_broken``, :class:`IntegrityError` ``plugin_changed``.
    """
    module, attributes = split_entry_point(pin.entry_point) or ("", None)
    try:
        for name in _with_parents(module):
            _check_found(pin, distribution, name, importlib.util.find_spec(name))
        loaded: object = importlib.import_module(module)
        return reduce(getattr, attributes.split("."), loaded) if attributes else loaded
    except (IntegrityError, UnavailableError):
        raise
    except (Exception, SystemExit) as error:  # a module may call sys.exit()
        raise broken(str(pin), pin.name, f"importing {module} raised {type(error).__name__}") from error


def broken(who: str, name: str, how: str) -> UnavailableError:
    """The error for a plugin whose own code failed while loading. *how* holds no text of the plugin's."""
    return UnavailableError(
        "plugin_broken",
        f"{who} does not load: {how}",
        hint=f"repair it, or run `palyra plugins disable {name}`",
    )


def _with_parents(module: str) -> list[str]:
    """``a``, ``a.b``, ``a.b.c``: each is checked before finding the next one executes it."""
    parts = module.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _check_found(pin: Pin, distribution: Distribution, name: str, spec: ModuleSpec | None) -> None:
    if spec is None:
        raise missing(pin, f"there is no module {name}")
    if distribution.editable:
        return  # its files are nowhere listed; `palyra plugins doctor` says so
    if spec.origin is None and spec.submodule_search_locations is not None:
        return  # a namespace package: nothing is executed, and several distributions share it
    if not spec.has_location or spec.origin is None or not lists(distribution.folder, Path(spec.origin)):
        raise changed(pin, f"the module {name} would come from {spec.origin}, which it did not bring")
