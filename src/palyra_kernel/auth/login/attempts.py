"""The logins under way of one vault: begun in one commit, found by their state, used once.

A record says how far each came, and an envelope keeps its secrets; so a redirect that comes after a restart still
finds its login. Every step is a compare-and-set on the record.
"""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from msgspec.structs import replace

from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.login.attempt import (
    CLAIM_MS,
    FORMAT,
    KEPT_MS,
    LONGEST_MS,
    TTL_MS,
    Attempt,
    Flow,
    Wanted,
    decode_attempt,
    encode_attempt,
)
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.auth.tokens import SCOPE
from palyra_kernel.errors import ConflictError, DeniedError, IntegrityError, NotFoundError, UnavailableError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.values.ulid import is_ulid, new_ulid, ulid_ms
from palyra_kernel.vault import Vault

ATTEMPTS = Namespace("auth_attempts", guarded=False)
MAX_ATTEMPTS = 1024
_STATE_BYTES = 32
_ID_CHARACTERS = 26
_TIDIED_AT_ONCE = 64
_PAGE = 64


class Row(NamedTuple):
    """An attempt as it is stored, and the version of its record."""

    version: int
    attempt: Attempt


class Attempts:
    """What is kept of logins. Nothing here reaches the network."""

    def __init__(self, records: Records, vault: Vault, clock: Clock) -> None:
        self._records = records
        self._vault = vault
        self._clock = clock

    def begin(
        self,
        wanted: Wanted,
        secrets: Bundle,
        *,
        owner: str,
        flow: Flow = "code",
        redirect_uri: str = "",
        lifetime_ms: int = TTL_MS,
        interval: int = 0,
    ) -> Row:
        """Begin a login, for *lifetime_ms*; its state, 256 random bits behind its id, is kept with *secrets*.

        Raises :class:`UnavailableError` ``rate_limited`` while 1,024 are kept."""
        now = self._clock.now_ms()
        name = new_ulid(now)
        state = name + urlsafe_b64encode(os.urandom(_STATE_BYTES)).rstrip(b"=").decode()
        attempt = Attempt(
            format=FORMAT,
            id=name,
            flow=flow,
            wanted=wanted,
            owner=owner,
            state="pending",
            started_at_ms=now,
            until_ms=now + min(lifetime_ms, LONGEST_MS),
            state_digest=self._digest(state),
            redirect_uri=redirect_uri,
            interval=interval,
        )
        change = Change()
        change.check(ATTEMPTS.key(name), 0)
        change.put(ATTEMPTS.key(name), encode_attempt(attempt))
        with (
            self._records.exclusive(),
            Bundle.of({**secrets, "state": SensitiveBytes(state.encode())}) as kept,
        ):
            if self._is_full() and (not self.tidy(older_than_ms=TTL_MS + KEPT_MS) or self._is_full()):
                raise UnavailableError(
                    "rate_limited",
                    f"{MAX_ATTEMPTS} logins are under way or just over",
                    hint=f"the oldest are forgotten within {(TTL_MS + KEPT_MS) // 60_000} minutes",
                )
            self._seal(kept, attempt, change)
        return self._row(name)

    def find(self, id: str, owner: str | None = None) -> Attempt:
        """The login *id* as it is now; nothing is written, whatever its age. With *owner* it must be theirs.

        Raises :class:`NotFoundError` ``login_unknown``, :class:`DeniedError` ``login_not_yours``.
        """
        attempt = self._row(id).attempt
        if owner is not None and attempt.owner != owner:
            raise _not_yours()
        return attempt.at(self._clock.now_ms())

    def pending(self, id: str, owner: str, flow: Flow | None = None) -> Row:
        """The login *id* of *owner*, which must be waiting, and of *flow*. Raises as :meth:`find`, and
        :class:`ConflictError` ``login_over``."""
        row = self._row(id)
        if flow not in (None, row.attempt.flow):
            raise _unknown()
        return self._waiting(row, owner)

    def by_state(self, state: str, owner: str) -> Row:
        """The login that *state* belongs to, which must be waiting, and *owner* its owner. Raises as
        :meth:`pending`."""
        row = self._row(state[:_ID_CHARACTERS])
        if not self.is_state(row.attempt, state) or row.attempt.flow != "code":
            raise _unknown()
        return self._waiting(row, owner)

    def is_state(self, attempt: Attempt, state: str) -> bool:
        """Whether *state* is that of *attempt*."""
        return hmac.compare_digest(attempt.state_digest, self._digest(state))

    def secrets(self, attempt: Attempt) -> Bundle:
        """What is kept for *attempt*."""
        with self._vault.get(_ref(attempt.id)) as document:
            return Bundle.opened(document)

    def claim(self, row: Row) -> Row:
        """Take the login for oneself: of any number who try, one succeeds. Raises :class:`ConflictError`
        ``login_over``."""
        now = self._clock.now_ms()
        claimed = replace(row.attempt, state="exchanging", claimed_until_ms=now + CLAIM_MS)
        try:
            self._records.commit(changed(row, claimed))
        except ConflictError:
            raise _over("in use") from None
        return self._row(claimed.id)

    def hold(self, row: Row, tokens: Bundle) -> Row:
        """Keep *tokens*, before anything else is done with them: whatever happens now, they are not lost. Raises
        :class:`ConflictError` ``record_changed`` if the login ended meanwhile."""
        now = self._clock.now_ms()
        held = replace(row.attempt, state="exchanged", claimed_until_ms=now + CLAIM_MS)
        self._seal(tokens, held, changed(row, held))
        return self._row(held.id)

    def succeeded(self, row: Row) -> Change:
        """What is to be committed together with the profile."""
        return changed(row, replace(row.attempt, state="succeeded", ended_at_ms=self._clock.now_ms()))

    def ended(self, id: str, code: str) -> Change:
        """What is to be committed together with what becomes of the tokens of a login that failed with *code*; nothing
        where it is over already."""
        row = self._row(id)
        return Change() if row.attempt.over else changed(row, row.attempt.failed(code, self._clock.now_ms()))

    def fail(self, row: Row, code: str) -> None:
        """End the login without a profile, and erase what was kept for it. Raises :class:`ConflictError`
        ``record_changed`` if it ended meanwhile."""
        ended = replace(row.attempt.failed(code, self._clock.now_ms()), sealed=False)
        self._erase(row.attempt.id, changed(row, ended))

    def erase(self, id: str) -> None:
        """Erase what was kept for a login that is over."""
        row = self._row(id)
        if row.attempt.over and row.attempt.sealed:
            self._erase(id, changed(row, replace(row.attempt, sealed=False)))

    def stranded(self) -> list[Row]:
        """Logins whose tokens came and were not put to use before their time was over."""
        now = self._clock.now_ms()
        rows = (Row(version, attempt) for _, version, attempt in self._stored(now) if attempt is not None)
        return [row for row in rows if row.attempt.state == "exchanged" and row.attempt.at(now).over]

    def tidy(self, *, older_than_ms: int = 0) -> int:
        """Erase what is kept for logins that are over, and forget the old ones; those with tokens are left to whoever
        revokes them. Returns how many changed."""
        now = self._clock.now_ms()
        done = 0
        for name, version, attempt in self._stored(now - older_than_ms):
            change = _tidied(name, version, attempt, now)
            if change is not None:
                with suppress(ConflictError):  # somebody else does it
                    self._erase(name, change)
                    done += 1
            if done == _TIDIED_AT_ONCE:
                break
        return done

    def _stored(self, before_ms: int) -> Iterator[tuple[str, int, Attempt | None]]:
        """Ids, versions and attempts of those that began until *before_ms*, oldest first; None for a damaged one."""
        after: bytes | None = None
        while page := self._records.store.scan(ATTEMPTS.prefix, after, _PAGE):
            for stored in page:
                after = stored.key
                name = stored.key.removeprefix(ATTEMPTS.prefix).decode("ascii", "replace")
                if is_ulid(name) and ulid_ms(name) > before_ms:
                    return
                try:
                    attempt = decode_attempt(self._records.open(stored))
                except IntegrityError:
                    attempt = None
                yield name, stored.version, attempt

    def _is_full(self) -> bool:
        return len(self._records.store.scan(ATTEMPTS.prefix, None, MAX_ATTEMPTS)) >= MAX_ATTEMPTS

    def _row(self, id: str) -> Row:
        record = self._records.read(ATTEMPTS.key(id)) if is_ulid(id) else None
        if record is None or record.document is None:
            raise _unknown()
        attempt = decode_attempt(record.document)
        if attempt.id != id:
            raise _unknown()
        return Row(record.version, attempt)

    def _waiting(self, row: Row, owner: str) -> Row:
        if row.attempt.owner != owner:
            raise _not_yours()
        current = row.attempt.at(self._clock.now_ms())
        if current.state != "pending":
            raise _over("expired" if current.code == "expired" else current.state)
        return row

    def _seal(self, secrets: Bundle, attempt: Attempt, change: Change) -> None:
        with secrets.sealed() as document:
            self._vault.beside(lambda _: change).put(_ref(attempt.id), document)

    def _erase(self, id: str, change: Change) -> None:
        """Commit *change*, and with it that nothing is kept for the login *id*."""
        try:
            self._vault.beside(lambda _: change).destroy(_ref(id))
        except NotFoundError:
            self._records.commit(change)

    def _digest(self, state: str) -> bytes:
        return self._records.keys.blind("auth login", state)


