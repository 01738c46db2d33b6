"""What must hold before anybody from another machine can knock. By default every listener is of this machine alone.

That work takes mutual TLS is no condition: there is no switch that could turn it off. Nor is a rate limit: there is
no number for none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping

from palyra_kernel.config import GatewayConfig
from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.identity.certificates.hosts import Hosts

ACKNOWLEDGED = "PALYRA_GATEWAY_REMOTE_BIND_ACK"
"""The variable that has to be 1: whoever edits a file is not yet whoever starts the service."""
HEALTH = "health"

Deciding = Callable[[], Iterable[tuple[str, str]]]
"""What is wrong with how the kernel decides, by name and words: policies do not load, approvals do not bind."""


def check_remote(
    remote: Iterable[str], config: GatewayConfig, environment: Mapping[str, str], deciding: Deciding
) -> None:
    """Raise :class:`DeniedError` unless the listeners *remote*, by name, may be reached from elsewhere.

    ``health_not_local``; ``remote_bind_refused``, which names every condition that does not hold.
    """
    names = sorted(set(remote))
    if HEALTH in names:
        raise DeniedError(
            "health_not_local",
            "gateway.health is for this machine alone: it speaks HTTP and knows nobody",
            hint="give it an address like 127.0.0.1:7142",
        )
    failed = dict(_failed(config, environment, deciding)) if names else {}
    if failed:
        listed = "; ".join(f"{name}: {words}" for name, words in failed.items())
        raise DeniedError(
            "remote_bind_refused",
            f"{' and '.join(names)} would be reached from other machines, and that is refused: {listed}",
            hint="see docs/daemon.md, or give the listeners an address of this machine, like 127.0.0.1:7443",
        )


def _failed(
    config: GatewayConfig, environment: Mapping[str, str], deciding: Deciding
) -> Iterable[tuple[str, str]]:
    if not config.remote.acknowledged:
        yield "acknowledged_in_config", "palyra.toml has no [gateway.remote] acknowledged = true"
    if environment.get(ACKNOWLEDGED) != "1":
        yield "acknowledged_in_environment", f"the variable {ACKNOWLEDGED} is not 1"
    if not _reached_by(config.hosts):
        yield "hosts", "gateway.hosts names nothing by which other machines reach this one"
    yield from deciding()


def _reached_by(hosts: Iterable[str]) -> bool:
    """Whether there is a name that means something elsewhere."""
    try:
        found = Hosts.of(hosts)
    except PalyraError:
        return False
    return any(not _is_own(address) for address in found.addresses) or any(
        name.rpartition(".")[2] != "localhost" for name in found.dns
    )


def _is_own(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_unspecified
