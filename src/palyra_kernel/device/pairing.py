"""A pairing as the device goes through it: the code is proved both ways, words are compared, the decision waited for.

Until it is confirmed, nothing that the other side says counts, its TLS certificate least of all: who sits in between
has one guess at the code, and learns from it only that it was wrong.
"""

from __future__ import annotations

import threading

from palyra_kernel.device.accepting import check_server, first_bundle
from palyra_kernel.device.connecting import Dial, dial, trusting_nobody, unwelcome
from palyra_kernel.device.documents import Holding, Pins, Run
from palyra_kernel.device.holder import Holder
from palyra_kernel.errors import ConflictError, DeniedError, PalyraError, UnavailableError
from palyra_kernel.identity.certificates.verifying import check_fresh
from palyra_kernel.identity.names import DeviceKind
from palyra_kernel.identity.pairing.attempts import PER_ADDRESS, AddressLimit
from palyra_kernel.identity.pairing.codes import Scanned
from palyra_kernel.identity.pairing.device import Confirmed, DeviceRun, Waiting
from palyra_kernel.identity.pairing.device import Self as Own
from palyra_kernel.identity.pairing.messages import Decision
from palyra_kernel.identity.pairing.states import APPROVAL_MS
from palyra_kernel.identity.renewal import retry_after_ms
from palyra_kernel.net.link import Link
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.digest import sha256

POLL_SECONDS = 1.0
_LONGEST_PAUSE_MS = 15_000
_REFUSALS = 3
"""So often in a row a poll is refused before the pairing is over: a gateway that has trouble refuses too."""
_WAIT_SECONDS = APPROVAL_MS / 1000 + 300
"""The gateway says when the time is over; whoever keeps silent is not waited for much longer."""


class Enrolment:
    """Pairs the device of *holder*. *limit* counts what failed at each address, for one command or program.
    *poll_seconds*: between two questions whether it was decided."""

    def __init__(
        self,
        holder: Holder,
        dial: Dial = dial,
        limit: AddressLimit | None = None,
        poll_seconds: float | None = None,
    ) -> None:
        self._holder = holder
        self._dial = dial
        self._limit = limit or AddressLimit()
        self._poll_seconds = POLL_SECONDS if poll_seconds is None else poll_seconds

    def begin(
        self, scanned: Scanned, enrolment: str, work: str, kind: DeviceKind, *, again: bool = False
    ) -> Run:
        """Messages 1 to 4 with the gateway at *enrolment*: what people compare, and :meth:`decided` waits for.

        Raises :class:`DeniedError` ``pairing_failed``, whatever the reason; ``too_many_failures`` behind three of them
        at one address; what :meth:`Holder.begin` and :class:`Link` raise.
        """
        if not self._limit.open(enrolment):
            raise DeniedError(
                "too_many_failures",
                f"{PER_ADDRESS} codes failed at {enrolment}: somebody may be in between",
                hint="look whether the address is that of your gateway, and try from another network",
            )
        if scanned.gateway and scanned.gateway != enrolment:
            raise DeniedError(
                "pairing_failed", "this code is for another address", hint="leave --gateway out"
            )
        known = self._holder.begin(kind, again=again)
        try:
            with self._dial(enrolment, trusting_nobody()) as link:
                self._limit.begin(enrolment)
                run = DeviceRun(self._own(known), scanned, sha256(link.leaf))
                proof = run.prove(_said(link, "hello", run.hello()))
                confirmed = run.confirm(_said(link, "proof", proof))
        except PalyraError:
            self._holder.given_up()
            raise
        self._limit.succeeded(enrolment)
        pins = Pins(
            enrolment=enrolment, work=work, identity=confirmed.gateway_identity, ca_hash=confirmed.ca_hash
        )
        return _under_way(self._holder.confirmed(pins, confirmed))

    def under_way(self) -> Run | None:
        """A pairing that another program began and nobody decided, as far as this device knows."""
        known = self._holder.find()
        return known.enrolling.run if known is not None and known.enrolling is not None else None

    def decided(self, run: Run, stop: threading.Event | None = None) -> Holding:
        """Wait until somebody decided *run*; keep the certificate. *stop* ends the waiting alone (``interrupted``): the
        next call goes on with it, also in another program.

        Raises :class:`DeniedError` ``pairing_rejected``, ``pairing_expired``, ``pairing_cancelled``,
        ``pairing_failed``, behind which the pairing is over; :class:`DeniedError` ``clock_skew`` and what
        :meth:`Holder.enrolled` raises for what it does not accept; :class:`UnavailableError` ``interrupted``,
        ``not_decided``.
        """
        waits = _Waits(self._holder, self._dial, run, stop or threading.Event(), self._poll_seconds)
        try:
            decision = waits.decision()
            if decision.state != "issued":
                raise _ended(decision.state)
        except DeniedError:
            self._holder.given_up(run.id)
            raise
        finally:
            waits.close()
        waits.check(decision)
        return self._holder.enrolled(run, decision.certificates, decision.bundle)

    def _own(self, known: Holding) -> Own:
        if known.enrolling is None:
            raise ConflictError(
                "device_changed", "another program changed this device meanwhile", hint="try again"
            )
        keys = self._holder.keys
        return Own(
            device=known.id,
            kind=known.kind,
            identity=known.identity_key,
            agreement=known.agreement_key,
            sign=lambda text: keys.identity(known.identity_key).sign(text),
            request=keys.request(known.enrolling.key),
        )


