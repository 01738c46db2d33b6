"""The root of the command line: global options, and every outcome turned into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from palyra_kernel.cli.context import Cli
from palyra_kernel.cli.lazy import LazyGroup
from palyra_kernel.errors import InvalidInputError, PalyraError, UnavailableError

EXIT_USAGE = 2
_GLOBAL = ("--state-root", "--config-dir", "-p", "--passphrase-file", "--recovery-file")
EXIT_CANCELLED = 130
EXIT_BROKEN_PIPE = 141
"""The reader of the output went away: what a shell says of a program that SIGPIPE ended."""
TRACEBACK_VARIABLE = "PALYRA_TRACEBACK"

_COMMANDS = {
    "init": ("palyra_kernel.cli.init", "Make a vault."),
    "tour": ("palyra_kernel.cli.tour", "See what it does, in throwaway folders."),
    "secrets": ("palyra_kernel.cli.secrets", "Store, read and manage secrets."),
    "run": ("palyra_kernel.cli.run", "Run a program with secrets in its environment."),
    "vault": ("palyra_kernel.cli.vault", "Look after the vault itself."),
    "slots": ("palyra_kernel.cli.slots", "The ways to open the vault."),
    "plugins": ("palyra_kernel.cli.plugins", "What is installed, and what may run."),
    "doctor": ("palyra_kernel.cli.doctor", "Find what is wrong or weak."),
    "completion": ("palyra_kernel.cli.completion", "Print the completion script of your shell."),
}


@click.group(
    cls=LazyGroup,
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
    "--passphrase-file", metavar="FILE", help="Open the vault with the passphrase in FILE (- is stdin)."
)
@click.option(
    "--recovery-file", metavar="FILE", help="Open the vault with the recovery key in FILE (- is stdin)."
)
@click.pass_context
def app(
    ctx: click.Context,
    state_root: str | None,
    config_dir: str | None,
    plugins: tuple[str, ...],
    as_json: bool,
    passphrase_file: str | None,
    recovery_file: str | None,
) -> None:
    """Keep secrets, and hand them to the programs that need them."""
    ctx.obj = Cli(
        state_root=state_root,
        config_dir=config_dir,
        plugins=plugins,
        as_json=as_json,
        passphrase_file=passphrase_file,
        recovery_file=recovery_file,
    )


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. Every error ends here, and none shows a secret."""
    _no_core_dumps()
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json = "--json" in own  # also for errors in the arguments themselves
    if sys.stdout is None:
        return UnavailableError.exit_code  # closed before we started: there is nowhere to answer
    try:
        outcome = app.main(args=list(arguments), prog_name="palyra", standalone_mode=False)
        sys.stdout.flush()  # a disk that is full says so only now
    except (click.Abort, KeyboardInterrupt):
        _report(as_json, "cancelled", "cancelled", "cancelled", None)
        return EXIT_CANCELLED
    except SystemExit as ended:  # click's completion ends with 0, click without a reader of its output with 1
        return EXIT_BROKEN_PIPE if ended.code else 0
    except BrokenPipeError:
        _discard_output()
        return EXIT_BROKEN_PIPE
    except click.exceptions.NoArgsIsHelpError as error:
        if as_json:
            _report(as_json, "invalid_input", "usage", "a command is missing", "palyra --help")
        else:
            click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    except Exception as error:  # the last door: an unknown error is shown by type, never by text
        known = _known(error)
        if known is None:
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            hint = f"set {TRACEBACK_VARIABLE}=1 to see where, and report it"
            known = PalyraError("internal", f"internal error: {type(error).__name__}", hint=hint)
        if isinstance(error, OSError):
            _discard_output()
        _report(as_json, known.kind, known.code, known.message, known.hint)
        return known.exit_code
    return outcome if isinstance(outcome, int) else 0


def _discard_output() -> None:
    """Python would try to write what is left again when it ends, and complain."""
    with suppress(OSError):  # no file stands behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _known(error: Exception) -> PalyraError | None:
    """The error of ours for *error*, if it is not a defect."""
    if isinstance(error, PalyraError):
        return error
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = f"{context.command_path} --help" if context else "palyra --help"
        if isinstance(error, click.NoSuchOption) and error.option_name in _GLOBAL:
            hint = f"it goes before the command: palyra {error.option_name} … COMMAND"
        return InvalidInputError("usage", error.format_message(), hint=hint)
    if isinstance(error, OSError):
        from palyra_kernel.durable.oserrors import from_os_error

        return from_os_error(error, "running the command")
    return None


def _report(as_json: bool, kind: str, code: str, message: str, hint: str | None) -> None:
    if as_json:
        import msgspec

        error = {"kind": kind, "code": code, "message": message, "hint": hint}
        click.echo(msgspec.json.encode({"error": error}), err=True)
        return
    click.echo(f"palyra: {message}", err=True)
    if hint:
        click.echo(f"  hint: {hint}", err=True)


def _no_core_dumps() -> None:
    """A crash must not write decrypted memory to a file. Only the soft limit: a child program may raise it again."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
