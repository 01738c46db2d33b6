"""The built-in sources, offered through the same hook as a stranger's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from palyra_kernel.hookspecs import hookimpl

if TYPE_CHECKING:
    from palyra_kernel.contracts.sources import SecretSource


@hookimpl
def palyra_secret_sources() -> Sequence[type[SecretSource]]:
    from palyra_kernel.resolve.sources.env import EnvSource
    from palyra_kernel.resolve.sources.exec import ExecSource
    from palyra_kernel.resolve.sources.file import FileSource
    from palyra_kernel.resolve.sources.vault import VaultSource

    return [VaultSource, EnvSource, FileSource, ExecSource]
