"""What is installed, without importing any of it: one scan of ours, handed to stevedore.

stevedore would fill itself from a file in the user's cache folder. It trusts that file blindly (edited, it names
any code), notices changes late, and drops which distribution an entry point belongs to. So its table is filled
before a manager looks into it, and emptied afterwards. Only ``palyra plugins`` and a run without any lock come here.
"""

from __future__ import annotations

import threading
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

import msgspec
from stevedore.extension import ExtensionManager
from stevedore.named import NamedExtensionManager

from palyra_kernel.hookspecs import ENTRY_POINT_GROUP
from palyra_kernel.plugins.names import canonical, shown

_stevedore = threading.Lock()


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """One entry point of our group. ``folder`` is its ``.dist-info``, None where there is no such folder."""

    name: str
    value: str
    distribution: str
    version: str
    folder: Path | None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def discover() -> list[Installed]:
    """Return what is installed, sorted by name, distribution, version and entry point."""
    return [_installed(each) for each in _through_stevedore(_scan())]


def _scan() -> list[EntryPoint]:
    """Our group's entry points of every distribution that an import would find first."""
    found: list[EntryPoint] = []
    homes: dict[str, Path] = {}
    folders: set[Path] = set()
    for distribution in distributions():
        folder = _folder(distribution)
        if folder is not None:
            # Elsewhere: shadowed by the first on the path. Beside it: a torn upgrade, and both are reported.
            home = homes.setdefault(canonical(folder.stem.partition("-")[0]), folder.parent)
            if home != folder.parent or folder in folders:
                continue
            folders.add(folder)
        found += _of_our_group(distribution)
    return sorted(found, key=_order)


def _order(entry_point: EntryPoint) -> tuple[str, ...]:
    distribution = entry_point.dist
    return (
        entry_point.name,
        _header(distribution, "Name"),
        _header(distribution, "Version"),
        entry_point.value,
    )


def _of_our_group(distribution: Distribution) -> list[EntryPoint]:
    try:
        return [each for each in distribution.entry_points if each.group == ENTRY_POINT_GROUP]
    except Exception:  # noqa: BLE001  # one damaged distribution must not hide all others
        return []


def _through_stevedore(found: list[EntryPoint]) -> list[EntryPoint]:
    """Have stevedore list *found*: no name is wanted, so it loads nothing, and its cache is not consulted."""
    with _stevedore:
        table = ExtensionManager.ENTRY_POINT_CACHE
        before = table.get(ENTRY_POINT_GROUP)
        table[ENTRY_POINT_GROUP] = found
        try:
            manager: NamedExtensionManager[object] = NamedExtensionManager(ENTRY_POINT_GROUP, names=[])
            return list(manager.list_entry_points())
        finally:
            del table[ENTRY_POINT_GROUP]
            if before is not None:
                table[ENTRY_POINT_GROUP] = before


def _installed(entry_point: EntryPoint) -> Installed:
    return Installed(
        name=shown(entry_point.name),
        value=shown(entry_point.value),
        distribution=_header(entry_point.dist, "Name"),
        version=_header(entry_point.dist, "Version"),
        folder=_folder(entry_point.dist) if entry_point.dist else None,
    )


def _header(distribution: Distribution | None, name: str) -> str:
    try:
        value = distribution.metadata[name] if distribution else None
    except Exception:  # noqa: BLE001  # without METADATA, or the header, versions of Python differ
        value = None
    return shown(str(value or "?"), 80)


def _folder(distribution: Distribution) -> Path | None:
    # importlib.metadata has no public name for it; without one the distribution is listed and cannot be pinned.
    path = getattr(distribution, "_path", None)
    return path if isinstance(path, Path) else None
