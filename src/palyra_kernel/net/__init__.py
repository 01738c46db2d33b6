"""The one HTTP client that may send a secret: hosts by name, checked addresses, no redirects, limits on everything.

Import this room where a request is made and not before: the transport below it takes as long to import as a whole
short run. What it promises is in ``docs/net.md``.
"""

from __future__ import annotations

from palyra_kernel.net.client import HttpClient
from palyra_kernel.net.failures import NOTHING_SENT
from palyra_kernel.net.limits import Limits
from palyra_kernel.net.messages import HttpRequest, HttpResponse

__all__ = ["NOTHING_SENT", "HttpClient", "HttpRequest", "HttpResponse", "Limits"]
