"""From an installed plugin to its pin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from palyra_kernel import __version__
from palyra_kernel.errors import ConflictError, NotFoundError, UnavailableError
from palyra_kernel.plugins.compat import kernel_range, require_kernel
from palyra_kernel.plugins.discovery import Installed
from palyra_kernel.plugins.distribution import damaged, read_distribution
from palyra_kernel.plugins.names import is_plugin_name, shown, split_entry_point
from palyra_kernel.plugins.pins import Pin
from palyra_kernel.plugins.verify import metadata_folders


def the_only(found: Sequence[Installed], name: str) -> Installed:
    """Return the one installed plugin called *name*.

    Raises :class:`NotFoundError` ``plugin_unknown`` and :class:`ConflictError` ``plugin_duplicate``.
    """
    matches = [each for each in found if each.name == name]
    if not matches:
        raise NotFoundError(
            "plugin_unknown",
            f"no installed distribution offers a plugin {shown(name)!r}",
            hint="install one with pip; `palyra plugins list` shows what is there",
        )
    if len(matches) > 1:
        raise ConflictError(
            "plugin_duplicate",
            f"the plugin {name!r} is offered by {' and by '.join(map(str, matches))}",
            hint="uninstall all but one of them",
        )
    return matches[0]


def pin_of(installed: Installed) -> Pin:
    """Return the pin for *installed* as it is now; nothing of it is imported.

    Raises :class:`UnavailableError` ``plugin_refused`` (a name or entry point that we do not accept, or no
    ``.dist-info`` folder) and ``plugin_incompatible``; :class:`IntegrityError` ``plugin_metadata``.
    """
    folder = installed.folder
    if folder is None or folder.suffix != ".dist-info" or not folder.is_dir():
        raise _refused(installed, "it is not installed as a .dist-info folder, so nothing can be pinned")
    folder = Path(folder).absolute()
    found = read_distribution(folder)
    if found.entry_points.get(installed.name) != installed.value:
        raise damaged(folder, f"says two things about the plugin {installed.name!r}")
    if not str(folder).isprintable():
        raise _refused(installed, "the path of its .dist-info folder has characters that cannot be shown")
    if not is_plugin_name(installed.name):
        raise _refused(installed, "a name is lower-case letters, digits, '_' and '-'")
    if split_entry_point(installed.value) is None:
        raise _refused(installed, "its entry point is neither MODULE nor MODULE:ATTRIBUTE")
    twins = metadata_folders(folder.parent, found.name)
    if len(twins) > 1:  # an upgrade that stopped halfway
        raise damaged(folder, f"is not the only one of {found.name}: {', '.join(twins)}")
    accepted = kernel_range(found)
    require_kernel(accepted, f"{found.name} {found.version}")
    return Pin(
        name=installed.name,
        entry_point=installed.value,
        distribution=found.name,
        version=found.version,
        path=str(folder),
        record=found.record,
        requires_kernel=accepted,
        kernel=__version__,
    )


def _refused(installed: Installed, why: str) -> UnavailableError:
    return UnavailableError(
        "plugin_refused", f"the plugin {installed.name!r} of {installed} cannot be enabled: {why}"
    )
