"""The contract of :class:`palyra_kernel.KeyProtector`, one file for each promise."""

from palyra_kernel.testing.protectors.binding import BindingRules
from palyra_kernel.testing.protectors.keeping import KeepingRules
from palyra_kernel.testing.protectors.secrecy import SecrecyRules
from palyra_kernel.testing.protectors.unlocking import UnlockRules
from palyra_kernel.testing.protectors.wrapping import WrapRules

__all__ = ["KeyProtectorContract"]


class KeyProtectorContract(WrapRules, BindingRules, UnlockRules, KeepingRules, SecrecyRules):
    """Every rule for a key protector.

    Override the fixture ``protector``: return your protector. Override ``unlock`` and ``params`` if it needs
    other than the default ones, ``missing_unlocks`` and ``wrong_unlocks`` to say what must not open a slot.
    """
