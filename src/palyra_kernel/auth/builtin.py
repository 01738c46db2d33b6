"""The built-in adapter, offered through the same hook as a stranger's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from palyra_kernel.hookspecs import hookimpl

if TYPE_CHECKING:
    from palyra_kernel.contracts.oauth import OAuthRefreshAdapter


@hookimpl
def palyra_oauth_adapters() -> Sequence[type[OAuthRefreshAdapter]]:
    from palyra_kernel.auth.oidc import OidcAdapter

    return [OidcAdapter]
