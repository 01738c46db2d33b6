"""Is what is installed now what the operator enabled?"""

from __future__ import annotations

from pathlib import Path

from palyra_kernel import __version__
from palyra_kernel.errors import IntegrityError, UnavailableError
from palyra_kernel.plugins.distribution import Distribution, read_distribution
from palyra_kernel.plugins.names import canonical, shown
from palyra_kernel.plugins.pins import Pin


def check_pin(pin: Pin) -> Distribution:
    """Return the installed distribution if it is still the one that *pin* describes.

    Raises :class:`UnavailableError` ``plugin_missing`` and ``plugin_incompatible``, :class:`IntegrityError`
    ``plugin_changed`` and ``plugin_metadata``.
    """
    folder = Path(pin.path)
    if not (folder / "METADATA").exists():
        if others := metadata_folders(folder.parent, pin.distribution):
            raise changed(pin, f"{', '.join(others)} is installed instead")
        raise missing(pin, f"there is no {folder}")
    found = read_distribution(folder)
    differences = [
        what
        for what, same in (
            ("distribution", canonical(found.name) == canonical(pin.distribution)),
            ("version", found.version == pin.version),
            ("entry point", found.entry_points.get(pin.name) == pin.entry_point),
            ("RECORD", found.record == pin.record),
        )
        if not same
    ]
    if differences:
        raise changed(pin, f"its {', '.join(differences)} changed")
    if pin.kernel != __version__:
        from palyra_kernel.plugins.compat import kernel_range, require_kernel

        require_kernel(kernel_range(found), str(pin))
    return found


def metadata_folders(site: Path, distribution: str) -> list[str]:
    """Names of all ``.dist-info`` folders in *site* that describe *distribution*; one, if all is well."""
    return sorted(
        shown(each.name)
        for each in site.glob("*.dist-info")
        if canonical(each.stem.partition("-")[0]) == canonical(distribution)
    )


def changed(pin: Pin, how: str) -> IntegrityError:
    """The error for a plugin that is there and is not the pinned one."""
    return IntegrityError(
        "plugin_changed",
        f"{pin} is not what was enabled: {how}",
        hint=f"if you changed it on purpose, run `palyra plugins enable {pin.name}`",
    )


def missing(pin: Pin, how: str) -> UnavailableError:
    """The error for a plugin that is enabled and not there."""
    return UnavailableError(
        "plugin_missing",
        f"{pin} is enabled but not installed: {how}",
        hint=f"install {pin.distribution} and run `palyra plugins enable {pin.name}`, "
        f"or run `palyra plugins disable {pin.name}`",
    )
