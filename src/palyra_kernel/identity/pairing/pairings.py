"""The gateway's side of all runs: what is paid before a share leaves, what is written before an answer does.

Every refusal is one message, and every run that is refused because of its code did the work and the writes of one that
is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import NamedTuple

import msgspec

from palyra_kernel.errors import ConflictError, DeniedError, NotFoundError, PalyraError
from palyra_kernel.identity.clock import Clock
from palyra_kernel.identity.committing import commit
from palyra_kernel.identity.events import SILENT, Tell
from palyra_kernel.identity.keys import identity_print
from palyra_kernel.identity.pairing.channel import check_poll, seal
from palyra_kernel.identity.pairing.exchange import Entropy
from palyra_kernel.identity.pairing.gateway import Challenge, GatewayRun, Proven, Terms, check_offers
from palyra_kernel.identity.pairing.keeping import DECOY, SCOPE, Code, Codes
from palyra_kernel.identity.pairing.messages import REFUSED, Decision, Hello, Poll, decode, refused
from palyra_kernel.identity.pairing.runs import MAX_RUNS, Runs
from palyra_kernel.identity.pairing.sources import Sources
from palyra_kernel.identity.pairing.states import RUN_MS, TERMINAL, Pairing, State, step
from palyra_kernel.identity.pairing.telling import Telling
from palyra_kernel.records import Change, Records
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.values.ulid import new_ulid
from palyra_kernel.vault import Vault


class Issued(NamedTuple):
    """Certificates for a device, its own first (DER), the trust bundle, and what is committed with them."""

    certificates: tuple[bytes, ...]
    bundle: bytes
    change: Change


class Asked(NamedTuple):
    """What a human is asked, as it is committed with the proof; without an ``approval`` nobody was asked yet."""

    approval: str
    change: Change


class Rules(NamedTuple):
    """What the rest of the kernel says of pairings. Each may be asked again where a commit is planned again.

    ``admit``: raises :class:`DeniedError` for a device that is banned; else a change that holds only as long as it is
    not. ``known``: the identity key that a device id has by now. ``check_request``: raises for a certificate request
    that would not be signed. ``issue``: signs it. ``ask``: asks a human for an approval of what was proved; until then
    it waits. ``withdraw``: takes back what was asked, in approvals of these ids that still wait or count.
    ``tell``: the event of what no session asked for, which is committed with it; of a certificate, ``issue`` has it.
    """

    admit: Callable[[Pairing], Change]
    known: Callable[[str], bytes | None]
    check_request: Callable[[bytes], object]
    issue: Callable[[Pairing], Issued]
    ask: Callable[[Pairing], Asked] = lambda _: Asked("", Change())
    withdraw: Callable[[Collection[str]], Change] = lambda _: Change()
    tell: Tell = SILENT


class Begun(NamedTuple):
    """The answer to message 1, and the run that goes on with it; None if it was refused at once."""

    reply: bytes
    run: GatewayRun | None


class Pairings:
    """Begins runs, takes proofs, answers polls. Any number of threads and processes may share the records."""

    def __init__(
        self, records: Records, vault: Vault, rules: Rules, clock: Clock, entropy: Entropy = os.urandom
    ) -> None:
        self.codes = Codes(records, vault)
        self.runs = Runs(records)
        self._sources = Sources(records)
        self._records = records
        self._vault = vault
        self._rules = rules
        self._telling = Telling(rules.tell)
        self.turned_away = 0
        """Runs in this process that were refused because of their source, or because there were too many."""
        self._clock = clock
        self._entropy = entropy

    def begin(self, raw: object, source: str, terms: Terms) -> Begun:
        """Answer message 1 of *source*. The attempt is paid for, durably, before there is a share to answer with."""
        try:
            hello = decode(raw, Hello)
            check_offers(hello)
            now = self._clock.now_ms()
            run = GatewayRun(terms, new_ulid(now), now, self._entropy)
            code, live = self._pay(hello, run, source)
            with self.codes.secret(code) as secret:
                challenge = Challenge(code.method, code.id, secret.view(), code.expires_ms, live)
                return Begun(run.offer(hello, challenge), run)
        except (DeniedError, NotFoundError):
            return Begun(REFUSED, None)

    def _pay(self, hello: Hello, run: GatewayRun, source: str) -> tuple[Code, bool]:
        """Commit what the run costs; return the code whose secret it is about, and whether it can succeed."""
        now = self._clock.now_ms()
        self.codes.decoy(now)
        if self.runs.count() >= MAX_RUNS and not self.prune():
            raise self._away()
        found: list[tuple[Code, bool]] = []

        def plan() -> Change:
            change = Change()
            if not self._sources.plan_take(change, source, now):
                raise self._away()
            named, decoy = self.codes.row(hello.code), self.codes.row(DECOY)
            if decoy.code is None:
                raise refused()
            if named.code is not None:
                self._records.check_epoch()  # as reading what is not there does: both take as long
            paying = named if named.code is not None else decoy
            code = paying.code or decoy.code
            live = code.open(now) and code.method == hello.method
            begun = _requested(hello, run, source, code, now)
            self.runs.plan_begin(change, begun)
            change.merge(self._telling.step("begun", begun))
            version, before = self.codes.pins()
            pins = before
            if hello.method == "pin":
                pins, allowed = before.begun(run.run, now)
                live = live and allowed
                change.merge(self._telling.pins(before, pins, begun))
            self.codes.plan_pins(change, version, pins)
            known = self._warned(change, code, begun)
            self.codes.plan_put(change, paying, msgspec.structs.replace(known, attempts=known.attempts + 1))
            found.append((code if live else decoy.code, live))
            return change

        commit(self._records, plan)
        return found[-1]

    def finish(self, run: GatewayRun, raw: object) -> bytes:
        """Answer message 3: message 4 once the proof is written down, else the refusal."""
        now = self._clock.now_ms()
        try:
            proven = run.verify(raw, now)
            self._rules.check_request(proven.request)
            with SensitiveBytes(proven.keys.channel) as key:
                self._vault.beside(lambda _: self._proved(run, proven)).put(_ref(run.run), key)
            return run.accept()
        except PalyraError as error:
            self.fail(run, error.code)
            if error.exit_code not in _PEERS_FAULT:
                raise
            return REFUSED

    def _proved(self, run: GatewayRun, proven: Proven) -> Change:
        now = self._clock.now_ms()
        row = self.runs.row(run.run)
        known = self._rules.known(row.pairing.device)
        replaces = identity_print(known) if known is not None and known != proven.identity else ""
        pairing = step(
            row.pairing,
            "finish",
            now,
            identity=proven.identity,
            agreement=proven.agreement,
            request=proven.request,
            transcript=proven.transcript,
            words=proven.keys.words,
            digits=proven.keys.digits,
            replaces=replaces,
        )
        change = self._rules.admit(pairing)
        asked = self._rules.ask(pairing)
        change.merge(asked.change)
        if asked.approval:
            pairing = step(pairing, "ask", now, approval=asked.approval)
        self.runs.plan_replace(change, row, pairing)
        self._refund(change, pairing)
        return change

    def _refund(self, change: Change, pairing: Pairing) -> None:
        """Add to *change*: the attempt is paid back, and its code used up. Of two runs with one code, one gets here."""
        row = self.codes.row(pairing.code)
        if row.code is None or row.code.used_by or row.code.created_ms > pairing.begun_ms:
            raise refused()
        used = msgspec.structs.replace(row.code, attempts=row.code.attempts - 1, used_by=pairing.id)
        self.codes.plan_put(change, row, used)
        version, pins = self.codes.pins()
        self.codes.plan_pins(change, version, pins.refunded(pairing.id))

    def _away(self) -> DeniedError:
        self.turned_away += 1
        return refused()

    def fail(self, run: GatewayRun, code: str = "abandoned") -> None:
        """Note that *run* failed, and for which reason. What it cost was paid; so whoever does not get here has lost
        nothing by that."""

        def plan() -> Change:
            now = self._clock.now_ms()
            pairing = self.runs.row(run.run).pairing
            change = self.runs.plan_step(run.run, "fail", now)
            change.merge(self._telling.step("failed", pairing, code))
            version, before = self.codes.pins()
            pins = before.failed(run.run, now)
            self.codes.plan_pins(change, version, pins)
            change.merge(self._telling.pins(before, pins, pairing))
            row = self.codes.row(pairing.code)
            if row.code is not None:
                self._records.check_epoch()  # as reading what is not there does: both take as long
                known = self._warned(change, row.code, pairing)
                if known != row.code:  # once in the life of a code, so nobody can measure it
                    self.codes.plan_put(change, row, known)
            return change

        with suppress(ConflictError, NotFoundError):  # it is over already
            commit(self._records, plan)

    def _warned(self, change: Change, code: Code, pairing: Pairing) -> Code:
        """*code*; if it is locked, that is written down with *change*, once."""
        if code.lock_told or not code.locked or code.used_by or code.id == DECOY:
            return code
        change.merge(self._telling.locked(pairing))
        return msgspec.structs.replace(code, lock_told=True)

    def poll(self, raw: object) -> bytes:
        """Answer message 5: message 6, or the refusal to whoever has not the enrolled key or was told already."""
        try:
            asked = decode(raw, Poll)
            told: list[tuple[Pairing, Decision]] = []

            def plan() -> Change:
                change, pairing, decision = self._told(asked)
                told.append((pairing, decision))
                return change

            commit(self._records, plan)
            pairing, decision = told[-1]
            with self._vault.get(_ref(asked.run)) as key:
                return seal(key.view(), asked.run, pairing.transcript, asked.counter, decision)
        except (DeniedError, NotFoundError):
            return REFUSED

    def _told(self, asked: Poll) -> tuple[Change, Pairing, Decision]:
        now = self._clock.now_ms()
        row = self.runs.row(asked.run)
        state = row.pairing.now(now)
        if not row.pairing.transcript or state == "acknowledged":
            raise refused()
        check_poll(asked, row.pairing.identity, row.pairing.transcript, row.pairing.counter)
        pairing = msgspec.structs.replace(row.pairing, counter=asked.counter)
        change = Change()
        if state in ("approved", "issued"):
            change.merge(self._rules.admit(pairing))
        if state == "approved":
            more, pairing = self._issued(pairing, now)
            change.merge(more)
        self.runs.plan_replace(change, row, pairing)
        return change, pairing, _decision(pairing, now)

    def _issued(self, pairing: Pairing, now: int) -> tuple[Change, Pairing]:
        """*pairing* with its certificates; or cancelled, where what was approved may not happen any more."""
        try:
            issued = self._rules.issue(pairing)
        except (DeniedError, ConflictError) as error:
            if error.code == "record_changed":
                raise
            over = step(pairing, "cancel", now, reason=error.code)
            return self._telling.step("cancelled", over, error.code), over
        made = step(pairing, "issue", now, certificates=issued.certificates, bundle=issued.bundle)
        return issued.change, made

    def acknowledge(self, id: str, beside: Callable[[], Change] = Change) -> None:
        """The first call came with the certificate: it is not handed out again, and the channel key is gone."""

        def plan(_: object) -> Change:
            change = self.runs.plan_step(id, "acknowledge", self._clock.now_ms(), certificates=(), bundle=b"")
            change.merge(beside())
            change.merge(self._telling.step("acknowledged", self.runs.row(id).pairing))
            return change

        self._vault.beside(plan).destroy(_ref(id))

    def acknowledged(self, device: str, certificate: bytes, beside: Callable[[], Change]) -> bool:
        """:meth:`acknowledge` the pairing that gave *device* its *certificate* (DER); False if there is none that
        waits for that."""
        for pairing in self.runs.list():
            if pairing.device != device or pairing.certificates[:1] != (certificate,):
                continue
            with suppress(ConflictError):  # its time is over, or another request was first
                self.acknowledge(pairing.id, beside)
                return True
        return False

    def plan_cancel(self, id: str, why: str, at_ms: int) -> Change:
        """Somebody takes the pairing *id* back, and what was asked because of it. Raises :class:`NotFoundError`
        ``pairing_missing``, :class:`ConflictError` ``pairing_over``, :class:`InvalidInputError` ``invalid_reason``."""
        row = self.runs.row(id)
        step(row.pairing, "cancel", at_ms)
        return self._plan_cancel([row.pairing], why, at_ms)

    def plan_cancel_device(self, device: str, why: str, at_ms: int) -> Change:
        """All that *device* has under way is over; its revocation is in the same commit. What gets under way afterwards
        is refused because of that one."""
        found = [
            each for each in self.runs.list() if each.device == device and each.now(at_ms) not in TERMINAL
        ]
        return self._plan_cancel(found, why, at_ms)

    def _plan_cancel(self, pairings: Iterable[Pairing], why: str, at_ms: int) -> Change:
        asked = [pairing.approval for pairing in pairings if pairing.approval]
        change = self._rules.withdraw(asked) if asked else Change()
        for pairing in pairings:
            if not self.runs.moved_in(change, pairing.id):  # its approval is over by now, so it is
                change.merge(self.runs.plan_cancel(pairing.id, why, at_ms))
        return change

    def prune(self) -> int:
        """Forget runs that are long over, with their channel keys, and sources that were not heard of in a day; return
        how many runs."""
        self._sources.prune(self._clock.now_ms())
        return self.runs.prune(self._clock.now_ms(), self._forget)

    def _forget(self, id: str) -> None:
        with suppress(NotFoundError):  # it was acknowledged, or proved nothing
            self._vault.destroy(_ref(id))


_PEERS_FAULT = (2, 3, 4, 7)
"""Exit codes of errors that the peer caused; others are ours, and whoever called has to know."""
_WAITING: frozenset[State] = frozenset(("proven", "awaiting_approval", "approved"))


def _requested(hello: Hello, run: GatewayRun, source: str, code: Code, now: int) -> Pairing:
    return Pairing(
        id=run.run,
        state="requested",
        code=hello.code,
        method=hello.method,
        device=hello.device,
        kind=hello.kind,
        name=code.name,
        issued_by=code.issued_by,
        source=source,
        begun_ms=now,
        deadline_ms=now + RUN_MS,
        changed_ms=now,
    )


def _decision(pairing: Pairing, now: int) -> Decision:
    state = pairing.now(now)
    if state in _WAITING:
        return Decision(state="waiting")
    if state == "issued":
        return Decision(state="issued", certificates=pairing.certificates, bundle=pairing.bundle)
    if state in ("rejected", "expired", "cancelled"):
        return Decision(state=state)
    raise refused()


def _ref(id: str) -> VaultRef:
    return VaultRef(SCOPE, f"pairing/run/{id}")
