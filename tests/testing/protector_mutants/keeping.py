"""Broken about slots side by side."""

from palyra_kernel.errors import UnavailableError
from tests.testing.protector_mutants import Healthy


class HasOneFileAVault(Healthy):
    breaks = "test_a_second_slot_spares_the_first"

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        if key.reveal() != bytes(32):
            last = unlock.key_folder / f"last-{context.vault_id}"
            if last.exists():
                (unlock.key_folder / last.read_text()).unlink(missing_ok=True)
            last.write_text(slot["file"])
        return slot


class HasOneFile(Healthy):
    breaks = "test_another_vault_spares_this_one"

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        last = unlock.key_folder / "last"
        if last.exists() and key.reveal() == bytes(32) and last.read_text()[:32] != context.vault_id:
            self.victim = unlock.key_folder / last.read_text()[32:]
            self.victim.rename(self.victim.with_suffix(".old"))
        last.write_text(context.vault_id + slot["file"])
        return slot

    def forget(self, slot, context, unlock):
        super().forget(slot, context, unlock)
        for old in unlock.key_folder.glob("*.old"):
            old.rename(old.with_suffix(""))


class ForgetsOnce(Healthy):
    breaks = "test_forget_is_idempotent"

    def forget(self, slot, context, unlock):
        if not (unlock.key_folder / slot["file"]).exists():
            raise UnavailableError("salt_missing", "the salt is not there")
        super().forget(slot, context, unlock)


class ForgetsEverybody(Healthy):
    breaks = "test_forget_spares_another_vault"
    vaults: frozenset[str] = frozenset()

    def wrap(self, key, context, unlock):
        self.vaults |= {context.vault_id}
        return super().wrap(key, context, unlock)

    def forget(self, slot, context, unlock):
        super().forget(slot, context, unlock)
        for path in unlock.key_folder.iterdir() if len(self.vaults) > 1 else ():
            path.unlink()


class ForgetsTheVault(Healthy):
    breaks = "test_forget_spares_another_slot"
    files: tuple[tuple[str, str], ...] = ()

    def wrap(self, key, context, unlock):
        slot = super().wrap(key, context, unlock)
        self.files = (*self.files, (context.vault_id, slot["file"]))
        return slot

    def forget(self, slot, context, unlock):
        for vault_id, name in self.files:
            if vault_id == context.vault_id:
                (unlock.key_folder / name).unlink(missing_ok=True)
