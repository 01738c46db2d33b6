"""The CAs for programs, and for people. Nothing here is secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from palyra_kernel.cli.output import moment
from palyra_kernel.values.ids import to_datetime

if TYPE_CHECKING:
    from palyra_kernel.identity.ca.documents import Authorities, Ca, Server
    from palyra_kernel.identity.ca.issued import Issued
    from palyra_kernel.session.ca import CaStatus

_FOLLOWS = {
    ("root", "announced"): "signs",
    ("root", "active"): "another is announced",
    ("root", "leaving"): "gone",
    ("issuing", "active"): "another signs",
    ("issuing", "leaving"): "gone",
}


def _kind(ca: Ca) -> str:
    return "issuing" if ca.parent else "root"


def _follows(ca: Ca) -> str:
    return _FOLLOWS.get((_kind(ca), ca.stage), ca.stage)


def authorities_json(state: Authorities) -> dict[str, Any]:
    """For programs."""
    return {
        "trust_domain": state.domain,
        "bundle": state.bundle,
        "changed_at": to_datetime(state.changed_ms),
        "authorities": [_ca_json(ca) for ca in (*state.roots, *state.issuing)],
        "next": _next_json(state),
    }


def _next_json(state: Authorities) -> dict[str, Any]:
    (at, what), *_ = _steps(state)
    return {"step": what, "at": to_datetime(at)}


def _ca_json(ca: Ca) -> dict[str, Any]:
    begin, end = _dates(ca)
    return {
        "kind": _kind(ca),
        "id": ca.id,
        "parent": ca.parent or None,
        "stage": ca.stage,
        "not_before": begin,
        "not_after": end,
        "next_stage": _follows(ca),
        "next_stage_at": to_datetime(ca.until_ms),
    }


def _dates(ca: Ca) -> tuple[Any, Any]:
    from cryptography import x509

    certificate = x509.load_der_x509_certificate(ca.certificate)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def listed(state: Authorities) -> Iterator[str]:
    """The CAs, two lines each."""
    for ca in (*state.roots, *state.issuing):
        yield f"{_kind(ca):<8} {ca.id}  {ca.stage}"
        yield f"         until {moment(_dates(ca)[1])}; {_follows(ca)}, {moment(to_datetime(ca.until_ms))}"


def next_step(state: Authorities) -> str:
    """What happens next by itself, and when."""
    (at, what), *_ = _steps(state)
    return f"{what}, {moment(to_datetime(at))}"


def _steps(state: Authorities) -> list[tuple[int, str]]:
    """What will happen, soonest first. While a root is announced, the one before waits for it."""
    waits = any(ca.stage == "announced" for ca in state.roots)
    return sorted(
        (ca.until_ms, f"{_kind(ca)} CA {ca.id}: {_follows(ca)}")
        for ca in (*state.roots, *state.issuing)
        if not (waits and not ca.parent and ca.stage == "active")
    )


def status_json(status: CaStatus) -> dict[str, Any]:
    """All of it, for programs."""
    servers = [_server_json(server) for server in status.servers]
    counts = {"issued": status.issued.stop - 1, "logged": len(status.issued)}
    return authorities_json(status.authorities) | {"servers": servers} | counts


def _server_json(server: Server) -> dict[str, Any]:
    return {
        "name": server.name,
        "dns": server.dns,
        "addresses": server.addresses,
        "issuer": server.issuer,
        "not_before": to_datetime(server.begin_ms),
        "not_after": to_datetime(server.end_ms),
    }


def facts(status: CaStatus) -> Iterator[str]:
    """What stands above the table of CAs: one line each."""
    state = status.authorities
    yield f"trust domain  {state.domain}"
    yield f"bundle        {state.bundle}, since {moment(to_datetime(state.changed_ms))}"
    for server in status.servers:
        hosts = ", ".join((*server.dns, *server.addresses))
        yield f"server        {server.name} ({hosts}), until {moment(to_datetime(server.end_ms))}"
    yield f"issued        {status.issued.stop - 1}, of which the log has {len(status.issued)}"
    yield f"next          {next_step(state)}"


def issued_json(entry: Issued) -> dict[str, Any]:
    """One line of the log, for programs."""
    return {
        "number": entry.sequence,
        "subject": entry.subject,
        "serial": entry.serial,
        "fingerprint": entry.fingerprint,
        "issuer": entry.issuer,
        "issued_at": to_datetime(entry.issued_ms),
        "not_after": to_datetime(entry.end_ms),
    }


def issued_lines(entry: Issued) -> Iterator[str]:
    """One line of the log, for people: two of theirs."""
    issued, end = moment(to_datetime(entry.issued_ms)), moment(to_datetime(entry.end_ms))
    yield f"{entry.sequence}  {entry.subject}  {issued} - {end}"
    yield f"   serial {entry.serial}, CA {entry.issuer}"
