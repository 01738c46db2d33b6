"""What is seen of a canary that was sent, or that came back, in a request that failed."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from palyra_kernel import SensitiveBytes
from palyra_kernel.net import HttpClient, HttpRequest
from tests.leaks.in_process import shown_of
from tests.leaks.stage import Haystacks, Stage, scenario
from tests.net.server import Server, Visit


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """All log lines of all libraries, without a filter of ours."""
    stream = io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        root.info("the log works")
        yield stream
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def _answers(canary: bytes) -> list[bytes]:
    """Answers that quote it, each wrong in another way, and a good one."""
    ok = b"HTTP/1.1 200 OK\r\nConnection: close\r\nSet-Cookie: " + quote(canary).encode() + b"\r\n"
    return [
        canary,
        b"HTTP/1.1 200 " + canary,
        b"HTTP/1.1 302 X\r\nLocation: https://"
        + canary
        + b".example/"
        + quote(canary).encode()
        + b"\r\n\r\n",
        b"HTTP/1.1 302 X\r\nLocation: https://" + quote(canary).encode() + b"\r\n\r\n",
        ok + b"Content-Length: 999999\r\n\r\n" + canary,
        ok + b"Content-Length: 9999\r\n\r\n" + canary,
        ok + b"Transfer-Encoding: chunked\r\n\r\n" + canary,
        ok + b"Content-Encoding: " + quote(canary).encode() + b"\r\n\r\n",
        ok + b"Content-Length: %d\r\nContent-Type: application/json\r\n\r\n" % len(canary) + canary,
        ok
        + b"Content-Length: %d\r\nContent-Type: %s\r\n\r\n" % (len(canary), quote(canary).encode())
        + canary,
    ]


@scenario
def requests_that_fail(stage: Stage, canary: bytes) -> Haystacks:
    """Credentials and forms sent to servers that quote them in answers that are no good; and requests that cannot be
    sent."""
    answers = _answers(canary)

    def script(visit: Visit) -> None:
        visit.ask()
        visit.say(answers[visit.number - 1])

    with everything_logged() as log, SensitiveBytes(canary) as secret, Server(script) as server:
        place = f"127.0.0.1:{server.port}"
        url, legal = f"http://{place}/", SensitiveBytes(quote(canary).encode())
        with HttpClient(
            ["a.example"], loopback=[place], resolver=lambda host, port: [quote(canary)]
        ) as client:

            def ask(number: int, **parts: object) -> object:
                form = {"token": secret, "text": canary.decode("latin-1")}
                given = {
                    "method": "POST",
                    "url": url,
                    "headers": {"authorization": legal},
                    "form": form,
                    **parts,
                }
                request = HttpRequest(**given)  # type: ignore[arg-type]
                shown.append(repr([request, client]))
                return client.send(request).json()

            shown: list[str] = []
            for number in range(len(answers)):
                yield from shown_of(lambda number=number: ask(number))  # type: ignore[misc]
            word = canary.decode("latin-1")
            for parts in (
                *(
                    {"url": url + word + "\n"},
                    {"url": f"https://{quote(canary)}/\n"},
                    {"url": "https://a.example/"},
                ),
                *(
                    {"method": word},
                    {"headers": {word + "\n": "x"}},
                    {"headers": {"x": SensitiveBytes(canary + b"\n")}},
                ),
                {"body": secret},
            ):
                yield from shown_of(lambda parts=parts: ask(-1, **parts))  # type: ignore[misc]
            assert server.connections == len(answers)
            yield "reprs", "\n".join(shown)
        yield "log", log.getvalue()
