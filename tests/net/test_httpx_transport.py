"""Libraries with requests of their own, on top of the same client."""

from __future__ import annotations

import httpx2
import pytest

from palyra_kernel.errors import DeniedError, InvalidInputError, PalyraError
from palyra_kernel.net.httpx_transport import HttpxTransport
from palyra_kernel.testing.leaks import text_of
from tests.net.server import answering


def above(client):
    return httpx2.Client(transport=HttpxTransport(client), trust_env=False)


def test_a_request_and_its_answer(net):
    server = net.server(answering(b'{"a": 1}', b"Content-Type: application/json"))
    with above(net.client(server)) as http:
        answer = http.post(
            f"https://issuer.test:{server.port}/token?x=y",
            data={"a": "b c"},
            headers={"Authorization": "Bearer t"},
        )
        assert answer.json() == {"a": 1}
        assert http.get(f"https://issuer.test:{server.port}/").status_code == 200
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token?x=y HTTP/1.1\r\n")
    assert b"authorization: Bearer t" in head
    assert b"accept-encoding: identity" in head
    assert body == b"a=b+c"
    assert server.connections == 1


def test_what_is_refused_below_is_refused_above(net):
    """Hazard H50: logins, validation and revocation each had a client of their own, and none had the checks."""
    moved = net.server(answering(b"", b"Location: https://evil.example/", status=b"302 Found"))
    with httpx2.Client(transport=HttpxTransport(net.client(moved)), follow_redirects=True) as http:
        for url, code in (
            (f"https://issuer.test:{moved.port}/", "redirect_refused"),
            ("https://evil.example/", "host_not_allowed"),
        ):
            with pytest.raises(DeniedError) as caught:
                http.get(url)
            assert caught.value.code == code
        with pytest.raises(PalyraError):
            http.request("OPTIONS", f"https://issuer.test:{moved.port}/")


def test_header_fields_of_both_sides(net):
    """One that was no ASCII ended in an error of Python's, which carries the whole text."""
    server = net.server(answering(b"{}", b"X-Said: caf\xe9", b"X-Twice: a", b"X-Twice: b"))
    url = f"https://issuer.test:{server.port}/"
    with above(net.client(server)) as http:
        answer = http.get(url, headers=[("X-Several", "a"), ("X-Several", "b"), ("Host", "evil.example")])
        assert answer.headers.get_list("x-twice") == ["a", "b"]
        assert answer.headers["x-said"] == "caf\xe9"
        with pytest.raises(InvalidInputError) as caught:
            http.get(url, headers={"X-Token": "s\xe9cret".encode("latin-1")})
    assert "x-token" in caught.value.message
    assert "cret" not in text_of(caught.value)
    (request,) = server.requests
    assert b"\r\nx-several: a, b\r\n" in request
    assert b"evil" not in request
