"""What waits for its revocation: tokens that nobody here uses any more, and that their issuer still takes.

They are put down in the commit that takes them out of use, so a provider that is down, or a process that dies, loses
none; then the issuer is told, again and again with growing pauses (RFC 7009: telling it twice harms nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from palyra_kernel.auth.clock import Clock
from palyra_kernel.auth.families import Families
from palyra_kernel.auth.issuers import Issuer
from palyra_kernel.auth.login.bundle import Bundle
from palyra_kernel.auth.login.peer import grant_of
from palyra_kernel.auth.profile import Profile
from palyra_kernel.auth.store import Accounts
from palyra_kernel.auth.tokens import PARTS, SCOPE, Tokens
from palyra_kernel.contracts.oauth import OAuthFailure
from palyra_kernel.errors import ConflictError, IntegrityError, NotFoundError, PalyraError
from palyra_kernel.records import Change, Namespace, Records
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.decoding import decode_json
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.ulid import new_ulid
from palyra_kernel.vault import Vault

REVOCATIONS = Namespace("auth_revocations", guarded=True)
FIRST_PAUSE_MS = 30_000
LONGEST_PAUSE_MS = 6 * 3_600_000
GIVEN_UP_MS = 30 * 86_400_000
"""After a month the issuer was not reached or did not do it; the tokens are erased, and it is reported."""
_FORMAT = 1
_CALL_SECONDS = 10.0
_MOST_DOUBLINGS = 20
_FINAL = frozenset(("unsupported", "unsupported_token_type", "not_configured"))
"""Codes of an issuer that cannot revoke at all."""

Became = Literal["revoked", "unsupported", "waiting", "given_up", "erased"]


class Waiting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One revocation. ``profile``: as it was, with the issuer's endpoints. ``login``: of the family whose secrets have
    to be erased; empty where that is done. ``sealed``: whether there are tokens to revoke. ``tries``: calls so far,
    ``last`` the code of their last failure. Times are milliseconds since 1970."""

    format: int
    id: str
    profile: Profile
    queued_at_ms: int
    next_ms: int
    login: str = ""
    sealed: bool = True
    tries: int = 0
    last: str = ""


class Done(NamedTuple):
    """What became of one: ``erased`` had nothing to revoke; ``waiting`` is tried again."""

    waiting: Waiting
    became: Became


