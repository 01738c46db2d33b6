"""The built-in protectors, offered through the same hook as a stranger's."""

from __future__ import annotations

from collections.abc import Sequence

from palyra_kernel.contracts.protectors import KeyProtector
from palyra_kernel.hookspecs import hookimpl
from palyra_kernel.keys.file import FileProtector
from palyra_kernel.keys.passphrase import PassphraseProtector
from palyra_kernel.keys.recovery import RecoveryProtector


@hookimpl
def palyra_key_protectors() -> Sequence[type[KeyProtector]]:
    return [FileProtector, PassphraseProtector, RecoveryProtector]
