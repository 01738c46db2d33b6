"""The policy library without the third of it that nobody here asks for."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import LazyLoader, module_from_spec

_LIBRARY = "cedarpy"
_UNUSED = "cedarpy.pst"


def prepare_library() -> None:
    """Have ``cedarpy.pst`` loaded when somebody uses it, and not when ``cedarpy`` is imported: its classes for syntax
    trees take 16 of the 20 ms that the import takes. Nothing happens where it was imported before."""
    if _LIBRARY in sys.modules or _UNUSED in sys.modules:
        return
    library = PathFinder.find_spec(_LIBRARY)
    if library is None:
        return  # the import says so
    unused = PathFinder.find_spec(_UNUSED, library.submodule_search_locations)
    if unused is None or unused.loader is None:
        return
    unused.loader = LazyLoader(unused.loader)
    module = sys.modules[_UNUSED] = module_from_spec(unused)
    unused.loader.exec_module(module)
