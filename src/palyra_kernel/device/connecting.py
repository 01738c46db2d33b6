"""TLS to a gateway: to one that nothing is known of yet, and to the one that this device belongs to."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from palyra_kernel.errors import DeniedError, IntegrityError, InvalidInputError, PalyraError, UnavailableError
from palyra_kernel.identity.certificates.keyfile import load_chain
from palyra_kernel.net.hosts import parse_url, place_of
from palyra_kernel.net.limits import Limits
from palyra_kernel.net.link import Link
from palyra_kernel.net.messages import HttpResponse
from palyra_kernel.values.sensitive import SensitiveBytes

_LIMITS = Limits(body_bytes=256 * 1024, connections=1, idle_seconds=60)
"""A gateway keeps a connection for 75 seconds without a request, and a node has something to say every 15."""


class Dial(Protocol):
    """Opens a :class:`Link`; tests have one of their own."""

    def __call__(self, url: str, context: ssl.SSLContext, /) -> Link: ...


def dial(url: str, context: ssl.SSLContext, /) -> Link:
    """A link to the gateway at *url*."""
    return Link(url, context, limits=_LIMITS)


def trusting_nobody() -> ssl.SSLContext:
    """For enrolment: the pairing itself, or the bundle, says whether the certificate was that of the gateway."""
    context = _context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusting(roots: Iterable[bytes], chain: Sequence[bytes], key: SensitiveBytes) -> ssl.SSLContext:
    """For work: servers under *roots* (DER), for the host that is asked for; shows *chain* with *key*."""
    context = _context()
    context.load_verify_locations(cadata=b"".join(roots))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    load_chain(context, chain, key)
    return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    return context


def gateway_url(text: str) -> str:
    """*text*, if it is the address of a gateway: ``https://host[:port]``. Raises :class:`InvalidInputError`
    ``invalid_gateway``."""
    try:
        target = parse_url(text)
    except InvalidInputError as error:
        raise _invalid(error.message) from None
    if target.scheme != "https" or target.resource != "/":
        raise _invalid("it is https://host[:port], without a path")
    return f"https://{target.authority}"


def work_url(enrolment: str) -> str:
    """Where the work door is if nothing else is said: the port behind that of enrolment, as `palyra serve` has it."""
    target = parse_url(enrolment)
    if target.port == 65_535:
        raise _invalid("there is no port behind that of enrolment; name the work address")
    return f"https://{place_of(target.host, target.port + 1)}"


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway says of the device that asks. ``bundle``: the number of the one that counts."""

    device: str
    renewal_wanted: bool = False
    bundle: int = 0
    certificate_expires_ms: int = 0


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A new certificate, its chain (DER, its own first), and what counts with it."""

    certificates: tuple[bytes, ...]
    bundle: bytes


class Nonce(msgspec.Struct, frozen=True, kw_only=True):
    """A challenge."""

    nonce: bytes


class _Words(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Failure(msgspec.Struct, frozen=True):
    error: _Words = _Words()


def unwelcome(response: HttpResponse, host: str) -> PalyraError:
    """The error for an answer that is none of those that a device waits for."""
    try:
        code = response.json(_Failure).error.code
    except IntegrityError:
        code = ""
    said = f"{host} answered with the status {response.status}" + (
        f" ({code})" if code.isascii() and code.replace("_", "").isalnum() and len(code) <= 64 else ""
    )
    if code == "rate_limited":
        return UnavailableError(
            "rate_limited",
            f"{host} gave this device a certificate a moment ago",
            hint="try again in a minute",
        )
    if response.status in (401, 403):
        return DeniedError("gateway_refused", said, hint="palyra device renew; or pair this device again")
    return UnavailableError("gateway_failed", said, hint="look at the log of the gateway")


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError("invalid_gateway", f"this is not the address of a gateway: {message}")
