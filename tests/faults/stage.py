"""The vault under attack: where it lies, what opens it, and how it is looked over after a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from pathlib import Path
from typing import Any

from palyra_kernel import Kernel, NewSlot, SensitiveBytes, Unlock
from palyra_kernel.durable import write_file
from palyra_kernel.keys.recovery import generate
from tests.faults.states import VERSIONS_KEPT, State, difference, observe
from tests.faults.told import lost
from tests.support import Places

Reopen = Callable[["Stage"], Kernel]


class BrokenError(AssertionError):
    """A promise of the kernel did not hold."""


class Stage:
    """One vault in *base*, with a ``file`` and a ``recovery`` slot. At most one kernel is open at a time.

    *places* says which plugins its kernels have: with ``BothPlaces`` of :mod:`tests.stranger` there is a backend to
    move to.
    """

    def __init__(self, base: Path, places: type[Places] = Places) -> None:
        self.base = base
        self.places = places(base)
        self.incarnation = 0
        self.signer = ""
        self._kernel: Kernel | None = None
        text, self.recovery_params = generate()
        with text:
            self._recovery = text.reveal()

    @classmethod
    def new(cls, base: Path, places: type[Places] = Places) -> Stage:
        """Make the vault. Nothing is open afterwards."""
        stage = cls(base, places)
        stage.create()
        return stage

    def at(self, base: Path) -> Stage:
        """The same vault, with the same recovery key, in another place."""
        other = copy(self)
        other.base, other.places, other._kernel = base, type(self.places)(base), None
        return other

    def create(self) -> None:
        """Make the vault unless it is there. Nothing is open afterwards."""
        recovery = NewSlot("recovery", Unlock(), self.recovery_params)
        self.places.create(backend="file", slots=(NewSlot("file", Unlock()), recovery)).close()
        settings = f"[vault]\nversions_kept = {VERSIONS_KEPT}\n"
        write_file(self.places.config_dir / "palyra.toml", settings.encode())

    def paths(self) -> list[Path]:
        """Every file of the vault, with those that come and go beside it."""
        found = self.places.files()
        beside = [path.with_name(f".{path.name}.new") for path in found]
        logs = [
            path.with_name(path.name + end)
            for path in found
            if path.suffix == ".db"
            for end in ("-wal", "-shm")
        ]
        return [*found, *beside, *logs]

    def unlock(self) -> Unlock:
        """Both ways to open it, for whoever needs the root key again."""
        return Unlock(recovery_key=self.recovery_key())

    def recovery_key(self) -> SensitiveBytes:
        """The key that was printed."""
        return SensitiveBytes(self._recovery)

    def reopen(self, **options: Any) -> Kernel:
        """Open the vault anew."""
        self.close()
        options.setdefault("unlock", self.unlock())
        self._kernel = self.places.open(**options)
        return self._kernel

    @property
    def kernel(self) -> Kernel:
        """The open kernel, opened when it is first asked for."""
        return self._kernel if self._kernel is not None else self.reopen()

    def close(self) -> None:
        """Close the kernel if there is one."""
        kernel, self._kernel = self._kernel, None
        if kernel is not None:
            kernel.close()

    def settle(
        self, allowed: Iterable[State], reopen: Reopen | None = None, *, collect: bool = False
    ) -> State:
        """Open the vault after a fault and return which of the *allowed* states it is in.

        Raises :class:`BrokenError` if it is in none, if ``verify`` finds an error, or, with *collect*, if ``gc`` leaves
        an orphan or takes something that is alive.
        """
        kernel = reopen(self) if reopen is not None else self.reopen()
        self._kernel = kernel
        state = self._found(kernel, tuple(allowed))
        wrong = [finding for finding in kernel.verify() if finding.severity == "error"]
        if wrong:
            raise BrokenError(f"verify: {wrong}")
        if missed := lost(self.base, kernel):
            raise BrokenError(f"audit log: {missed}")
        if collect:
            for _ in range(2):  # the first pass marks, the second deletes
                kernel.vault.gc(grace_seconds=0)
            self._found(kernel, (state,))
            left = kernel.verify()
            if left:
                raise BrokenError(f"after gc: {left}")
        self.close()
        return state

    @staticmethod
    def _found(kernel: Kernel, allowed: tuple[State, ...]) -> State:
        seen = observe(kernel)
        for state in allowed:
            if state.seen() == seen:
                return state
        raise BrokenError(difference(seen, allowed))
