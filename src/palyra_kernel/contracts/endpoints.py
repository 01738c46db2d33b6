"""Which hosts may get a credential, from what an adapter says and what an issuer says. Asked before a profile is
stored, and before its credential is used."""

from __future__ import annotations

from collections.abc import Iterable

from palyra_kernel.contracts.oauth import OAuthMetadata
from palyra_kernel.errors import DeniedError
from palyra_kernel.net.hosts import Hosts, divided, parse_url

ASKED = (
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "userinfo_endpoint",
)
"""Endpoints that get a credential. The keys of an issuer are read without one, and to the authorization endpoint goes a
browser."""


def hosts_for(hosts: Iterable[str], issuer: str, metadata: OAuthMetadata) -> tuple[str, ...]:
    """The hosts that an HTTP client for *metadata* may talk to, as ``host`` or ``host:port``, sorted.

    Those are *hosts*, which an adapter declares; where it declares none, those of *issuer* and of the endpoints that it
    named. Every endpoint must be at one of them, by ``https``. One on this machine may be spoken to by ``http``, and
    only if nobody elsewhere named it: the adapter's list has it, the issuer is here too, or there is no issuer.

    Raises :class:`InvalidInputError` ``bad_url``, ``bad_host``; :class:`DeniedError` ``host_not_allowed``,
    ``not_https``, ``endpoint_query``, ``endpoint_inside``.
    """
    asked = [url for name in (*ASKED, "jwks_uri") if (url := getattr(metadata, name))]
    declared = list(hosts)
    places = declared or [parse_url(url).place for url in (*asked, *filter(None, [issuer]))]
    public, here = divided(dict.fromkeys(places))
    if here and not declared and issuer and parse_url(issuer).place in public:
        raise DeniedError(
            "endpoint_inside",
            f"the issuer names an endpoint on this machine, {here[0]}: nothing is sent there",
            hint="an endpoint here belongs to an issuer here",
        )
    allowed = Hosts(public, here)
    for url in asked:
        allowed.admitted(url)
        if "?" in url and url != metadata.jwks_uri:
            raise DeniedError("endpoint_query", "an endpoint that gets a credential has no query")
    if metadata.authorization_endpoint:
        _check_browser(metadata.authorization_endpoint, here=bool(here))
    return tuple(sorted((*public, *here)))


def _check_browser(url: str, *, here: bool) -> None:
    """A browser goes there, and a person types a password."""
    target = parse_url(url)
    public, local = divided([target.place])
    if local and not here:
        raise DeniedError(
            "endpoint_inside", "the authorization endpoint is on this machine, and the issuer is not"
        )
    Hosts(public, local).admitted(url)
