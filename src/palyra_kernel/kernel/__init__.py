"""Where rooms meet: opening a vault, its pins and slots, and the Kernel object that holds it."""

from palyra_kernel.kernel.kernel import Kernel
from palyra_kernel.kernel.making import NewSlot

__all__ = ["Kernel", "NewSlot"]
