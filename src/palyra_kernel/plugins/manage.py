"""Enable and disable: the only writers of ``plugins.lock``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from palyra_kernel.errors import ConflictError, IntegrityError, PalyraError
from palyra_kernel.plugins.discovery import discover
from palyra_kernel.plugins.distribution import EDITABLE
from palyra_kernel.plugins.files import file_findings
from palyra_kernel.plugins.host import PluginHost
from palyra_kernel.plugins.names import canonical
from palyra_kernel.plugins.pinning import pin_of, the_only
from palyra_kernel.plugins.pins import Pin, edited_pins, read_pins
from palyra_kernel.plugins.selection import not_enabled


def enable(config_dir: Path, name: str, builtins: Sequence[ModuleType] = ()) -> Pin:
    """Pin the installed plugin *name* as it is now, again if it was pinned before, and return the pin.

    Enabling is the operator's consent to run it, so it is loaded once here, with *builtins* and beside the other
    enabled plugins: what would stop the next start is refused now. Raises what :meth:`PluginHost.load` raises,
    :class:`NotFoundError` ``plugin_unknown``, :class:`ConflictError` ``plugin_duplicate`` and
    :class:`IntegrityError` ``file_changed``, ``file_missing`` or ``file_unlisted``.
    """
    before = read_pins(config_dir) or {}
    pin = pin_of(the_only(discover(), name))
    _check_files(pin)
    _check_same_distribution(before.get(name), pin)
    PluginHost([pin], builtins)
    try:
        PluginHost({**before, name: pin}.values(), builtins)
    except PalyraError as error:
        # Only a clash concerns this plugin; that another one is broken must not keep this one out.
        if error.code == "plugin_duplicate":
            raise
    with edited_pins(config_dir) as pins:
        _check_same_distribution(pins.get(name), pin)
        pins[name] = pin
    return pin


def disable(config_dir: Path, name: str) -> None:
    """Remove the pin of *name*. Nothing is imported or looked up: it works for what is broken or gone.

    Raises :class:`NotFoundError` ``plugin_not_enabled``.
    """
    if name not in (read_pins(config_dir) or {}):
        raise not_enabled(name)
    with edited_pins(config_dir) as pins:
        pins.pop(name, None)


def _check_files(pin: Pin) -> None:
    """What is pinned is what the distribution brought: files that were changed since are not enabled unseen."""
    if pin.record == EDITABLE:
        return
    for finding in file_findings(pin.name, Path(pin.path)):
        if finding.severity == "error":
            raise IntegrityError(
                finding.code, finding.message, hint="install the distribution again with pip"
            )


def _check_same_distribution(before: Pin | None, pin: Pin) -> None:
    """A new version is a routine; the same name from somebody else is not, and asks for a decision."""
    if before is not None and canonical(before.distribution) != canonical(pin.distribution):
        raise ConflictError(
            "plugin_duplicate",
            f"the plugin {pin.name!r} is enabled from {before.distribution} {before.version}; "
            f"installed is {pin.distribution} {pin.version}",
            hint=f"if you want to replace it, run `palyra plugins disable {pin.name}` first",
        )
