"""The vault of this process: opened at first use, and again when that is what helps."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from palyra_kernel import UnavailableError

if TYPE_CHECKING:
    from palyra_kernel import Kernel, Session, SessionSecrets

_T = TypeVar("_T")
_OPEN_AGAIN = ("root_changed", "forked")
"""A new root key came meanwhile, or this is the child of the process that opened it."""


class OpenedVault:
    """Opens the vault once for all threads; it is closed with this object, or at the end of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kernel: Kernel | None = None

    def act(self, what: Callable[[SessionSecrets], _T]) -> _T:
        """Do *what* as the user of the operating system. Raises the errors of ``palyra_kernel``."""
        kernel = self._open()
        try:
            return what(_session(kernel).secrets)
        except UnavailableError as error:
            if error.code not in _OPEN_AGAIN:
                raise
        return what(_session(self._open(instead_of=kernel)).secrets)

    def _open(self, instead_of: Kernel | None = None) -> Kernel:
        from palyra_kernel import Kernel  # here: keyring imports every backend, to look at it

        with self._lock:
            if self._kernel is None or self._kernel is instead_of:
                kernel = Kernel.open()
                weakref.finalize(self, kernel.close)
                self._kernel = kernel
            return self._kernel


def _session(kernel: Kernel) -> Session:
    """What is read goes to whoever asked keyring: it leaves our hands."""
    from palyra_kernel import system_principal

    return kernel.session(system_principal(), purpose="keyring", surface="adapter", reveals=True)
