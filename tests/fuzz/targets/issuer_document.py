"""What an issuer says of itself, and where a credential goes then."""

from typing import Any

from palyra_kernel.auth.discovery import OAUTH, discovered
from palyra_kernel.contracts.endpoints import ASKED, hosts_for
from palyra_kernel.net import HttpResponse
from palyra_kernel.net.hosts import parse_url
from palyra_kernel.values.deadline import Deadline
from tests.fuzz.oracles import result

JSON = True
_ISSUER = "https://i.example"


def seeds():
    return {
        "whole": b'{"issuer":"https://i.example","token_endpoint":"https://t.example/t","jwks_uri":"https://i.example/k",'
        b'"authorization_endpoint":"https://i.example/a?b","scopes_supported":["offline_access"],'
        b'"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}',
        "nulls": b'{"issuer":"https://i.example","token_endpoint":null,"scopes_supported":null}',
        "inside": b'{"issuer":"https://i.example","token_endpoint":"http://127.0.0.1:8080/token"}',
        "inside-browser": b'{"issuer":"https://i.example","authorization_endpoint":"http://[::1]/"}',
        "plain": b'{"issuer":"https://i.example","token_endpoint":"http://i.example/token"}',
        "query": b'{"issuer":"https://i.example","revocation_endpoint":"https://i.example/r?x=1"}',
        "other": b'{"issuer":"https://i.example/"}',
        "no-pkce": b'{"issuer":"https://i.example","code_challenge_methods_supported":["plain"]}',
        "spelling": b'{"issuer":"https://i.example","userinfo_endpoint":"https://0x7f.1/me"}',
        "types": b'{"issuer":"https://i.example","token_endpoint":7}',
    }


class _Site:
    """Answers *data* to one of the two questions, and 404 to the other."""

    def __init__(self, data, *, oauth):
        self._data, self._oauth = data, oauth

    def send(self, request, *, deadline=None):
        status = 200 if (OAUTH in request.url) == self._oauth else 404
        return HttpResponse(status, [(b"content-type", b"application/json")], bytearray(self._data), 0.0)


def check(data: bytes) -> None:
    """A document is the issuer's own, and its endpoints are https addresses of listed hosts, none on this machine."""
    for oauth in (True, False):
        site: Any = _Site(data, oauth=oauth)
        found = result(discovered, _ISSUER, site, Deadline.after(60))
        if found is None or (hosts := result(hosts_for, (), found.issuer, found)) is None:
            continue
        assert found.issuer == _ISSUER
        for url in filter(None, (getattr(found, name) for name in ASKED)):
            target = parse_url(url)
            assert target.scheme == "https"
            assert target.place in hosts
            assert "?" not in url
            assert not target.host.startswith(("127.", "[::1]"))
