"""What ``palyra plugins list`` shows: everything installed and everything enabled, and why something is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from palyra_kernel.errors import PalyraError
from palyra_kernel.plugins.discovery import Installed, discover
from palyra_kernel.plugins.distribution import EDITABLE
from palyra_kernel.plugins.names import canonical
from palyra_kernel.plugins.pinning import pin_of
from palyra_kernel.plugins.pins import Pin, read_pins
from palyra_kernel.plugins.verify import check_pin

State = Literal["enabled", "not enabled", "changed", "missing", "duplicate", "incompatible", "refused"]

_STATES: Mapping[str, State] = {
    "plugin_changed": "changed",
    "plugin_missing": "missing",
    "plugin_incompatible": "incompatible",
}


class PluginStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list. ``reason`` says why the state is neither ``enabled`` nor ``not enabled``."""

    name: str
    distribution: str
    version: str
    entry_point: str
    state: State
    reason: str | None = None
    editable: bool = False


def listing(config_dir: Path) -> list[PluginStatus]:
    """Return all plugins, sorted by name and distribution. Imports none and reports problems without stopping.

    Raises only what reading the lock raises.
    """
    pins = read_pins(config_dir) or {}
    found = discover()
    unpinned = [each for each in found if not _is_pinned(each, pins)]
    lines = [_pinned(pin) for pin in pins.values()]
    for each in unpinned:
        rivals = {f"{other.distribution} {other.version}" for other in unpinned if other.name == each.name}
        if each.name in pins:
            rivals.add(f"{pins[each.name].distribution} {pins[each.name].version} (enabled)")
        lines.append(_unpinned(each, sorted(rivals)))
    return sorted(lines, key=lambda line: (line.name, line.distribution, line.entry_point))


def _is_pinned(installed: Installed, pins: Mapping[str, Pin]) -> bool:
    """Whether *installed* is the pinned one, changed or not, rather than another one of the same name."""
    pin = pins.get(installed.name)
    if pin is None:
        return False
    return Path(pin.path) == installed.folder or canonical(pin.distribution) == canonical(
        installed.distribution
    )


def _pinned(pin: Pin) -> PluginStatus:
    state: State = "enabled"
    reason = None
    try:
        check_pin(pin)
    except PalyraError as error:
        state, reason = _STATES.get(error.code, "changed"), error.message
    return PluginStatus(
        name=pin.name,
        distribution=pin.distribution,
        version=pin.version,
        entry_point=pin.entry_point,
        state=state,
        reason=reason,
        editable=pin.record == EDITABLE,
    )


def _unpinned(installed: Installed, rivals: Sequence[str]) -> PluginStatus:
    state: State = "not enabled"
    reason = None
    try:
        pin_of(installed)
    except PalyraError as error:
        state, reason = _STATES.get(error.code, "refused"), error.message
    if len(rivals) > 1:
        state, reason = "duplicate", f"the name is offered by {' and by '.join(rivals)}"
    return PluginStatus(
        name=installed.name,
        distribution=installed.distribution,
        version=installed.version,
        entry_point=installed.value,
        state=state,
        reason=reason,
    )
