"""The slots of a new vault: collected before anything is made, proved before anything is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from palyra_kernel.cli.context import ask_hidden, signer_line
from palyra_kernel.cli.files import write_private
from palyra_kernel.contracts import Unlock
from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.kernel import NewSlot

if TYPE_CHECKING:
    from palyra_kernel import Kernel, SensitiveBytes
    from palyra_kernel.cli.context import Cli

SLOT_KINDS = ("file", "passphrase", "recovery")


class NewSlots(NamedTuple):
    """What will open the new vault."""

    new: tuple[NewSlot, ...]
    unlock: Unlock

    @property
    def recovery_key(self) -> SensitiveBytes | None:
        """The recovery key, if there is a slot for one."""
        return self.unlock.recovery_key

    def write_recovery_key(self, path: str) -> None:
        """Write it before the vault exists: there must never be a vault whose recovery key is lost."""
        assert self.recovery_key is not None  # noqa: S101  # the options were checked
        write_private(path, self.recovery_key.reveal() + b"\n")

    def write_signer(self, path: str, signer: str) -> None:
        """Complete the sheet, now that there is a vault whose backups somebody signs."""
        assert self.recovery_key is not None  # noqa: S101  # the options were checked
        write_private(path, self.recovery_key.reveal() + b"\n" + signer_line(signer), force=True)


def collect_slots(cli: Cli, kinds: tuple[str, ...], suite: str) -> NewSlots:
    """Ask for a passphrase and make a recovery key, as *kinds* need them. Writes nothing."""
    passphrase = recovery_key = None
    new: list[NewSlot] = []
    for kind in kinds:
        if kind == "passphrase":
            passphrase = cli.unlock().passphrase or ask_hidden("New passphrase", confirm=True)
            new.append(NewSlot(kind, Unlock(passphrase=passphrase), _passphrase_params()))
        elif kind == "recovery":
            from palyra_kernel.keys.recovery import generate

            recovery_key, params = generate(suite)
            new.append(NewSlot(kind, Unlock(recovery_key=recovery_key), dict(params)))
        else:
            new.append(NewSlot(kind, Unlock(), {}))
    return NewSlots(tuple(new), Unlock(passphrase=passphrase, recovery_key=recovery_key))


def prove_slots(kernel: Kernel, slots: NewSlots) -> None:
    """Open the vault once by each slot. Fails if somebody else made the vault first: then our keys fit nothing."""
    made = kernel.slots.list()
    kinds, asked = [slot.kind for slot in made], [slot.kind for slot in slots.new]
    if kinds not in (asked, [*asked, kernel.backend_kind]):  # the backend may bring one along
        raise _other_vault(kernel)
    for slot in made:
        try:
            kernel.slots.drill(slot.id, slots.unlock)
        except IntegrityError:
            raise _other_vault(kernel) from None


def _other_vault(kernel: Kernel) -> ConflictError:
    return ConflictError("exists", f"somebody else just made a vault in {kernel.places.state_root}")


def _passphrase_params() -> dict[str, str | int]:
    from palyra_kernel.keys.passphrase import DEFAULTS

    return dict(DEFAULTS)
