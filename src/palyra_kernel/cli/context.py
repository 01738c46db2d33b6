"""What the global options say, and how a command gets at the kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from palyra_kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from palyra_kernel import Kernel, SensitiveBytes, Unlock
    from palyra_kernel.config import Places
    from palyra_kernel.kernel.opening import Consent
    from palyra_kernel.session import Session

_MAX_KEY_FILE = 16_384
SIGNER_LABEL = b"signer"


class Sheet(NamedTuple):
    """A recovery sheet: the key, and the fingerprint of who signs backups if it is there too."""

    key: SensitiveBytes
    signer: str | None


class Cli:
    """The global options of one run; ``ctx.obj`` of every command."""

    def __init__(
        self,
        *,
        state_root: str | None = None,
        config_dir: str | None = None,
        plugins: tuple[str, ...] = (),
        as_json: bool = False,
        passphrase_file: str | None = None,
        recovery_file: str | None = None,
        interactive: bool = False,
        acting_as: str | None = None,
    ) -> None:
        self.state_root = state_root
        self.config_dir = config_dir
        self.plugins = plugins or None
        self.as_json = as_json
        self.passphrase_file = passphrase_file
        self.recovery_file = recovery_file
        self.interactive = interactive
        self.acting_as = acting_as
        self._opened_with: Unlock | None = None

    def places(self) -> Places:
        """The two folders, without opening anything."""
        from palyra_kernel.config import find_places

        return find_places(self.state_root, self.config_dir)

    def kernel(self, *, consent: Consent | None = None, backend: str | None = None) -> Kernel:
        """Open the vault; the command closes it. Asks for the passphrase on a terminal if nothing else opens.
        *backend* takes the place of what palyra.toml prefers."""
        from palyra_kernel.errors import UnavailableError

        try:
            return self._open(self.unlock(), consent, backend)
        except UnavailableError as error:
            if error.code != "no_slot_opens" or self.passphrase_file or not on_terminal():
                raise
            if not self._has_passphrase_slot():
                raise
        return self._open(self._asked(), consent, backend)

    def session(self, kernel: Kernel, *, reveals: bool = True) -> Session:
        """Act as the user of the operating system, or as whom ``--as`` names, for whom that user vouches.

        With *reveals* the values that are read leave this process.
        """
        from palyra_kernel.access.system import system_principal

        user, purpose = system_principal(), _command()
        if self.acting_as is None:
            return kernel.session(user, purpose=purpose, surface="cli", reveals=reveals)
        from palyra_kernel.cli.acting import session_as

        return session_as(kernel, user, self.acting_as, purpose=purpose, reveals=reveals)

    @contextmanager
    def acting(self, kernel: Kernel, action: str) -> Iterator[None]:
        """Do *action* to the vault itself in the block: decided before, and written down."""
        from palyra_kernel.values.decisions import VAULT

        with self.session(kernel) as session, session.act(action, VAULT):
            yield

    def reopened(self) -> Kernel:
        """Open the vault once more, with what opened it before."""
        return self._open(self.opened_with())

    def _has_passphrase_slot(self) -> bool:
        from palyra_kernel.keys.slots import KEYRING_FILE, read_keyring

        slots = read_keyring(self.places().state_root / KEYRING_FILE).slots
        return any(slot.kind == "passphrase" for slot in slots)

    def opened_with(self) -> Unlock:
        """What opened the vault, for commands that open the root key again."""
        import msgspec

        return msgspec.structs.replace(self._opened_with or self.unlock(), interactive=self.interactive)

    def unlock(self) -> Unlock:
        """What the options bring to open a slot."""
        from palyra_kernel.contracts import Unlock

        sheet = self.sheet()
        return Unlock(
            passphrase=read_key_file(self.passphrase_file),
            recovery_key=sheet.key if sheet else None,
            interactive=self.interactive,
        )

    def sheet(self) -> Sheet | None:
        """The recovery sheet that the options name."""
        return None if self.recovery_file is None else read_sheet(self.recovery_file)

    def _open(self, unlock: Unlock, consent: Consent | None = None, backend: str | None = None) -> Kernel:
        from palyra_kernel.kernel import Kernel

        self._opened_with = unlock
        return Kernel.open(
            state_root=self.state_root,
            config_dir=self.config_dir,
            plugins=self.plugins,
            unlock=unlock,
            consent=consent,
            backend=backend,
        )

    def _asked(self) -> Unlock:
        from palyra_kernel.contracts import Unlock

        sheet = self.sheet()
        return Unlock(passphrase=ask_hidden("Passphrase"), recovery_key=sheet.key if sheet else None)


def _command() -> str:
    """The command that runs, without its arguments: why a session acts."""
    click = sys.modules.get("click")  # the short way does without it
    context = None if click is None else click.get_current_context(silent=True)
    return "palyra secrets get" if context is None else str(context.command_path)


def read_key_file(path: str | None) -> SensitiveBytes | None:
    """Read a passphrase or recovery key: one line, its line end not included; ``-`` is standard input."""
    return None if path is None else _read_key(path)


def _read_key(path: str) -> SensitiveBytes:
    from palyra_kernel.values.sensitive import SensitiveBytes

    if path == "-":
        data = sys.stdin.buffer.read(_MAX_KEY_FILE + 1)
    else:
        from palyra_kernel.durable.files import read_file

        data = read_file(Path(path).absolute(), limit=_MAX_KEY_FILE)
    if len(data) > _MAX_KEY_FILE:
        raise InvalidInputError("key_file_too_large", f"a key file has at most {_MAX_KEY_FILE} bytes")
    return SensitiveBytes(data.rstrip(b"\r\n"))


def read_sheet(path: str) -> Sheet:
    """Read a recovery sheet: the key, and perhaps a last line ``signer: FINGERPRINT``.

    Whatever else stands in it is taken for a part of the key, whose checksum then does not fit.
    """
    from palyra_kernel.values.sensitive import SensitiveBytes

    with _read_key(path) as whole:
        key, _, last = whole.reveal().rpartition(b"\n")
        label, colon, fingerprint = last.partition(b":")
        if not colon or label.strip().lower() != SIGNER_LABEL:
            return Sheet(SensitiveBytes(whole.view()), None)
    from palyra_kernel.keys.signer import parse_fingerprint

    return Sheet(SensitiveBytes(key), parse_fingerprint(fingerprint.decode("ascii", "replace")))


def signer_line(fingerprint: str) -> bytes:
    """The line of a recovery sheet that :func:`read_sheet` finds again."""
    return SIGNER_LABEL + f": {fingerprint}\n".encode()


def on_terminal() -> bool:
    """Whether there is somebody to ask. A closed standard input is nobody."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask_hidden(prompt: str, *, confirm: bool = False) -> SensitiveBytes:
    """Ask on the terminal without echo. Refuses where there is no terminal."""
    import click

    from palyra_kernel.cli.outcome import Cancelled
    from palyra_kernel.values.sensitive import SensitiveBytes

    if not on_terminal():
        raise InvalidInputError(
            "no_terminal", f"{prompt}: there is no terminal to ask on", hint="use a file option"
        )
    try:
        answer: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    except click.Abort:
        raise Cancelled from None
    return SensitiveBytes(answer.encode())
