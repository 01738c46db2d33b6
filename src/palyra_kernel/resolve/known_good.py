"""The last known good value of a reference: an envelope in the kernel's own scope, with an age that is bounded.

It answers for a source that failed, never for one that said *missing* or *blocked*: those are answers, and end it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from palyra_kernel.errors import NotFoundError, PalyraError
from palyra_kernel.resolve.outcome import Read, unanswered
from palyra_kernel.values.refs import VaultRef
from palyra_kernel.values.scopes import VaultScope
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.vault import SecretMetadata, Vault

SCOPE = VaultScope.kernel("resolver")
_SKEW = timedelta(minutes=5)
_RENEWALS = 8
"""An unchanged value is written again when an eighth of its allowed age is gone, not at each reading."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class KnownGood:
    """Keeps and finds last known good values."""

    def __init__(
        self, vault: Vault, name_of: Callable[[SecretRef], str], clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._vault = vault
        self._name_of = name_of
        self._clock = clock

    def judged(self, ref: SecretRef, read: Read) -> Read:
        """Keep *read* if it is a value; if its source failed, the kept one in its place if there is one young enough.

        What concerns the keeping only, a full disk say, fails no reading.
        """
        if not ref.max_stale_seconds:
            return read
        try:
            if isinstance(read.answer, SensitiveBytes):
                self._keep(ref, read.answer)
            elif unanswered(read.answer):
                return self._found(ref) or read
            elif read.answer.kind in ("missing", "policy_blocked"):
                self._forget(ref)
        except PalyraError:
            return read
        return read

    def age(self, ref: SecretRef) -> timedelta | None:
        """How old the kept value is; None if there is none."""
        kept = self._kept(ref)
        return None if kept is None else self._clock() - kept.updated_at

    def _keep(self, ref: SecretRef, value: SensitiveBytes) -> None:
        if self._is_fresh(ref, value):
            return
        name, over = self._ref(ref), self._clock() + timedelta(seconds=ref.max_stale_seconds)
        version = self._vault.put(name, value, expires_at=over).version
        older = [each.version for each in self._vault.history(name) if each.version != version]
        if older:
            self._vault.destroy(name, older)
        self._sweep()

    def _is_fresh(self, ref: SecretRef, value: SensitiveBytes) -> bool:
        kept = self._kept(ref)
        if kept is None or self._is_over(kept):
            return False
        renew = timedelta(seconds=ref.max_stale_seconds / _RENEWALS)
        if not timedelta() <= self._clock() - kept.updated_at < renew:
            return False
        with self._vault.get(self._ref(ref)) as before:
            return before == value

    def _sweep(self) -> None:
        """Remove what is too old for anybody: its reference may be in use no more, and no user lists it."""
        for kept in self._vault.list(SCOPE):
            if self._is_over(kept):
                self._vault.destroy(kept.ref)

    def _is_over(self, kept: SecretMetadata) -> bool:
        return kept.expires_at is not None and kept.expires_at <= self._clock()

    def _found(self, ref: SecretRef) -> Read | None:
        kept = self._kept(ref)
        if kept is None:
            return None
        age = self._clock() - kept.updated_at
        if not -_SKEW <= age <= timedelta(seconds=ref.max_stale_seconds):
            return None  # a time in the future means that one of two clocks is wrong: then nothing is known of its age
        return Read(self._vault.get(self._ref(ref)), 0, "last_known_good", kept.updated_at)

    def _forget(self, ref: SecretRef) -> None:
        if self._kept(ref) is not None:
            self._vault.destroy(self._ref(ref))

    def _kept(self, ref: SecretRef) -> SecretMetadata | None:
        try:
            return self._vault.stat(self._ref(ref))
        except NotFoundError:
            return None

    def _ref(self, ref: SecretRef) -> VaultRef:
        return VaultRef(SCOPE, f"known_good/{self._name_of(ref)}")
