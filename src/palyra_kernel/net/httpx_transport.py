"""The same client below `httpx2`, for libraries that bring requests of their own (Authlib does).

``httpx2.Client(transport=HttpxTransport(client), trust_env=False)``: hosts, addresses, limits and refusals are those
of *client*. What is above is httpx2's: cookies are kept by it, and a header field is a ``str`` there.
"""

from __future__ import annotations

import httpx2

from palyra_kernel.net.client import HttpClient
from palyra_kernel.net.messages import OURS, HttpRequest
from palyra_kernel.values.sensitive import SensitiveBytes


class HttpxTransport(httpx2.BaseTransport):
    """Hands requests of httpx2 to an :class:`HttpClient`, which the caller closes. Raises what that raises."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, read whole."""
        fields = {
            name: SensitiveBytes(value.encode("ascii"))
            for name, value in request.headers.items()
            if name.lower() not in OURS
        }
        content = request.read()
        sent = HttpRequest(
            request.method,
            str(request.url),
            headers=fields,
            body=SensitiveBytes(content) if content else None,
        )
        with self._client.send(sent) as response:
            return httpx2.Response(
                response.status, headers=response.fields, content=response.body.reveal(), request=request
            )
