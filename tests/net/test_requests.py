"""What a request carries, how it goes, and what neither it nor its answer shows."""

from __future__ import annotations

from time import monotonic

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import IntegrityError, InvalidInputError, UnavailableError
from palyra_kernel.net import NOTHING_SENT, HttpRequest, HttpResponse
from palyra_kernel.net.messages import bearer
from palyra_kernel.values.deadline import Deadline
from tests.net.server import answering

SECRET = b"s3cret / +&=% of a test"


def sent(net, **parts):
    """What the server received of a request."""
    server = net.server(answering())
    client = net.client(server)
    parts.setdefault("method", "POST")
    client.send(HttpRequest(url=f"https://issuer.test:{server.port}/token?a=b", **parts))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    return line, dict(field.split(b": ", 1) for field in fields), body, server


def test_a_form_with_a_secret(net):
    with SensitiveBytes(SECRET) as secret:
        form = {"grant_type": "refresh_token", "refresh_token": secret, "scope": "a b ü"}
        line, fields, body, server = sent(net, form=form, headers={"Authorization": bearer(secret)})
    assert line == b"POST /token?a=b HTTP/1.1"
    assert (
        body == b"grant_type=refresh_token&refresh_token=s3cret+%2F+%2B%26%3D%25+of+a+test&scope=a+b+%C3%BC"
    )
    assert fields == {
        b"host": b"issuer.test:%d" % server.port,
        b"accept-encoding": b"identity",
        b"user-agent": b"palyra-kernel",
        b"authorization": b"Bearer " + SECRET,
        b"content-type": b"application/x-www-form-urlencoded",
        b"content-length": b"%d" % len(body),
    }


def test_a_body_goes_byte_for_byte(net):
    everything = bytes(range(256))
    with SensitiveBytes(everything) as body:
        line, fields, got, _ = sent(net, body=body, method="PUT", headers={"content-type": "application/x"})
    assert (line, got) == (b"PUT /token?a=b HTTP/1.1", everything)
    assert fields[b"content-type"] == b"application/x"


def test_a_post_without_a_body_says_so(net):
    assert sent(net)[1][b"content-length"] == b"0"
    assert b"content-length" not in sent(net, method="GET")[1]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"method": "TRACE"}, "bad_method"),
        ({"method": "CONNECT"}, "bad_method"),
        ({"method": "GET / HTTP/1.1\r\nX: y"}, "bad_method"),
        ({"headers": {"Host": "evil.example"}}, "bad_header"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "bad_header"),
        ({"headers": {"content-LENGTH": "0"}}, "bad_header"),
        ({"headers": {"Accept-Encoding": "gzip"}}, "bad_header"),
        ({"headers": {"X Y": "z"}}, "bad_header"),
        ({"headers": {"X:": "z"}}, "bad_header"),
        ({"headers": {"X": "z\r\nHost: evil.example"}}, "bad_header"),
        ({"headers": {"X": "z\n"}}, "bad_header"),
        ({"headers": {"X": " z"}}, "bad_header"),
        ({"headers": {"X": ""}}, "bad_header"),
        ({"headers": {"X": "z\0"}}, "bad_header"),
        ({"headers": {"X": "ü"}}, "bad_header"),
        ({"headers": {"X": SensitiveBytes(SECRET + b"\n")}}, "bad_header"),
        ({"form": {}, "body": SensitiveBytes(b"x")}, "bad_body"),
        ({"form": {"x": "y"}, "method": "GET"}, "bad_body"),
        ({"body": SensitiveBytes(b"x"), "method": "HEAD"}, "bad_body"),
    ],
)
def test_a_request_that_could_be_read_as_another(net, parts, code):
    """A line break in a value began a header field, or a request, of somebody else's choice."""
    server = net.server(answering())
    request = HttpRequest(**{"method": "POST", "url": f"https://issuer.test:{server.port}/", **parts})
    with pytest.raises(InvalidInputError) as caught:
        net.client(server).send(request)
    assert caught.value.code == code
    assert code in NOTHING_SENT
    assert server.connections == 0


