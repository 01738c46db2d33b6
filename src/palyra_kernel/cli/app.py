"""The root of the command line: global options, and what click makes of the arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from palyra_kernel.cli.context import Cli
from palyra_kernel.cli.lazy import LazyGroup
from palyra_kernel.cli.outcome import EXIT_BROKEN_PIPE, EXIT_USAGE, Cancelled, tell
from palyra_kernel.errors import InvalidInputError

_GLOBAL = (
    "--state-root",
    "--config-dir",
    "-p",
    "--as",
    "--passphrase-file",
    "--recovery-file",
    "--interactive",
)

_COMMANDS = {
    "init": ("palyra_kernel.cli.init", "Make a vault."),
    "tour": ("palyra_kernel.cli.tour", "See what it does, in throwaway folders."),
    "secrets": ("palyra_kernel.cli.secrets", "Store, read and manage secrets."),
    "run": ("palyra_kernel.cli.run", "Run a program with secrets in its environment."),
    "credential": ("palyra_kernel.cli.credential", "Hand passwords to git, docker and AWS programs."),
    "render": ("palyra_kernel.cli.render", "Fill secrets into a template."),
    "resolve": ("palyra_kernel.cli.resolve", "See whether references have values."),
    "explain": ("palyra_kernel.cli.explain", "See what a reference costs, and why it is refused."),
    "vault": ("palyra_kernel.cli.vault", "Look after the vault itself."),
    "slots": ("palyra_kernel.cli.slots", "The ways to open the vault."),
    "audit": ("palyra_kernel.cli.audit", "What happened, and its proof."),
    "principals": ("palyra_kernel.cli.principals", "Who may act, and what was granted to them."),
    "policy": ("palyra_kernel.cli.policy", "What may happen, and why."),
    "auth": ("palyra_kernel.cli.auth", "Logins and keys for providers."),
    "approvals": ("palyra_kernel.cli.approvals", "What waits for a human, and the answer."),
    "serve": ("palyra_kernel.cli.serve", "Answer devices, until you stop it."),
    "pairing": ("palyra_kernel.cli.pairing", "Let devices in."),
    "device": ("palyra_kernel.cli.device", "This machine as a device of a gateway elsewhere."),
    "node": ("palyra_kernel.cli.node", "This machine takes work from its gateway."),
    "devices": ("palyra_kernel.cli.devices", "The devices that were let in."),
    "nodes": ("palyra_kernel.cli.nodes", "Devices that take work."),
    "ca": ("palyra_kernel.cli.ca", "What certifies devices."),
    "plugins": ("palyra_kernel.cli.plugins", "What is installed, and what may run."),
    "doctor": ("palyra_kernel.cli.doctor", "Find what is wrong or weak."),
    "completion": ("palyra_kernel.cli.completion", "Print the completion script of your shell."),
}


class Root(LazyGroup):
    """The commands of the kernel, then those of enabled plugins: looked for when nothing else is called so."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        found = super().get_command(ctx, cmd_name)
        if found is None and not ctx.resilient_parsing:
            from palyra_kernel.cli.added import added_command

            found = added_command(cmd_name, ctx.params, set(_COMMANDS))
        return found


@click.group(
    cls=Root,
    commands_table=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="palyra-kernel", message="palyra %(version)s")
@click.option("--state-root", metavar="DIR", help="Where the vault is (PALYRA_STATE_ROOT).")
@click.option(
    "--config-dir", metavar="DIR", help="Where configuration and key files are (PALYRA_CONFIG_DIR)."
)
@click.option(
    "-p",
    "plugins",
    multiple=True,
    metavar="NAME",
    help="Use only this enabled plugin; no:NAME leaves one out.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON for programs; errors too.")
@click.option(
    "--as",
    "acting_as",
    metavar="WHO",
    help="Act as a principal, like channel:NAME:ACCOUNT, or for skill:ID; you vouch for it.",
)
@click.option(
    "--passphrase-file", metavar="FILE", help="Open the vault with the passphrase in FILE (- is stdin)."
)
@click.option(
    "--recovery-file", metavar="FILE", help="Open the vault with the recovery key in FILE (- is stdin)."
)
@click.option(
    "--interactive", is_flag=True, help="The store that holds the vault's key may ask you to unlock it."
)
@click.pass_context
def app(ctx: click.Context, /, **options: Any) -> None:
    """Keep secrets, and hand them to the programs that need them."""
    ctx.obj = Cli(**options)


def act(arguments: Sequence[str], *, as_json: bool) -> object:
    """Do what the arguments say; return an exit code, or nothing for 0. What click raises becomes ours."""
    try:
        return app.main(args=list(arguments), prog_name="palyra", standalone_mode=False)
    except click.Abort:
        raise Cancelled from None
    except SystemExit as ended:  # click's completion ends with 0, click without a reader of its output with 1
        return EXIT_BROKEN_PIPE if ended.code else 0
    except click.exceptions.NoArgsIsHelpError as error:
        if as_json:
            raise InvalidInputError("usage", "a command is missing", hint="palyra --help") from None
        tell(error.format_message())
        return EXIT_USAGE
    except click.ClickException as error:
        raise _usage(error, arguments) from None


def _usage(error: click.ClickException, arguments: Sequence[str]) -> InvalidInputError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"{context.command_path} --help" if context else "palyra --help"
    if isinstance(error, click.NoSuchOption) and error.option_name in _GLOBAL:
        hint = f"it goes before the command: palyra {error.option_name} … COMMAND"
    return InvalidInputError("usage", _unquoted(error, arguments), hint=hint)


def _unquoted(error: click.ClickException, arguments: Sequence[str]) -> str:
    """What click says, without what was typed: a secret in the wrong place must not be shown for it.

    Shown are options that look like options, and what is nearly the name of a command.
    """
    message = error.format_message()
    if type(error) is click.UsageError:  # "Got unexpected extra arguments (…)"; no text of ours has brackets
        return _BRACKETS.sub("(not shown)", message)
    from difflib import get_close_matches  # for mistakes only

    known = _commands(error)
    for word in arguments:
        for typed in (word, *word.partition("="), word[:2], word[2:]):
            if not (get_close_matches(typed, known) or _OPTION.fullmatch(typed)):
                message = message.replace(repr(typed), "(not shown)")
    return message


def _commands(error: click.ClickException) -> list[str]:
    """The commands of which *error* says that there is no such."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or not isinstance(context.command, click.Group):
        return []
    return context.command.list_commands(context)


_BRACKETS = re.compile(r"\(.*\)", re.DOTALL)
_OPTION = re.compile(r"--?[a-z][a-z-]{0,23}")