class Revocations:
    """The revocations that wait in one vault. *issuer* finds whom to tell."""

    def __init__(
        self,
        records: Records,
        vault: Vault,
        accounts: Accounts,
        families: Families,
        tokens: Tokens,
        issuer: Callable[[Profile], Issuer],
        clock: Clock,
    ) -> None:
        self._records = records
        self._vault = vault
        self._accounts = accounts
        self._families = families
        self._tokens = tokens
        self._issuer = issuer
        self._clock = clock

    def queue(
        self, profile: Profile, tokens: Bundle, beside: Callable[[], Change] = Change, *, login: str = ""
    ) -> str:
        """Put *tokens* (``access_token``, ``refresh_token``, ``client_secret``) down in one commit with what *beside*
        plans; it is planned again where somebody else was first. Without tokens what is left is to erase the secrets
        of *login*, the family of *profile*. Returns the id."""
        now = self._clock.now_ms()
        waiting = Waiting(
            format=_FORMAT,
            id=new_ulid(now),
            profile=profile,
            queued_at_ms=now,
            next_ms=now,
            login=login,
            sealed=bool(tokens.keys() & {"access_token", "refresh_token"}),
        )

        def planned(_: object = None) -> Change:
            change = _put(waiting)
            change.check(_key(waiting.id), 0)
            change.merge(beside())
            return change

        if waiting.sealed:
            with tokens.sealed() as document:
                self._vault.beside(planned).put(_ref(waiting.id), document)
        else:
            self._accounts.commit(planned)
        return waiting.id

    def waiting(self) -> list[Waiting]:
        """What waits, oldest first, compared with the set-hash; no secret is opened."""
        found = self._records.load_guarded(REVOCATIONS)
        return [_decoded(self._records.open(stored)) for stored in found]

    def drain(self, limit: int = 16) -> Iterator[Done]:
        """Do what is due, at most *limit* of it; one failure keeps nobody from the next."""
        due = [each for each in self.waiting() if each.next_ms <= self._clock.now_ms()]
        for each in due[:limit]:
            try:
                done = self.attempt(each.id)
            except PalyraError as error:
                done = Done(replace(each, last=error.code), "waiting")
            if done is not None:
                yield done

    def attempt(self, id: str) -> Done | None:
        """Try the revocation *id*; None if it is not there, not due, or somebody else is at it."""
        record, now = self._records.read(_key(id)), self._clock.now_ms()
        if record.document is None:
            return None
        waiting = _decoded(record.document)
        if waiting.next_ms > now:
            return None
        claimed = replace(waiting, tries=waiting.tries + 1, next_ms=now + self._pause(waiting))
        change = _put(claimed)
        change.check(_key(id), record.version)
        try:
            self._records.commit(change)  # whoever counts the try makes it
        except ConflictError:
            return None
        if claimed.login:
            claimed = self._erased(claimed)
        return self._told(claimed) if claimed.sealed else self._finished(claimed, "erased")

    def _told(self, waiting: Waiting) -> Done:
        try:
            with self._vault.get(_ref(waiting.id)) as document, Bundle.opened(document) as tokens:
                failure = self.tell(waiting.profile, tokens)
        except (NotFoundError, IntegrityError):
            return self._finished(waiting, "given_up")  # there is nothing left that could be revoked
        if failure is None:
            return self._finished(waiting, "revoked")
        if failure.code in _FINAL:
            return self._finished(waiting, "unsupported")
        if self._clock.now_ms() >= waiting.queued_at_ms + GIVEN_UP_MS:
            return self._finished(waiting, "given_up")
        asked = self._clock.now_ms() + int((failure.retry_after_seconds or 0) * 1000)
        later = replace(waiting, last=failure.code, next_ms=max(waiting.next_ms, asked))
        self._replace(waiting, later)
        return Done(later, "waiting")

    def tell(self, profile: Profile, tokens: Bundle) -> OAuthFailure | None:
        """Ask the issuer of *profile* once to revoke both *tokens*; None if it did."""
        grant = grant_of(
            profile,
            tokens.get("client_secret"),
            **{name: tokens[name] for name in ("access_token", "refresh_token") if name in tokens},
        )
        try:
            return self._issuer(profile).revoke(grant, Deadline.after(_CALL_SECONDS))
        except PalyraError as error:
            return OAuthFailure(code=error.code, kind="transient", sent=False)

    def _erased(self, waiting: Waiting) -> Waiting:
        """Erase the secrets of a family that ended, and of none that was begun since under the same id."""
        name = waiting.profile.id

        def unchanged(_: object) -> Change:
            version, family = self._families.read(name)
            if family.login != waiting.login or not family.terminal:
                raise _BegunAnewError
            change = Change()
            change.check(self._families.key(name), version)
            return change

        for part in PARTS:
            try:
                self._vault.beside(unchanged).destroy(self._tokens.ref(part, name))
            except NotFoundError:
                continue
            except _BegunAnewError:
                break
        erased = replace(waiting, login="")
        self._replace(waiting, erased)
        return erased

    def _finished(self, waiting: Waiting, became: Became) -> Done:
        def gone(_: object = None) -> Change:
            change = Change()
            change.delete(_key(waiting.id))
            return change

        try:
            self._vault.beside(gone).destroy(_ref(waiting.id))
        except NotFoundError:
            self._accounts.commit(gone)
        return Done(waiting, became)

    def _replace(self, old: Waiting, new: Waiting) -> None:
        record = self._records.read(_key(old.id))
        if record.document is None or _decoded(record.document) != old:
            return  # somebody else went on with it
        change = _put(new)
        change.check(_key(old.id), record.version)
        self._records.commit(change)

    def _pause(self, waiting: Waiting) -> int:
        longest = min(FIRST_PAUSE_MS << min(waiting.tries, _MOST_DOUBLINGS), LONGEST_PAUSE_MS)
        return int(longest * (0.5 + self._clock.random() / 2))


class _BegunAnewError(Exception):
    """The profile has a new login, which is none of our business."""


def _put(waiting: Waiting) -> Change:
    change = Change()
    change.put(_key(waiting.id), msgspec.json.encode(waiting))
    return change


def _key(id: str) -> bytes:
    return REVOCATIONS.key(id)


def _ref(id: str) -> VaultRef:
    return VaultRef(SCOPE, f"revoke/{id}")


def _decoded(document: bytes) -> Waiting:
    try:
        found = decode_json(document, Waiting)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or found.format != _FORMAT:
        raise IntegrityError("revocation_damaged", "the record of a revocation is damaged")
    return found
