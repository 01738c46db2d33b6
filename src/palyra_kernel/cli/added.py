"""Commands that plugins add. Nobody's plugin is imported before a name was typed that is none of ours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from palyra_kernel.cli.context import Cli
from palyra_kernel.errors import ConflictError

if TYPE_CHECKING:
    from palyra_kernel.contracts.commands import Command
    from palyra_kernel.plugins.registry import Offer
    from palyra_kernel.session import Session


def added_command(name: str, given: Mapping[str, Any], taken: Collection[str]) -> click.Command | None:
    """The command *name* of an enabled plugin; None if none brings it. *given*: the global options, *taken*: the names
    of the kernel's own.

    Raises what loading plugins raises, and :class:`ConflictError` ``plugin_duplicate`` for a plugin that offers a
    command of the kernel.
    """
    from palyra_kernel.plugins.names import is_key

    if not is_key(name):
        return None
    offers = _offers(given)
    for offer in offers.values():
        if offer.key in taken:
            raise ConflictError(
                "plugin_duplicate",
                f"the {offer.origin} offers the command {offer.key!r}, which is the kernel's",
                hint=f"a command of the kernel cannot be replaced; run `palyra plugins disable {offer.plugin}`",
            )
    return _built(offers[name]) if name in offers else None


def _offers(given: Mapping[str, Any]) -> Mapping[str, Offer[Command]]:
    from palyra_kernel.config import find_places
    from palyra_kernel.plugins import PluginHost
    from palyra_kernel.plugins.pins import read_pins

    config_dir = find_places(given.get("state_root"), given.get("config_dir")).config_dir
    if not read_pins(config_dir):
        return {}
    return PluginHost.load(config_dir, names=given.get("plugins") or None).registry.commands


def _built(offer: Offer[Command]) -> click.Command:
    from palyra_kernel.plugins.foreign import WrongAnswer, shielded

    def build() -> click.Command:
        made: object = offer.cls().build()
        if not isinstance(made, click.Command):
            raise WrongAnswer(f"a {type(made).__name__} instead of a command of click")
        return made

    command = shielded(f"command {offer.key!r} of {offer.origin}", "build", build)
    command.name = offer.key
    _hand_place(command)
    return command


def _hand_place(command: click.Command) -> None:
    """Give *command* a place where ours have the global options, so that it gets a session and no kernel."""
    made: Callable[..., click.Context] = command.make_context

    def make_context(
        info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from palyra_kernel.contracts.commands import CommandPlace

        cli = None if parent is None else parent.obj
        if isinstance(cli, Cli):
            extra["obj"] = CommandPlace(session=lambda: _session(cli), as_json=cli.as_json)
        return made(info_name, args, parent=parent, **extra)

    command.make_context = make_context  # type: ignore[method-assign]  # of this object alone


@contextmanager
def _session(cli: Cli) -> Iterator[Session]:
    with cli.kernel() as kernel, cli.session(kernel) as session:
        yield session