def response(*fields, body=b"", at=0.0):
    return HttpResponse(200, list(fields), bytearray(body), at)


@pytest.mark.parametrize(
    "kind", [b"application/json", b"Application/JSON; charset=utf-8", b"application/problem+json"]
)
def test_json(kind):
    assert response((b"Content-Type", kind), body=b'{"a": [1]}').json() == {"a": [1]}


def test_json_of_a_type():
    """What is of another type is as malformed as what is no JSON, and no more is said of it."""
    body = b'{"a": "canary"}'
    assert response((b"content-type", b"application/json"), body=body).json(dict[str, str]) == {"a": "canary"}
    with pytest.raises(IntegrityError) as caught:
        response((b"content-type", b"application/json"), body=body).json(dict[str, int])
    assert caught.value.code == "response_malformed"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "kind", [b"", b"text/html", b"text/json", b"application/json-seq", b"applicationx+json"]
)
def test_what_is_not_said_to_be_json(kind):
    """An error page of a proxy was taken for the answer of an issuer."""
    with pytest.raises(IntegrityError) as caught:
        response((b"content-type", kind), body=b"{}").json()
    assert caught.value.code == "response_type"


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": "' + SECRET, b"\xff", b"[" * 60_000, b"{} {}", b"NaN"])
def test_what_is_not_json(body):
    with pytest.raises(IntegrityError) as caught:
        response((b"content-type", b"application/json"), body=body).json()
    assert caught.value.code == "response_malformed"
    assert caught.value.__context__ is None


def test_header_fields():
    answer = response((b"Retry-After", b"120"), (b"X", b"a"), (b"x", b"b"), (b"Y", b"a"), (b"Y", b"a"))
    assert (answer.header("retry-AFTER"), answer.header("x"), answer.header("y"), answer.header("z")) == (
        *("120", None, "a", None),
    )


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        (b"Thu, 01 Jan 1970 00:16:40 GMT", 0),
        (b"Thu, 01 Jan 1970 00:17:10 GMT", 30),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", -1000),
        (b"Thu, 01 Jan 1970 00:16:60 GMT", 19),  # a leap second
        (b"Thu, 01 Jan 1970 00:16:40 +0000", None),
        (b"Thu, 32 Jan 1970 00:16:40 GMT", None),
        (b"Thu, 01 Foo 1970 00:16:40 GMT", None),
        (b"Thursday, 01-Jan-70 00:16:40 GMT", None),
        (b"0", None),
    ],
)
def test_by_how_much_clocks_differ(date, skew):
    """Tokens were thrown away, or used too long, on machines whose clock is wrong."""
    assert response((b"Date", date), at=1000.0).clock_skew == skew
    assert response(at=1000.0).clock_skew is None


def test_no_text_form_shows_anything(net):
    """Hazard S21: objects printed in a log showed the header fields they carried."""
    secret = SensitiveBytes(SECRET)
    request = HttpRequest(
        "POST", "https://a.example/secret?x=secret", headers={"x": secret}, form={"y": "secret"}
    )
    answer = response((b"Set-Cookie", b"secret"), body=b"secret")
    client = net.client()
    shown = f"{request!r} {request} {answer!r} {answer} {client!r} {HttpRequest('secret', 'secret')!r}"
    assert "secret" not in shown
    with answer:
        assert answer.body == b"secret"
    with pytest.raises(InvalidInputError):
        answer.body.reveal()


class _Over(Deadline):
    """There is time, but whoever waits for us does not any more."""

    def may_begin(self):
        return False


def test_a_deadline_that_lets_nothing_begin_is_asked_before_the_first_byte(net):
    """Hazard H35 of auth profiles: a process that slept with its machine sent a token that others had spent meanwhile.
    By the monotonic clock, which had stood still, there was time."""
    server = net.server(answering())
    request = HttpRequest("GET", f"https://issuer.test:{server.port}/")
    with pytest.raises(UnavailableError) as caught:
        net.client(server).send(request, deadline=_Over(monotonic() + 30))
    assert caught.value.code in NOTHING_SENT
    assert server.requests == []
