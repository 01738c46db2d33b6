"""``palyra auth profiles``: what is there, how it stands, and which one is chosen."""

from __future__ import annotations

import click

from palyra_kernel.cli.lazy import LazyGroup

_HOME = "palyra_kernel.cli.auth.profiles"
_COMMANDS = {
    "list": (f"{_HOME}.list", "List the profiles."),
    "show": (f"{_HOME}.show", "Show one profile, without its secrets."),
    "explain": (f"{_HOME}.explain", "See what would be chosen, and why nothing else."),
    "use": (f"{_HOME}.use", "Make a profile the default of its provider."),
    "order": (f"{_HOME}.order", "Say which profiles may be used, and in which order."),
    "test": (f"{_HOME}.test", "Try a credential at its provider."),
    "refresh": (f"{_HOME}.refresh", "Refresh a login now."),
    "enable": (f"{_HOME}.enable", "Use a profile again."),
    "disable": (f"{_HOME}.disable", "Use a profile no more, and keep it."),
    "clear": (f"{_HOME}.clear", "Forget the failures of a profile."),
    "rename": (f"{_HOME}.rename", "Give a profile another name."),
    "health": (f"{_HOME}.health", "How all profiles stand."),
    "doctor": (f"{_HOME}.doctor", "Find what is wrong with profiles."),
    "export": (f"{_HOME}.export", "Write the profiles as TOML, without secrets."),
    "import": (f"{_HOME}.importing", "Read profiles from TOML."),
    "edit": (f"{_HOME}.edit", "Edit the profiles as TOML."),
}


@click.group("profiles", cls=LazyGroup, commands_table=_COMMANDS)
def command() -> None:
    """What profiles there are, how they stand, and which one is chosen.

    What only reads decrypts nothing, asks nobody and changes nothing.
    """
