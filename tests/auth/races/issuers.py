"""The issuers to race at: each a context manager that gives what makes logins there, a grant of its own each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from tests.auth.races.logins import Login, ProviderLogin, VendorLogin
from tests.auth.vendor_process import VendorProcess
from tests.oidc.server import require_issuer, running_issuer

LogIn = Callable[[], Login]


@contextmanager
def at_npm() -> Iterator[LogIn]:
    """The real one."""
    require_issuer()
    with running_issuer() as issuer:
        yield lambda: ProviderLogin(issuer.client())


@contextmanager
def at_vendor() -> Iterator[LogIn]:
    """The small one, in a process of its own."""
    with VendorProcess() as vendor:
        yield lambda: VendorLogin(vendor)


ISSUERS: Mapping[str, Callable[[], AbstractContextManager[LogIn]]] = {"npm": at_npm, "vendor": at_vendor}
