"""What is seen of tokens and client secrets that were sent to an issuer, or that it sent, when something went wrong."""

from __future__ import annotations

from urllib.parse import quote

from palyra_kernel import OAuthGrant, OAuthMetadata, ProviderProfile, SensitiveBytes
from palyra_kernel.auth.grammar.standard import standard_probe, standard_refresh, standard_revoke
from palyra_kernel.contracts.oauth import ClientAuth
from palyra_kernel.net import HttpClient
from palyra_kernel.values.deadline import Deadline
from tests.leaks.requesting import everything_logged
from tests.leaks.stage import Haystacks, Stage, scenario
from tests.net.server import Server, Visit


def _answers(word: bytes) -> list[bytes]:
    """An issuer that repeats what it was told, in each place where an answer has room, and one that means well."""
    bodies = [
        b'{"error":"' + word + b'","error_description":"' + word + b'"}',
        b'{"access_token":"' + word + b'","refresh_token":"' + word + b'","scope":7}',
        b'{"access_token":["' + word + b'"]}',
        word,
    ]
    return [
        b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: application/json\r\nRetry-After: %s\r\n"
        b"WWW-Authenticate: Bearer error=%s\r\nContent-Length: %d\r\n\r\n%s"
        % (status, word, word, len(body), body)
        for body in bodies
        for status in (b"200 OK", b"400 " + word, b"503 Later")
    ]


@scenario
def refreshes_that_fail(stage: Stage, canary: bytes) -> Haystacks:
    """A canary is every secret of a grant: refreshed, probed and revoked at an issuer that quotes it in its answers."""
    word = quote(canary, safe="").encode()
    answers = _answers(word)

    def script(visit: Visit) -> None:
        visit.ask()
        visit.say(answers[visit.number % len(answers)])

    with everything_logged() as log, Server(script) as server:
        place = f"127.0.0.1:{server.port}"
        url = f"http://{place}/"
        metadata = OAuthMetadata(
            token_endpoint=url, revocation_endpoint=url, introspection_endpoint=url, userinfo_endpoint=url
        )
        with HttpClient([], loopback=[place]) as http:
            ways: tuple[ClientAuth, ...] = ("client_secret_basic", "client_secret_post")
            for auth in ways:
                grant = OAuthGrant(
                    profile=ProviderProfile(provider="custom:acme", client_id="c", client_auth=auth),
                    metadata=metadata,
                    access_token=SensitiveBytes(word),
                    refresh_token=SensitiveBytes(canary),
                    client_secret=SensitiveBytes(canary),
                )
                for call in (standard_refresh, standard_probe, standard_revoke):
                    for _ in answers:
                        yield call.__name__, repr(call(grant, http, Deadline.after(20)))
                yield "the grant", repr(grant)
        assert "the log works" in log.getvalue()
        yield "log", log.getvalue()
