"""``env://NAME``: variables of this process, of which an operator names those that references may read."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities, SourcePlace
from palyra_kernel.resolve.sources.answers import blocked, missing, settings_of, too_large
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from palyra_kernel.values.sensitive import SensitiveBytes
from palyra_kernel.values.targets import is_variable


class EnvSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[sources.env]``. ``allow``: names, or ``PREFIX_*`` for all that begin so; by default none."""

    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for entry in self.allow:
            if not is_variable(entry.removesuffix("_*")):
                raise ValueError("allow holds names of variables, and PREFIX_* for all that begin so")


class EnvSource(SecretSource):
    """Reads variables as they are, byte for byte; nothing is trimmed.

    What Python and the system keep of the environment cannot be wiped: a value that has been in it stays in memory.
    """

    scheme = "env"

    def __init__(self, settings: EnvSettings) -> None:
        self._names = frozenset(settings.allow)
        self._prefixes = tuple(entry[:-1] for entry in settings.allow if entry.endswith("_*"))

    @classmethod
    def open(cls, place: SourcePlace) -> Self:
        return cls(settings_of(cls.scheme, place.settings, EnvSettings))

    def capabilities(self) -> SourceCapabilities:
        return SourceCapabilities(may_block=False, batch=True, cache="local")

    def refuses(self, ref: SecretRef) -> SecretError | None:
        name = ref.target
        if name in self._names or name.startswith(self._prefixes):
            return None
        return blocked(
            "not_allowed",
            "no reference may read this variable",
            hint=f'add "{name}" to allow in [sources.env] of palyra.toml: allow = ["{name}"]',
        )

    def resolve(
        self, refs: Sequence[SecretRef], deadline: Deadline
    ) -> Mapping[SecretRef, SensitiveBytes | SecretError]:
        return {ref: self.refuses(ref) or _read(ref) for ref in refs}


def _read(ref: SecretRef) -> SensitiveBytes | SecretError:
    value = _variable(ref.target)
    if value is None:
        return missing("variable_unset", "the variable is not set")
    return too_large(ref.max_bytes) if len(value) > ref.max_bytes else SensitiveBytes(value)


def _variable(name: str) -> bytes | None:
    if sys.platform == "win32":
        text = os.environ.get(name)  # the environment of Windows is text
        return None if text is None else text.encode("utf-8", "surrogatepass")
    return os.environb.get(name.encode())
