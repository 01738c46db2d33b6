"""Redirects: none is followed, whatever its kind, and what is said of one is the host."""

from __future__ import annotations

import pytest

from palyra_kernel import SensitiveBytes
from palyra_kernel.errors import DeniedError
from palyra_kernel.net import HttpRequest
from palyra_kernel.net.messages import bearer
from tests.net.server import answering

TOKEN = b"tok-5up3r-53cr3t-0123456789"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308, 399])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_credential_stays_with_its_host(net, status, method):
    """Hazards A6 and H47: a redirect took the credential and the body to another host; of the header fields one
    library removed ``Authorization`` and sent ``x-api-key`` on."""
    thief = net.server(answering())
    location = b"Location: https://issuer.test:%d/steal?%s" % (thief.port, TOKEN)
    victim = net.server(answering(b"", location, status=b"%d Moved" % status))
    client = net.client(victim, thief)  # even if that host is allowed
    with SensitiveBytes(TOKEN) as token:
        request = HttpRequest(
            method,
            f"https://issuer.test:{victim.port}/token",
            headers={"Authorization": bearer(token), "x-api-key": token},
            form={"refresh_token": token} if method == "POST" else None,
        )
        with pytest.raises(DeniedError) as caught:
            client.send(request)
    assert caught.value.code == "redirect_refused"
    assert f"({status}) to issuer.test:" in caught.value.message
    assert TOKEN.decode() not in caught.value.message
    assert (len(victim.requests), thief.connections) == (1, 0)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (b"https://evil.example/x?secret", "evil.example"),
        (b"//evil.example", "evil.example"),
        (b"https://user:password@evil.example:99/", "evil.example"),
        (b"https://[::1]/", "[::1]"),
        (b"/login?secret", "another address of its own"),
        (b"https://a b/secret", "another address of its own"),
        (b"https://evil.example\\@x/", "another address of its own"),
        (b"https://" + TOKEN + b".evil.example/", "<redacted>.evil.example"),
    ],
)
def test_what_is_said_of_it_is_the_host(net, location, shown):
    with SensitiveBytes(TOKEN):
        error = net.refused(answering(b"", b"Location: " + location, status=b"302 Found"))
    assert error.message.endswith(f"redirects (302) to {shown}: not followed")


def test_one_that_does_not_say_where(net):
    assert net.refused(answering(status=b"302 Found")).code == "redirect_refused"


def test_not_modified_is_no_redirect(net):
    assert net.get(answering(status=b"304 Not Modified")).status == 304
