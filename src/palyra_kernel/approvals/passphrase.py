"""Approval passphrases: what a decider knows and the programs that ask do not.

Each decider has one, kept as what Argon2id makes of it in a guarded record. A guess is counted before it is derived, by
compare-and-set, so guesses at once are counted one by one, in every process and across restarts. After five wrong ones
in a row each further one has to wait, twice as long each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from msgspec.structs import replace

from palyra_kernel.approvals.approver import (
    APPROVERS,
    FORMAT,
    Approver,
    Cost,
    decode_approver,
    find_approver,
    put_approver,
)
from palyra_kernel.approvals.proof import Proven, Statement
from palyra_kernel.approvals.turn import Plan
from palyra_kernel.errors import (
    ConflictError,
    DeniedError,
    InvalidInputError,
    UnavailableError,
)
from palyra_kernel.records import Records
from palyra_kernel.values.argon2 import argon2id
from palyra_kernel.values.ids import now_ms
from palyra_kernel.values.principals import Principal
from palyra_kernel.values.sensitive import SensitiveBytes

FREE_GUESSES = 5
FIRST_DELAY_SECONDS = 30
MAX_DELAY_SECONDS = 3600
MIN_BYTES, MAX_BYTES = 8, 1024
_SALT_BYTES = 16
_ATTEMPTS = 50


class Passphrases:
    """The approval passphrases of one vault. Checking one commits by itself: what is counted with the act is not
    counted when the act fails."""

    def __init__(
        self, records: Records, *, clock: Callable[[], int] = now_ms, cost: Cost | None = None
    ) -> None:
        self._records = records
        self._clock = clock
        self._cost = cost or Cost()

    def known(self) -> list[str]:
        """The principals that have one."""
        found = self._records.load_guarded(APPROVERS)
        return sorted(decode_approver(self._records.open(each)).principal for each in found)

    def has(self, principal: Principal) -> bool:
        """Whether *principal* has one."""
        return find_approver(self._records, principal)[1] is not None

    def proof(self, principal: Principal, passphrase: SensitiveBytes) -> PassphraseProof:
        """The proof that *passphrase* is that of *principal*; checked when a decision is made."""
        return PassphraseProof(self, principal, passphrase, self._clock)

    def check(self, principal: Principal, passphrase: SensitiveBytes) -> bytes:
        """Check *passphrase*; the result tells whether it is still the same one later.

        Raises :class:`DeniedError` ``approval.no_passphrase``, ``approval.wrong_passphrase``, and
        ``approval.delayed`` if it was not even looked at.
        """
        approver = self._reserved(principal)
        with _derived(approver.cost, approver.salt, passphrase) as derived:
            right = derived == approver.derived
        if not right:
            raise DeniedError("approval.wrong_passphrase", "this is not the approval passphrase")
        self._pardon(principal, approver.salt)
        return approver.salt

    def prepare(
        self, principal: Principal, passphrase: SensitiveBytes, replaces: bytes | None
    ) -> Callable[[], Plan[None]]:
        """Derive a new passphrase for *principal*; the result plans to store it. *replaces*: what :meth:`check` said of
        the old one, or None if there must be none.

        Raises :class:`InvalidInputError` ``approval.passphrase``; the plan :class:`ConflictError`
        ``approval.passphrase_changed``.
        """
        if not MIN_BYTES <= len(passphrase) <= MAX_BYTES:
            raise InvalidInputError(
                "approval.passphrase", f"an approval passphrase has {MIN_BYTES} to {MAX_BYTES} bytes"
            )
        salt = os.urandom(_SALT_BYTES)
        with _derived(self._cost, salt, passphrase) as derived:
            kept = derived.reveal()
        new = Approver(
            format=FORMAT,
            principal=str(principal),
            cost=self._cost,
            salt=salt,
            derived=kept,
            set_ms=self._clock(),
        )

        def plan() -> Plan[None]:
            version, present = find_approver(self._records, principal)
            if (present.salt if present else None) != replaces:
                raise ConflictError(
                    "approval.passphrase_changed", "the approval passphrase was changed meanwhile"
                )
            return Plan(put_approver(principal, version, new), None)

        return plan

    def _reserved(self, principal: Principal) -> Approver:
        """Count one guess, before it is made."""
        for _ in range(_ATTEMPTS):
            version, approver = find_approver(self._records, principal)
            if approver is None:
                raise DeniedError(
                    "approval.no_passphrase",
                    f"{principal} has no approval passphrase",
                    hint="an Owner sets it: palyra approvals passphrase",
                )
            now = self._clock()
            left = approver.tried_ms + _delay(approver.failures) * 1000 - now
            waiting = left > 0 and approver.failures >= FREE_GUESSES
            if waiting and now >= approver.tried_ms:
                raise _delayed(approver.failures, left)
            # A clock that was set back would let nobody guess for as long; it starts the wait anew.
            failures = approver.failures if waiting else approver.failures + 1
            counted = replace(approver, failures=failures, tried_ms=now)
            try:
                self._records.commit(put_approver(principal, version, counted))
            except ConflictError:
                continue
            if waiting:
                raise _delayed(failures, _delay(failures) * 1000)
            return counted
        raise UnavailableError("busy", "the guess could not be counted", hint="try again")

    def _pardon(self, principal: Principal, salt: bytes) -> None:
        for _ in range(_ATTEMPTS):
            version, approver = find_approver(self._records, principal)
            if approver is None or approver.salt != salt:
                return
            try:
                self._records.commit(put_approver(principal, version, replace(approver, failures=0)))
                return
            except ConflictError:
                continue


class PassphraseProof:
    """A passphrase that somebody typed; see :class:`palyra_kernel.approvals.proof.Proof`."""

    method = "passphrase"

    def __init__(
        self,
        passphrases: Passphrases,
        principal: Principal,
        passphrase: SensitiveBytes,
        clock: Callable[[], int],
    ) -> None:
        self._passphrases = passphrases
        self._principal = principal
        self._passphrase = passphrase
        self._clock = clock

    def verify(self, statement: Statement) -> Proven:
        """Check it, for the decision *statement*."""
        if statement.decider != self._principal:
            raise DeniedError("approval.wrong_passphrase", "this passphrase is of another principal")
        self._passphrases.check(self._principal, self._passphrase)
        return Proven(statement=statement.digest, method=self.method, device="", at_ms=self._clock())


def _delay(failures: int) -> int:
    """How many seconds a guess waits after so many wrong ones in a row."""
    if failures < FREE_GUESSES:
        return 0
    return int(min(FIRST_DELAY_SECONDS * 2.0 ** min(failures - FREE_GUESSES, 32), MAX_DELAY_SECONDS))


def _derived(cost: Cost, salt: bytes, passphrase: SensitiveBytes) -> SensitiveBytes:
    return argon2id(
        passphrase, salt, memory_kib=cost.memory_kib, iterations=cost.iterations, lanes=cost.lanes
    )


def _delayed(failures: int, left_ms: int) -> DeniedError:
    return DeniedError(
        "approval.delayed",
        f"after {failures} wrong approval passphrases the next is looked at in {-(-left_ms // 1000)} s",
        hint="wait; it was not looked at",
    )
