"""``palyra plugins doctor``: a look at everything that a start does not have the time to look at.

It imports no plugin, and works while one is broken, changed or gone. What it compares with, RECORD, can be rewritten by
whoever can write to the environment: it finds accidents and carelessness, not a careful intruder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from palyra_kernel.errors import PalyraError
from palyra_kernel.plugins.distribution import EDITABLE
from palyra_kernel.plugins.files import file_findings, listed_files
from palyra_kernel.plugins.listing import listing
from palyra_kernel.plugins.names import shown
from palyra_kernel.plugins.pins import Pin, read_pins
from palyra_kernel.plugins.pth import executable_pth, site_folders
from palyra_kernel.plugins.verify import check_pin, metadata_folders
from palyra_kernel.values.findings import Finding


def diagnose(config_dir: Path) -> list[Finding]:
    """Return what is wrong (``error``), suspicious (``warning``) or good to know (``info``) about plugins.

    ``error``: the codes of :func:`~palyra_kernel.plugins.verify.check_pin`, ``file_changed``, ``file_missing``,
    ``file_unlisted``, ``executable_pth`` of an enabled plugin. ``warning``: ``executable_pth`` of anybody,
    ``plugin_duplicate``, ``file_unhashed``. ``info``: ``plugin_not_enabled``, ``plugin_editable``.
    Raises only what reading the lock raises.
    """
    pins = read_pins(config_dir) or {}
    found: list[Finding] = []
    for pin in pins.values():
        found += _pinned(pin)
    found += _pth(list(pins.values()))
    found += _not_enabled(config_dir, pins)
    return found


def _pinned(pin: Pin) -> Iterator[Finding]:
    try:
        check_pin(pin)
    except PalyraError as error:
        yield Finding(
            severity="error", code=error.code, subject=pin.name, message=error.message, hint=error.hint
        )
    folder = Path(pin.path)
    if not folder.is_dir():
        return
    twins = metadata_folders(folder.parent, pin.distribution)
    if len(twins) > 1:
        yield Finding(
            severity="error",
            code="plugin_metadata",
            subject=pin.name,
            message=f"{folder.parent} describes {pin.distribution} more than once: {', '.join(twins)}",
            hint="an upgrade stopped halfway: install it again",
        )
    if pin.record == EDITABLE:
        yield Finding(
            severity="info",
            code="plugin_editable",
            subject=pin.name,
            message=f"{pin} runs from a working tree; its files are not checked",
        )
        return
    yield from file_findings(pin.name, folder)


def _pth(pins: list[Pin]) -> Iterator[Finding]:
    """Executable ``.pth`` files, and whose they are."""
    sites = [Path(pin.path).parent for pin in pins]
    files = [path for folder in site_folders(sites) for path in executable_pth(folder)]
    if not files:
        return
    owners = {file: pin for pin in pins if pin.record != EDITABLE for file in listed_files(Path(pin.path))}
    for path in files:
        owner = owners.get(path)
        yield Finding(
            severity="error" if owner else "warning",
            code="executable_pth",
            subject=owner.name if owner else shown(path.name),
            message=f"{shown(str(path), 500)} runs code at every start of this Python"
            + (f", and {owner} brought it" if owner else ""),
            hint="read it; editable installs and virtualenv bring such files, a plugin has no need to",
        )


def _not_enabled(config_dir: Path, pins: Mapping[str, Pin]) -> Iterator[Finding]:
    for line in listing(config_dir):
        if line.state == "duplicate":
            yield Finding(
                severity="warning",
                code="plugin_duplicate",
                subject=line.name,
                message=line.reason or "",
                hint="uninstall what you do not use",
            )
        elif line.state in {"not enabled", "incompatible", "refused"} and line.name not in pins:
            yield Finding(
                severity="info",
                code="plugin_not_enabled",
                subject=line.name,
                message=f"{line.distribution} {line.version} offers {line.name!r}, which is not enabled"
                + (f": {line.reason}" if line.reason else ""),
            )
