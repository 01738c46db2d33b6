"""The policy library, without the most of it that nobody here asks for."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

_LIBRARY = "cedarpy"
_UNUSED = "cedarpy.pst"


class _Later(ModuleType):
    """A module whose code runs when something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__spec__ is None or self.__spec__.loader is None:
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]  # from now on it is like any other
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def prepare_library() -> None:
    """Keep ``import cedarpy`` from running the code of ``cedarpy.pst``, until somebody uses it: its classes for syntax
    trees take 16 of the 20 ms of that import. Nothing happens where it was imported before."""
    if _LIBRARY in sys.modules or _UNUSED in sys.modules:
        return
    library = PathFinder.find_spec(_LIBRARY)
    found = None if library is None else PathFinder.find_spec(_UNUSED, library.submodule_search_locations)
    if found is None:
        return  # the import says what is missing
    module = sys.modules[_UNUSED] = _Later(_UNUSED)
    module.__spec__, module.__loader__ = found, found.loader
    module.__package__, module.__file__ = _LIBRARY, found.origin
