"""The credentials that this process has opened: each once a generation, and the newest generation alone."""

from __future__ import annotations

from collections import OrderedDict

from palyra_kernel.auth.families import Families
from palyra_kernel.auth.family import Family
from palyra_kernel.auth.tokens import Part, Tokens
from palyra_kernel.errors import IntegrityError, NotFoundError
from palyra_kernel.values.sensitive import SensitiveBytes

_KEPT = 1024
_LOOKS = 5


class Held:
    """Opened credentials. What is dropped is zeroed as soon as no lease has it any more."""

    def __init__(self, families: Families, tokens: Tokens) -> None:
        self._families = families
        self._tokens = tokens
        self._kept: OrderedDict[str, tuple[str, int, SensitiveBytes]] = OrderedDict()

    def access(self, family: Family) -> tuple[Family, SensitiveBytes]:
        """The access token of *family*, or of the family as it is now where it moved on meanwhile."""
        for _ in range(_LOOKS):
            known = self._known(family)
            if known is not None:
                return family, known
            try:
                held = self._tokens.read(family.id)
            except NotFoundError:
                held = None
            if held is not None and held.of(family):
                if held.refresh_token is not None:
                    held.refresh_token.wipe()
                return family, self._keep(family, held.access_token)
            if held is not None:
                held.wipe()
            family = self._families.read(family.id)[1]
        raise IntegrityError(
            "tokens_damaged",
            f"the token set of {family.id} is not the one that its record tells of",
            hint="log in again",
        )

    def key(self, family: Family, part: Part = "key") -> SensitiveBytes:
        """The API key of *family*. Raises :class:`NotFoundError` ``tokens_missing``."""
        known = self._known(family)
        return known if known is not None else self._keep(family, self._tokens.value(part, family.id))

    def _known(self, family: Family) -> SensitiveBytes | None:
        kept = self._kept.get(family.id)
        if kept is None or kept[0] != family.login or kept[1] != family.generation:
            return None
        return kept[2]

    def _keep(self, family: Family, value: SensitiveBytes) -> SensitiveBytes:
        self._kept[family.id] = family.login, family.generation, value
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return value

    def forget(self) -> None:
        """Let go of everything."""
        self._kept.clear()
