"""Where the runtime states of profiles are kept. Losing them is harmless: they are rebuilt, and that is told."""

from __future__ import annotations

from collections.abc import Mapping

from palyra_kernel.auth.cooldowns import RuntimeState, Use
from palyra_kernel.auth.names import Provider
from palyra_kernel.contracts.oauth import FailureKind
from palyra_kernel.records import Namespace, Records

STATES = Namespace("auth_state", guarded=False)


class RuntimeStates:
    """The runtime states of one vault. Any thread may call it; processes agree by compare-and-set.

    Failures, and successes that end a cooldown, are committed before the call returns. Last uses and other successes
    are kept in memory and written down at most once a second, by whoever reports something next, and by
    :meth:`flush`. Reading and :meth:`used` never write.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    @property
    def rebuilt(self) -> Mapping[str, str]:
        """Profiles whose record could not be read, and why; it counts as empty, and the next write replaces it."""
        raise NotImplementedError

    def read(self, id: str, now_ms: int) -> RuntimeState:
        """The state of the profile *id*, its past deadlines gone; another process's change is seen after 100 ms at
        most."""
        raise NotImplementedError

    def fresh(self, id: str, now_ms: int) -> RuntimeState:
        """The same as it is now."""
        raise NotImplementedError

    def used(self, id: str, now_ms: int) -> None:
        """The profile was chosen."""
        raise NotImplementedError

    def claim(self, id: str, now_ms: int) -> bool:
        """Whether the caller is the one who tries a half-open profile; then its result has to be reported. Nobody else
        is told so for 30 s. True too where nothing has to be tried any more."""
        raise NotImplementedError

    def failed(
        self,
        id: str,
        kind: FailureKind,
        provider: Provider,
        *,
        now_ms: int,
        began_ms: int | None = None,
        retry_after_seconds: float | None = None,
        static: bool = False,
    ) -> bool:
        """Write a failure down; see :func:`palyra_kernel.auth.cooldowns.failed`. Returns whether it is the last one:
        the family has to become ``reauth_required``."""
        raise NotImplementedError

    def succeeded(self, id: str, use: Use, *, now_ms: int, began_ms: int | None = None) -> None:
        """A call or a refresh worked."""
        raise NotImplementedError

    def clear(self, id: str) -> RuntimeState:
        """Hold nothing against the profile any more."""
        raise NotImplementedError

    def forget(self, id: str) -> None:
        """Delete the record of a profile that is gone."""
        raise NotImplementedError

    def flush(self) -> None:
        """Write down what is kept in memory; call it before closing."""
        raise NotImplementedError
