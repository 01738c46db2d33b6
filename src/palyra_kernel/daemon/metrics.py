"""Numbers for Prometheus, read when they are asked for. No label is a name, an address or an id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from palyra_kernel.daemon.operating import Running
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.certificates.keys import parsed
from palyra_kernel.identity.certificates.times import end_ms
from palyra_kernel.kernel.gateway import approvals_waiting

_REFUSED = ("too_fast", "over_quota", "no_handshake", "not_admitted")


class Numbers(Collector):
    """Those of one daemon. What the store does not tell now is left out of one reading, and no other number with it."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._kernel = running.kernel
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def scrape(self) -> bytes:
        """All of them in the text format of Prometheus."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing is read for this: the registry asks before there is anything."""
        return []

    def collect(self) -> Iterator[Metric]:
        """See :meth:`scrape`."""
        yield from self._connections()
        yield from self._counted()
        for read in (self._leases, self._identity, self._pairing, self._approvals, self._refreshes):
            yield from _readable(read)

    def _connections(self) -> Iterator[Metric]:
        found = {name: each.open for name, each in self._running.listeners.items()}
        yield _gauge("palyra_connections", "Open connections.", "listener", found)
        accepted = {name: each.counts.accepted for name, each in self._running.listeners.items()}
        yield _counter("palyra_connections_accepted", "Connections that came.", "listener", accepted)
        refused = CounterMetricFamily(
            "palyra_connections_refused",
            "Connections that were not let in, by reason.",
            labels=["listener", "reason"],
        )
        for name, listener in self._running.listeners.items():
            for reason in _REFUSED:
                refused.add_metric([name, reason], getattr(listener.counts, reason))
        yield refused
        yield _single(
            "palyra_devices_connected",
            "Devices with an open connection.",
            len(self._running.devices.devices()),
        )
        yield _single("palyra_nodes_connected", "Open streams of work.", len(self._running.lending.streams))
        yield _single("palyra_streams", "Open streams of events.", len(self._running.streams))
        yield CounterMetricFamily(
            "palyra_connections_cut",
            "Connections that were cut: revoked, void or too many.",
            self._running.devices.cuts,
        )

    def _counted(self) -> Iterator[Metric]:
        counts = self._running.counts
        yield _counter(
            "palyra_pairing_refused", "Refused messages of pairings.", "verb", counts.pairing_refused.read()
        )
        yield _counter("palyra_reentry_refused", "Refused returns.", "code", counts.reentry_refused.read())
        yield _counter(
            "palyra_node_refused", "Refused requests of nodes.", "code", counts.node_refused.read()
        )
        yield _counter("palyra_certificates_issued", "Later certificates.", "why", counts.issued.read())
        yield _counter("palyra_config_reloads", "Readings of palyra.toml.", "outcome", counts.reloads.read())
        yield _counter("palyra_troubles", "Failures in the background.", "chore", counts.troubles.read())

    def _leases(self) -> Iterator[Metric]:
        yield _single("palyra_leases", "Leases that wait or run.", self._kernel.nodes.ledger.count())

    def _identity(self) -> Iterator[Metric]:
        identity = self._kernel.identity
        state, now = identity.authority.state(), identity.clock.now_ms()
        left = {
            "root": end_ms(parsed(state.root.certificate)) - now,
            "issuing": end_ms(parsed(state.signing.certificate)) - now,
        }
        yield _gauge(
            "palyra_ca_expires_in_seconds",
            "Until the CA that signs now expires.",
            "ca",
            {name: ms / 1000 for name, ms in left.items()},
        )
        tls = self._running.tls
        shown = {} if tls is None else {name: each.end_ms - now for name, each in tls._asdict().items()}
        yield _gauge(
            "palyra_server_certificate_expires_in_seconds",
            "Until the certificate that a listener shows expires; it is renewed after two thirds of its life.",
            "listener",
            {name: ms / 1000 for name, ms in shown.items()},
        )
        yield _single("palyra_trust_bundle_number", "The number of what devices trust.", state.bundle)
        yield _single(
            "palyra_revocations_number",
            "The number of the list of revocations.",
            identity.revocations.number(),
        )

    def _pairing(self) -> Iterator[Metric]:
        identity = self._kernel.identity
        pins = identity.pairings.codes.pins()[1]
        yield _single(
            "palyra_pins_closed", "Whether PINs are closed until an operator opens them.", pins.closed
        )
        failed = sum(each.lost(identity.clock.now_ms()) for each in pins.runs.values())
        yield _single("palyra_pin_failures", "Failed runs with a PIN in the last 24 hours.", failed)

    def _approvals(self) -> Iterator[Metric]:
        waiting = approvals_waiting(self._kernel)
        yield _single("palyra_approvals_waiting", "Requests that wait for a human.", waiting)

    def _refreshes(self) -> Iterator[Metric]:
        total = self._kernel.auth.metrics.total
        found = {"succeeded": total.successes, "failed": total.failures}
        yield _counter("palyra_refreshes", "Refreshes of credentials.", "outcome", found)


def _readable(read: Callable[[], Iterator[Metric]]) -> list[Metric]:
    try:
        return list(read())
    except PalyraError:
        return []


def _gauge(name: str, words: str, label: str, found: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for each, value in found.items():
        family.add_metric([each], value)
    return family


def _counter(name: str, words: str, label: str, found: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, words, labels=[label])
    for each, value in found.items():
        family.add_metric([each], value)
    return family


def _single(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, float(value))
