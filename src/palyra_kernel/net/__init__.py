"""The one HTTP client that may send a secret: hosts by name, checked addresses, no redirects, limits on everything.

The client is imported where it is made and not before: the transport below it takes as long to import as a whole
short run. What this room promises is in ``docs/net.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from palyra_kernel.net.limits import Limits
from palyra_kernel.net.messages import HttpRequest, HttpResponse
from palyra_kernel.net.unsent import NOTHING_SENT

if TYPE_CHECKING:
    from palyra_kernel.net.client import HttpClient

__all__ = ["NOTHING_SENT", "HttpClient", "HttpRequest", "HttpResponse", "Limits"]


def __getattr__(name: str) -> Any:
    if name == "HttpClient":
        from palyra_kernel.net.client import HttpClient

        return HttpClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