def _tidied(name: str, version: int, attempt: Attempt | None, now: int) -> Change | None:
    """What is to be done about a login at *now*; None for nothing."""
    if attempt is None:
        gone = not is_ulid(name) or ulid_ms(name) + LONGEST_MS + KEPT_MS <= now
    elif attempt.state == "exchanged" or not attempt.at(now).over:
        return None
    else:
        current = attempt.at(now)
        gone = current.forgotten(now)
        if current.sealed and not gone:
            return changed(Row(version, attempt), replace(current, sealed=False))
    if not gone:
        return None
    change = Change()
    change.check(ATTEMPTS.key(name), version)
    change.delete(ATTEMPTS.key(name))
    return change


def changed(row: Row, attempt: Attempt) -> Change:
    """The change by which what was read becomes *attempt*."""
    change = Change()
    change.check(ATTEMPTS.key(attempt.id), row.version)
    change.put(ATTEMPTS.key(attempt.id), encode_attempt(attempt))
    return change


def _ref(id: str) -> VaultRef:
    return VaultRef(SCOPE, f"attempt/{id}")


def _unknown() -> NotFoundError:
    return NotFoundError("login_unknown", "there is no such login", hint="begin again: palyra auth login")


def _not_yours() -> DeniedError:
    return DeniedError("login_not_yours", "this login was begun by somebody else")


def _over(how: str) -> ConflictError:
    return ConflictError(
        "login_over",
        f"this login waits for nobody any more: it is {how}",
        hint="begin again: palyra auth login",
    )
