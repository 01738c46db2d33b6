"""From arguments to an exit code: the short way for the plainest of them, click for all others."""

from __future__ import annotations

from collections.abc import Sequence

from palyra_kernel.cli.outcome import settled
from palyra_kernel.cli.plain import plain_reveal


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code (see ``docs/cli.md``)."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json = "--json" in own  # also for errors in the arguments themselves
    return settled(lambda: _act(arguments, as_json=as_json), as_json=as_json)


def _act(arguments: Sequence[str], *, as_json: bool) -> object:
    plain = plain_reveal(arguments)
    if plain is None:
        from palyra_kernel.cli.app import act

        return act(arguments, as_json=as_json)
    from palyra_kernel.cli.context import Cli
    from palyra_kernel.cli.reveal import hand_out

    ref, state_root, config_dir = plain
    hand_out(Cli(state_root=state_root, config_dir=config_dir), ref)
    return 0
