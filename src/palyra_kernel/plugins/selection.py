"""Which plugins does this process want: ``-p NAME``, ``-p no:NAME``, ``Kernel.open(plugins=[...])``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from palyra_kernel.errors import InvalidInputError, NotFoundError
from palyra_kernel.plugins.names import is_plugin_name, shown
from palyra_kernel.plugins.pins import Pin, read_pins

_DROP = "no:"


def selected_pins(config_dir: Path | None, names: Sequence[str] | None) -> list[Pin]:
    """Return the pins to load, sorted by name.

    Without *names* all that are enabled. ``NAME`` narrows to the named ones, ``no:NAME`` drops one, and an empty
    list means none. Where there is no lock at all, or no *config_dir*, the names are the whole set for this
    process and are looked up among what is installed.

    Raises :class:`InvalidInputError` ``plugin_name``, :class:`NotFoundError` ``plugin_not_enabled`` for a name that
    the lock does not hold, and what reading the lock and looking up raise.
    """
    wanted, dropped = _split(names)
    pins = read_pins(config_dir) if config_dir is not None else None
    if pins is None:
        return _installed(wanted - dropped)
    for name in sorted(wanted):
        if name not in pins:
            raise not_enabled(name)
    chosen = wanted if wanted or (names is not None and not names) else set(pins)
    return [pins[name] for name in sorted(chosen - dropped)]


def not_enabled(name: str) -> NotFoundError:
    """The error for a plugin that is not in the lock."""
    return NotFoundError(
        "plugin_not_enabled",
        f"the plugin {shown(name)!r} is not enabled",
        hint=f"run `palyra plugins enable {shown(name)}`; `palyra plugins list` shows what is installed",
    )


def _split(names: Sequence[str] | None) -> tuple[set[str], set[str]]:
    wanted: set[str] = set()
    dropped: set[str] = set()
    if isinstance(names, str):
        raise InvalidInputError(
            "plugin_name", "plugins are given as a list of names", hint='plugins=["file"]'
        )
    for given in names or ():
        name = given.removeprefix(_DROP)
        if not is_plugin_name(name):
            raise InvalidInputError(
                "plugin_name",
                f"{shown(given)!r} is not the name of a plugin",
                hint="lower-case letters, digits, '_' and '-'; with 'no:' before it to drop one",
            )
        (dropped if given.startswith(_DROP) else wanted).add(name)
    return wanted, dropped


def _installed(names: set[str]) -> list[Pin]:
    if not names:
        return []
    from palyra_kernel.plugins.discovery import discover  # the one run that scans
    from palyra_kernel.plugins.pinning import pin_of, the_only

    found = discover()
    return [pin_of(the_only(found, name)) for name in sorted(names)]
