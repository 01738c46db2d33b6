"""A node at work: it keeps a stream from its gateway, and lends what it can do, for as long as it is let.

The stream and what is said are two connections: a line that is written never waits for one that is read. What counts is
in the journal and at the gateway, so the connections may break at any byte, and the process end at any moment.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread

from palyra_kernel.contracts.capabilities import Capability
from palyra_kernel.device.consent import Consent, deny
from palyra_kernel.device.held_grants import HeldGrants
from palyra_kernel.device.journal import Journal
from palyra_kernel.device.listening import Listening
from palyra_kernel.device.offering import Offering
from palyra_kernel.device.outbox import Outbox
from palyra_kernel.device.renewing import LONGEST_MS
from palyra_kernel.device.runner import Runner
from palyra_kernel.device.service import ThisDevice
from palyra_kernel.device.speaking import Speaker
from palyra_kernel.device.work import Report
from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.identity.renewal import retry_after_ms
from palyra_kernel.records import Records
from palyra_kernel.values.deadline import Deadline

GRACE_SECONDS = 20.0
_LAST_WORDS_SECONDS = 3.0
"""Of the grace, for what could not be finished to be said."""
_LOOK_SECONDS = 0.05

Said = Callable[[str], object]
_log = logging.getLogger(__name__)


class Node:
    """*device* at its gateway, with *capabilities* by name; :meth:`run` once. *said* is told in a line how things are.
    One process runs a node at a time: the newest."""

    def __init__(
        self,
        device: ThisDevice,
        records: Records,
        capabilities: Mapping[str, Capability],
        *,
        journal: Journal | None = None,
        consent: Consent = deny,
        said: Said = lambda _: None,
        chance: Callable[[], float] = random.random,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        known = device.holder.read()
        self._gateway = known.paired().pins.work
        self._device = device
        self._said = said
        self._chance = chance
        self._grace = grace_seconds
        self._journal = journal or Journal(records)
        self._grants = HeldGrants(records, device.holder)
        self._speaker = Speaker(device.work)
        self._runner = Runner(
            self._journal,
            capabilities,
            known.id,
            check_grant=self._grants.check,
            report=self._report,
            consent=consent,
        )
        self._outbox = Outbox(
            self._speaker.report,
            settled=self._runner.settled,
            over=self._runner.cancel,
            beat=self._speaker.beat,
            chance=chance,
        )
        self._offering = Offering(capabilities, self._speaker)
        self._ended = Event()
        self._up = Event()
        self._tend = Event()
        self._lock = Lock()
        self._listening: Listening | None = None
        self._failure: PalyraError | None = None
        self._stopping: Event | None = None

    def run(self, stop: Event) -> None:
        """Work until *stop*; then finish what is under way within the grace, and say what became of it.

        Raises as :meth:`Journal.begin` does; :class:`UnavailableError` ``superseded`` when another process took over.
        """
        self._stopping = stop
        self._runner.start()
        threads = [
            Thread(target=work, name=f"palyra-node-{work.__name__.strip('_')}", daemon=True)
            for work in (self._listen, self._outbox.run, self._renew)
        ]
        for thread in threads:
            thread.start()
        try:
            while not stop.wait(1.0):  # in pieces: on Windows nothing else lets a signal in
                pass
        finally:
            self._end()
        if self._failure is not None:
            raise self._failure

    def _end(self) -> None:
        deadline = Deadline.after(self._grace)
        self._ended.set()
        self._hang_up()
        under_way = len(self._runner.under_way)
        self._say(f"stopping; {under_way} leases under way have {self._grace:g} seconds")
        while self._runner.under_way and deadline.remaining() > _LAST_WORDS_SECONDS:
            time.sleep(_LOOK_SECONDS)
        self._runner.close(Deadline.after(min(_LAST_WORDS_SECONDS / 2, deadline.remaining())))
        if not self._outbox.flush(deadline):
            _log.warning("some results are said when this node starts again")
        self._outbox.close()
        self._tend.set()
        self._speaker.close()

    def _listen(self) -> None:
        """Keep a stream, with pauses that grow while there is none."""
        failures = 0
        while not self._ended.is_set():
            try:
                self._journal.check()
                self._connect()
                reason = "the gateway ended the stream"
            except PalyraError as error:
                if error.code == "superseded":
                    self._fail(error)
                    return
                if isinstance(error, DeniedError):
                    self._runner.cancel_all()  # nobody here is let any more
                reason = f"{error.code}: {error.message}"
            except Exception as error:  # noqa: BLE001  # a node that does not come back is of no use
                _log.exception("the node failed")
                reason = type(error).__name__
            failures = 1 if self._up.is_set() else failures + 1
            self._up.clear()
            if not self._ended.is_set():
                pause = retry_after_ms(failures, self._chance()) / 1000
                self._say(f"no gateway: {reason}; again in {pause:.0f} s")
                self._ended.wait(pause)

    def _connect(self) -> None:
        connected, what = self._device.renewal.connected()
        if what != "nothing":
            self._say(f"a new certificate: {what}")
        self._speaker.use(connected)
        for grants in self._offering.register():
            self._take(grants)
        known = self._device.holder.read()
        listening = Listening(known.id, self._runner, self._take, self._up_now, self._news, self._ping)
        with self._lock:
            self._listening = listening
        if not self._ended.is_set():
            listening.run(self._device.work.link(known, connected.credential))

    def _take(self, grants: bytes) -> None:
        """Without grants that count, each lease is refused with a code; that is for the gateway's people to see."""
        try:
            self._grants.take(grants)
        except DeniedError as error:
            _log.error("the gateway's grants do not count: %s: %s", error.code, error.message)
        self._runner.check_again()

    def _up_now(self) -> None:
        self._up.set()
        self._tend.set()
        self._say(f"lending {self._offering.shown()} to {self._gateway}")
        self._outbox.wake()
        self._runner.report_again()

    def _news(self, what: str) -> None:
        """There is another bundle, or a certificate to renew."""
        _log.info("the gateway has news: %s", what)
        self._tend.set()

    def _ping(self) -> None:
        self._outbox.put(None)
        if self._offering.changed():
            for grants in self._offering.register():
                self._take(grants)

    def _renew(self) -> None:
        """Keep the certificate, while there is a gateway; without one, coming back is what :meth:`_listen` does."""
        pause, failures = LONGEST_MS / 1000, 0
        while not self._ended.is_set():
            self._tend.wait(pause)
            self._tend.clear()
            if self._ended.is_set() or not self._up.is_set():
                continue
            try:
                tended = self._device.renewal.tend()
                failures = 0
                left_ms = tended.due_ms - self._device.holder.clock.now_ms()
                pause = min(max(left_ms, 1_000), LONGEST_MS) / 1000
                if tended.what != "nothing":
                    self._say(f"a new certificate: {tended.what}")
                    self._hang_up()  # come again, with the new one
            except PalyraError as error:
                failures += 1
                pause = retry_after_ms(failures, self._chance()) / 1000
                _log.warning("the certificate is not renewed: %s: %s", error.code, error.message)

    def _report(self, report: Report) -> None:
        """What the runner says. A lease begins when the gateway knows that this node has it, and not before: one that
        was called off on the way does not begin."""
        if report.state != "acknowledged":
            self._outbox.put(report)
            return
        try:
            taken = self._speaker.report(report).taken
        except PalyraError:
            self._runner.cancel(report.lease)
            raise
        if not taken:
            self._runner.cancel(report.lease)

    def _hang_up(self) -> None:
        with self._lock:
            listening = self._listening
        if listening is not None:
            listening.close()

    def _fail(self, error: PalyraError) -> None:
        self._failure = error
        if self._stopping is not None:
            self._stopping.set()

    def _say(self, line: str) -> None:
        _log.info("%s", line)
        self._said(line)
