"""How a device keeps a good certificate: renewed in time over the connection that it is for, or, where that is too late
or refused, by the identity key that its gateway pinned.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar

import msgspec

from palyra_kernel.device.accepting import check_server
from palyra_kernel.device.connecting import Dial, Issued, Nonce, dial, trusting_nobody
from palyra_kernel.device.holder import Holder
from palyra_kernel.device.work_door import REFUSED, Connected, WorkDoor, answer
from palyra_kernel.errors import DeniedError, PalyraError, UnavailableError
from palyra_kernel.identity.certificates.verifying import check_fresh
from palyra_kernel.identity.reentry import SKEW_MS, VERSION, Proof, signed_text
from palyra_kernel.identity.renewal import retry_after_ms
from palyra_kernel.net.messages import HttpResponse
from palyra_kernel.values.digest import sha256

REENTERS = REFUSED | {"certificate_expired", "tls_failed"}
"""Errors of :meth:`WorkDoor.connected` behind which the identity key may help: a certificate that is over or stands for
nobody, and a gateway whose CAs are all new."""
LONGEST_MS = 60 * 60_000
"""Whoever keeps a certificate looks at least once an hour."""

T = TypeVar("T")
What = Literal["nothing", "renewed", "reentered"]


class Tended(NamedTuple):
    """What was done; ``due_ms``: when it is due again."""

    what: What
    due_ms: int


class Renewal:
    """Keeps the certificate of the device of *holder*."""

    def __init__(self, holder: Holder, dial: Dial = dial) -> None:
        self._holder = holder
        self._dial = dial
        self.work = WorkDoor(holder, dial)

    def tend(self, *, anyway: bool = False) -> Tended:
        """Connect, and renew if that is due, if the gateway wants it, or *anyway*; come back by the identity key where
        nothing else is left. A gateway takes the new certificate before the old one is given up.

        Raises as :meth:`WorkDoor.connected` and :meth:`reenter` do.
        """
        connected, what = self.connected()
        with connected:
            known = self._holder.read()
            due = self._holder.clock.now_ms() >= connected.credential.renew_ms
            if what == "nothing" and (due or anyway or connected.me.renewal_wanted):
                self._renew(connected)
                what = "renewed"
        if what == "renewed":
            self.work.connected().link.close()  # the first use
        known = self._holder.read()
        current = known.current or known.next
        return Tended(what, current.renew_ms if current is not None else 0)

    def connected(self) -> tuple[Connected, What]:
        """A connection to the gateway, and what it took."""
        try:
            return self.work.connected(), "nothing"
        except PalyraError as error:
            if error.code not in REENTERS:
                raise
            refused = error
        try:
            self.reenter()
        except UnavailableError:
            raise refused from None  # what was wrong first says more than that the other door is closed
        return self.work.connected(), "reentered"

    def _renew(self, connected: Connected) -> None:
        """Ask for the next certificate over *connected*."""
        following = self._holder.next_key()
        sent = connected.link.send(
            "POST",
            "/v1/certificate",
            body=self._holder.keys.request(following.key),
            content_type="application/pkcs10",
        )
        issued = answer(sent, Issued, connected.link.host)
        if issued.certificates:
            check_fresh(issued.certificates[0], self._holder.clock.now_ms())
        self._holder.renewed(following.key, issued.certificates, issued.bundle)

    def reenter(self) -> None:
        """Get a certificate by the identity key, at the enrolment door: until 30 days behind the end of the last one.

        What the gateway answers counts because of its identity key and not of its TLS certificate, which is checked
        against the bundle that came. Raises :class:`DeniedError` ``reentry_refused``, ``clock_skew``, and what
        :meth:`Holder.renewed` and :class:`Link` raise.
        """
        known = self._holder.read()
        gateway = known.paired()
        following = self._holder.next_key()
        with self._dial(gateway.pins.enrolment, trusting_nobody()) as link:
            asked = msgspec.json.encode({"device": known.id})
            nonce = self._taken(
                link.send("POST", "/v1/reentry/challenge", body=asked), Nonce, link.host
            ).nonce
            request = self._holder.keys.request(following.key)
            body = self._proof(known.id, known.identity_key, nonce, request, sha256(link.leaf))
            issued = self._taken(link.send("POST", "/v1/reentry", body=body), Issued, link.host)
            now = self._holder.clock.now_ms()
            if issued.certificates:
                check_fresh(issued.certificates[0], now)
            check_server(link.leaf, self._holder.judged(issued.bundle), link.host, now)
            self._holder.renewed(following.key, issued.certificates, issued.bundle)

    def _proof(self, device: str, public: bytes, nonce: bytes, request: bytes, gateway: bytes) -> bytes:
        at_ms, digest = self._holder.proof_time(), sha256(request)
        key = self._holder.keys.identity(public)
        proof = Proof(
            version=VERSION,
            device=device,
            nonce=nonce,
            at_ms=at_ms,
            request=digest,
            gateway=gateway,
            signature=key.sign(signed_text(device, nonce, at_ms, digest, gateway)),
        )
        return msgspec.json.encode({"proof": proof, "request": base64.b64encode(request).decode()})

    def _taken(self, response: HttpResponse, form: type[T], host: str) -> T:
        """What *response* says. The one refusal has no reason; the clocks are the one that can be seen from here."""
        if response.status != 403:
            return answer(response, form, host)
        skew = response.clock_skew
        response.body.wipe()
        if skew is not None and abs(skew) * 1000 > SKEW_MS:
            where = "behind" if skew > 0 else "ahead of"
            raise DeniedError(
                "clock_skew",
                f"the clock of this machine is about {int(abs(skew)) // 60} minutes {where} that of the gateway",
                hint="set both clocks; up to five minutes are allowed",
            )
        raise DeniedError(
            "reentry_refused",
            f"{host} does not take this device back",
            hint="it was revoked, removed or away for more than 30 days: pair it again",
        )

    def keep(self, stop: threading.Event, failed: Callable[[PalyraError], None] = lambda _: None) -> None:
        """:meth:`tend` until *stop* is set: whenever it is due and once an hour; behind a failure, which *failed* hears
        of, with growing pauses, a half of them by chance."""
        failures = 0
        while True:
            try:
                due_ms = self.tend().due_ms
                failures = 0
                pause_ms = min(max(due_ms - self._holder.clock.now_ms(), 1_000), LONGEST_MS)
            except PalyraError as error:
                failures += 1
                failed(error)
                pause_ms = retry_after_ms(failures, self._holder.chance())
            if stop.wait(pause_ms / 1000):
                return