class _Waits:
    """The polls of one program, over as many connections as it takes."""

    def __init__(self, holder: Holder, dial: Dial, run: Run, stop: threading.Event, pause: float) -> None:
        self._holder = holder
        self._dial = dial
        self._run = run
        self._stop = stop
        self._pause = pause
        self._waited = False
        self._link: Link | None = None
        self._leaf, self._host = b"", ""
        known = holder.read()
        pins = run.pins
        with holder.keys.channel() as channel:
            confirmed = Confirmed(
                run.id,
                pins.identity,
                pins.ca_hash,
                run.transcript,
                run.words,
                run.digits,
                channel.reveal(),
            )
        self._waiting = Waiting(
            confirmed,
            lambda text: holder.keys.identity(known.identity_key).sign(text),
            counter=holder.polls(run.id),
        )

    def decision(self) -> Decision:
        """The first answer that is one."""
        deadline, failures = Deadline.after(_WAIT_SECONDS), 0
        while True:
            pause = self._pause
            try:
                decision = self._poll()
                if decision.state != "waiting":
                    return decision
                self._waited, failures = True, 0
            except (UnavailableError, DeniedError) as error:
                failures += 1
                self.close()
                if deadline.expired or (isinstance(error, DeniedError) and failures >= _REFUSALS):
                    raise
                pause *= min(retry_after_ms(failures, self._holder.chance()), _LONGEST_PAUSE_MS) / 1000
            if deadline.expired:
                raise UnavailableError(
                    "not_decided", "nobody decided this pairing in time", hint="palyra device pair"
                )
            if self._stop.wait(pause):
                raise UnavailableError(
                    "interrupted", "the pairing is still waiting for its approval", hint="palyra device pair"
                )

    def _poll(self) -> Decision:
        if self._link is None or not self._link.usable:
            self.close()
            self._link = self._dial(self._run.pins.enrolment, trusting_nobody())
            self._leaf, self._host = self._link.leaf, self._link.host
        return self._waiting.read(_said(self._link, "poll", self._waiting.poll()))

    def check(self, decision: Decision) -> None:
        """The connection that *decision* came by was that of the gateway, and both clocks agree."""
        now = self._holder.clock.now_ms()
        bundle = first_bundle(decision.bundle, self._run.pins)
        if self._waited and decision.certificates:  # else it may have been issued a while ago
            check_fresh(decision.certificates[0], now)
        check_server(self._leaf, bundle, self._host, now)

    def close(self) -> None:
        """Let go of the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None


def _said(link: Link, verb: str, message: bytes) -> bytes:
    with link.send("POST", f"/v1/pairing/{verb}", body=message) as response:
        if response.status != 200:
            raise unwelcome(response, link.host)
        return response.body.reveal()


def _under_way(known: Holding) -> Run:
    if known.enrolling is None or known.enrolling.run is None:
        raise ConflictError(
            "device_changed", "another program changed this device meanwhile", hint="try again"
        )
    return known.enrolling.run


def _ended(state: str) -> DeniedError:
    words = {"rejected": "was rejected", "expired": "was not decided in time", "cancelled": "was cancelled"}
    return DeniedError(
        f"pairing_{state}",
        f"the pairing {words[state]} at the gateway",
        hint="get another code: palyra pairing code",
    )
