"""A process whose memory is searched. It hears one command a line, does it, and waits.

Secrets arrive masked, as hexadecimal digits of the bytes XOR 0xA5, and exist in clear only in buffers of ours.
"""

import gc
import sys
from pathlib import Path

from palyra_kernel import IntegrityError, Kernel, SensitiveBytes, Unlock
from tests.support import Places

MASK = 0xA5


def secret(masked: str) -> SensitiveBytes:
    buffer = bytearray.fromhex(masked)
    for at in range(len(buffer)):
        buffer[at] ^= MASK
    return SensitiveBytes.adopt(buffer)


class Actor:
    """What the commands do. Nothing of a command is kept but ``kernel`` and ``kept``."""

    def __init__(self, base: str) -> None:
        self.places = Places(Path(base))
        self.no_keys = Path(base) / "no-keys"
        self.kernel: Kernel | None = None
        self.kept: list[SensitiveBytes] = []

    def create(self) -> None:
        self.kernel = self.places.create()

    def open(self) -> None:
        self.kernel = self.places.open()

    def open_by_passphrase(self, masked: str) -> None:
        with secret(masked) as passphrase:
            unlock = Unlock(key_folder=self.no_keys, passphrase=passphrase)
            self.kernel = self.places.open(unlock=unlock)

    def open_by_recovery_key(self, masked: str) -> None:
        with secret(masked) as recovery_key:
            unlock = Unlock(key_folder=self.no_keys, recovery_key=recovery_key)
            self.kernel = self.places.open(unlock=unlock)

    def fail_to_open(self, masked: str) -> None:
        try:
            self.open_by_passphrase(masked)
        except IntegrityError:
            return
        raise AssertionError("it opened")

    def put(self, ref: str, masked: str) -> None:
        assert self.kernel is not None
        with secret(masked) as value:
            self.kernel.vault.put(ref, value)

    def get(self, ref: str) -> None:
        assert self.kernel is not None
        with self.kernel.vault.get(ref) as value:
            assert len(value)

    def get_many(self, *refs: str) -> None:
        assert self.kernel is not None
        for value in self.kernel.vault.get_many(refs).values():
            value.wipe()

    def forget(self, ref: str) -> None:
        """The caller drops the value, and wipes nothing."""
        assert self.kernel is not None
        self.kernel.vault.get(ref)

    def fail_to_get(self, ref: str) -> None:
        assert self.kernel is not None
        try:
            self.kernel.vault.get(ref)
        except IntegrityError:
            return
        raise AssertionError("it was given out")

    def verify(self) -> None:
        assert self.kernel is not None
        assert [finding for finding in self.kernel.verify() if finding.severity == "error"] == []

    def add_slot(self, masked: str) -> None:
        assert self.kernel is not None
        with secret(masked) as passphrase:
            slot = self.kernel.slots.add("passphrase", Unlock(passphrase=passphrase), unlock=Unlock())
            self.kernel.slots.drill(slot.id, Unlock(passphrase=passphrase))

    def backup(self, path: str) -> None:
        assert self.kernel is not None
        self.kernel.backup(path, unlock=Unlock())

    def restore(self, path: str, signer: str, masked: str) -> None:
        with secret(masked) as recovery_key:
            Kernel.restore(
                path,
                recovery_key=recovery_key,
                signer=signer,
                plugins=["file"],
                state_root=self.places.state_root.with_name("restored"),
                config_dir=self.places.config_dir.with_name("restored-config"),
            )

    def keep(self, masked: str) -> None:
        self.kept.append(secret(masked))

    def close(self) -> None:
        assert self.kernel is not None
        self.kernel.close()

    def drop(self) -> None:
        self.kernel = None
        gc.collect()


def main(base: str) -> None:
    actor = Actor(base)
    for line in sys.stdin:
        command, *arguments = line.split()
        getattr(actor, command)(*arguments)
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
