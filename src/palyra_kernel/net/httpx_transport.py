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
        fields: dict[str, bytes] = {}
        for raw_name, value in request.headers.raw:
            name = raw_name.decode("latin-1").lower()
            if name not in OURS:
                fields[name] = fields[name] + b", " + value if name in fields else value
        content = request.read()
        sent = HttpRequest(
            request.method,
            str(request.url),
            headers={name: SensitiveBytes(value) for name, value in fields.items()},
            body=SensitiveBytes(content) if content else None,
        )
        with self._client.send(sent) as response:
            got = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.fields]
            return httpx2.Response(
                response.status, headers=got, content=response.body.reveal(), request=request
            )
