"""What a device goes through, step by step. Each is one commit with the keys that it makes: whatever kills this
program, there is the state before it or the one behind it.

A new key and its certificate are ``next`` until the gateway answered a request that came with them: nothing that works
is given up for what was never tried.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec.structs import replace

from palyra_kernel.device.accepting import accepted_credential, first_bundle, later_bundle
from palyra_kernel.device.documents import Credential, Enrolling, Gateway, Holding, Pins, Run
from palyra_kernel.device.kept import Kept
from palyra_kernel.device.keys import CHANNEL, Keys, new_pair, new_tls_key, tls_ref
from palyra_kernel.errors import ConflictError, NotFoundError
from palyra_kernel.identity.ca.bundle import TrustBundle
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.events import SILENT, Tell
from palyra_kernel.identity.names import DeviceKind, device_kind, new_device_id
from palyra_kernel.identity.pairing.device import Confirmed
from palyra_kernel.identity.reentry import SKEW_MS
from palyra_kernel.records import Records
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import Vault

POLLS = 1_000_000
"""Of one program and one pairing, at most: it polls once a second."""


class Holder:
    """Reads and writes what this device is. *vault* keeps one version of each secret. Any number of threads and
    processes may share the store. *chance*: from 0 up to 1, drawn once a certificate. *tell*: turns what happens
    into events.

    Errors, besides those named at a method: :class:`IntegrityError` ``set_tampered``, ``device_damaged``, and those of
    :class:`Keys`; :class:`NotFoundError` ``not_paired``.
    """

    def __init__(
        self,
        records: Records,
        vault: Vault,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        tell: Tell = SILENT,
    ) -> None:
        self.clock = clock or Clock()
        self.keys = Keys(vault)
        self._kept = Kept(records, vault, self.keys, tell)
        self.chance = chance

    def find(self) -> Holding | None:
        """What this device is; None if it never began to be one."""
        return self._kept.find()

    def read(self) -> Holding:
        """What this device is."""
        return self._kept.read()

    def judged(self, raw: bytes) -> TrustBundle:
        """The bundle *raw*, if the gateway signed it and it is not older than the one that is known. Raises as
        :meth:`trust`."""
        return _trusted(self.read().paired(), raw)[1]

    def begin(self, kind: DeviceKind, *, again: bool = False) -> Holding:
        """A new TLS key for a pairing; the first time, the keys and the id that this device keeps.

        Raises :class:`ConflictError` ``other_role``: this is the store of a gateway; ``already_paired`` unless *again*;
        ``other_kind``.
        """
        device_kind(kind)
        key, tls = new_tls_key()
        pair, identity, agreement = new_pair()

        def turned(known: Holding | None) -> Holding:
            if known is None:
                device = new_device_id(self.clock.now_ms())
                known = Holding(id=device, kind=kind, identity_key=identity, agreement_key=agreement)
            if known.gateway is not None and not again:
                raise _already_paired(known.gateway)
            if known.kind != kind:
                raise ConflictError("other_kind", f"this device is one of the kind {known.kind}")
            return replace(known, enrolling=Enrolling(key=key))

        first = self.find() is None
        try:
            self._kept.begin({**(pair if first else {}), tls_ref(key): tls}, turned, first=first)
        finally:
            for secret in (*pair.values(), tls):
                secret.wipe()
        return self._kept.swept()

    def confirmed(self, pins: Pins, confirmed: Confirmed) -> Holding:
        """The gateway of *pins* proved that it knew the code: from now on the decision is waited for."""
        run = Run(
            id=confirmed.run,
            pins=pins,
            transcript=confirmed.transcript,
            words=confirmed.words,
            digits=confirmed.digits,
        )

        def turned(known: Holding) -> Holding:
            return replace(known, enrolling=replace(_enrolling(known), run=run))

        with SensitiveBytes(confirmed.channel) as channel:
            return self._kept.put({CHANNEL: channel}, turned, "self.pairing_confirmed")

    def polls(self, run: str) -> int:
        """The counter behind which this program may poll for *run*; the next program begins behind its last. It is not
        the clock, which somebody may set back meanwhile."""

        def turned(known: Holding) -> Holding:
            under_way = _enrolling(known)
            if under_way.run is None or under_way.run.id != run:
                raise _changed()
            more = replace(under_way.run, polls=under_way.run.polls + POLLS)
            return replace(known, enrolling=replace(under_way, run=more))

        under_way = _enrolling(self._kept.step(turned)).run
        if under_way is None:
            raise _changed()
        return under_way.polls - POLLS

    def given_up(self, run: str = "") -> Holding:
        """The pairing under way (that of *run*) is over, without a certificate."""

        def turned(known: Holding) -> Holding:
            under_way = known.enrolling
            if under_way is None or (run and (under_way.run is None or under_way.run.id != run)):
                return known
            return replace(known, enrolling=None)

        self._kept.step(turned, "self.pairing_ended")
        return self._kept.swept()

    def enrolled(self, run: Run, chain: tuple[bytes, ...], raw: bytes) -> Holding:
        """The gateway of *run* issued *chain*, and trusts the bundle *raw*: this device is its own from now on, and
        nobody else's. Raises :class:`DeniedError` as :func:`first_bundle` and :func:`accepted_credential` do."""
        bundle, now = first_bundle(raw, run.pins), self.clock.now_ms()

        def turned(known: Holding) -> Holding:
            under_way = _enrolling(known)
            if under_way.run is None or under_way.run.id != run.id:
                raise _changed()
            gateway = Gateway(pins=run.pins, domain=bundle.domain, number=bundle.number, bundle=raw)
            new = accepted_credential(under_way.key, chain, bundle, known.id, now, self.chance())
            return replace(known, gateway=gateway, enrolling=None, current=None, next=new, paired_ms=now)

        self._kept.step(turned, "self.paired")
        return self._kept.swept()

    def next_key(self) -> Credential:
        """The next TLS key, whose certificate is asked for; the same until it has one that was used."""
        known = self.read()
        known.paired()
        if known.next is not None:
            return known.next
        key, tls = new_tls_key()

        def turned(known: Holding) -> Holding:
            return known if known.next is not None else replace(known, next=Credential(key=key))

        with tls:
            following = self._kept.put({tls_ref(key): tls}, turned).next
        if following is None:
            raise _changed()
        return following

    def renewed(self, key: str, chain: tuple[bytes, ...], raw: bytes) -> Holding:
        """The gateway issued *chain* for the next key *key*, and trusts the bundle *raw*. Raises :class:`DeniedError`
        ``bundle_refused``, ``bundle_old``, and as :func:`accepted_credential` does."""
        now = self.clock.now_ms()

        def turned(known: Holding) -> Holding:
            gateway, bundle = _trusted(known.paired(), raw)
            if known.next is None or known.next.key != key:
                raise _changed()
            new = accepted_credential(key, chain, bundle, known.id, now, self.chance())
            return replace(known, gateway=gateway, next=new)

        return self._kept.step(turned, "self.certificate_issued")

    def trust(self, raw: bytes) -> Holding:
        """The gateway trusts the bundle *raw* now. Raises :class:`DeniedError` ``bundle_refused``, ``bundle_old``."""
        return self._kept.step(
            lambda known: replace(known, gateway=_trusted(known.paired(), raw)[0]), "self.bundle_taken"
        )

    def reached_at(self, enrolment: str, work: str) -> Holding:
        """The gateway has other addresses."""

        def turned(known: Holding) -> Holding:
            gateway = known.paired()
            return replace(
                known, gateway=replace(gateway, pins=replace(gateway.pins, enrolment=enrolment, work=work))
            )

        return self._kept.step(turned, "self.gateway_moved")

    def used(self, credential: Credential) -> Holding:
        """The gateway answered a request that came with *credential*: if it was the next one, it is the one in use, and
        the key of the one before is destroyed."""
        known = self.read()
        if known.next != credential:
            return known if self._kept.clean else self._kept.swept()

        def turned(known: Holding) -> Holding:
            return known if known.next != credential else replace(known, current=credential, next=None)

        self._kept.step(turned, "self.certificate_used")
        return self._kept.swept()

    def dropped(self, credential: Credential | None) -> None:
        """The gateway does not take the next one, *credential*, and does take the one in use."""

        def turned(known: Holding) -> Holding:
            return known if known.next != credential else replace(known, next=None)

        self._kept.step(turned)
        self._kept.swept()

    def proof_time(self) -> int:
        """The time for a proof by the identity key: this clock, and later than in the proof before. One that is further
        ahead than clocks may be was made by a clock that was wrong: it never counted."""
        now = self.clock.now_ms()

        def turned(known: Holding) -> Holding:
            counted = known.proven_ms - now <= SKEW_MS
            return replace(known, proven_ms=max(now, known.proven_ms + 1) if counted else now)

        return self._kept.step(turned).proven_ms


def _enrolling(known: Holding) -> Enrolling:
    if known.enrolling is None:
        raise NotFoundError("no_pairing", "no pairing is under way", hint="palyra device pair")
    return known.enrolling


def _already_paired(gateway: Gateway) -> ConflictError:
    return ConflictError(
        "already_paired",
        f"this device belongs to the gateway at {gateway.pins.enrolment}",
        hint="add --again to pair it anew, or use another --state-root",
    )


def _changed() -> ConflictError:
    return ConflictError("device_changed", "another program changed this device meanwhile", hint="try again")


def _trusted(gateway: Gateway, raw: bytes) -> tuple[Gateway, TrustBundle]:
    bundle = later_bundle(raw, gateway)
    return replace(gateway, number=bundle.number, bundle=raw), bundle
