"""A secret source for tests: values on a shelf in memory, and a store that can be told never to answer."""

import re
import threading

from palyra_kernel.contracts.sources import SecretError, SecretSource, SourceCapabilities
from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values import SensitiveBytes

SHELVES: dict[str, dict[str, bytes]] = {}
_NEVER = threading.Event()


class ToySource(SecretSource):
    scheme = "toy"
    stuck = False

    def __init__(self, name):
        self.name = name

    @classmethod
    def open(cls, place):
        if place.settings.keys() != {"shelf", "token"}:
            raise InvalidInputError("invalid_config", "the settings of [sources.toy] are shelf and token")
        return cls(place.settings["shelf"])

    @property
    def shelf(self):
        return SHELVES.setdefault(self.name, {})

    def capabilities(self):
        return SourceCapabilities(may_block=False, batch=True, cache="local")

    def resolve(self, refs, deadline):
        deadline.check("looking on the shelf")
        if self.stuck:
            _NEVER.wait(deadline.remaining())
            late = SecretError(
                kind="timeout", code="late", message="the shelf did not answer", hint="try again"
            )
            return dict.fromkeys(refs, late)
        return {ref: self.answer(ref) for ref in refs}

    def answer(self, ref):
        refused = self.refuses(ref)
        if refused is not None:
            return refused
        value = self.shelf.get(ref.target)
        if value is None:
            return self.absent(ref)
        return self.too_large(value) if len(value) > ref.max_bytes else self.found(ref, value)

    def found(self, ref, value):
        return SensitiveBytes(value)

    def absent(self, ref):
        return SecretError(
            kind="missing", code="not_found", message="there is no such secret", hint="put it on the shelf"
        )

    def too_large(self, value):
        return SecretError(
            kind="too_large", code="too_large", message="the value is too large", hint="raise max_bytes"
        )

    def refuses(self, ref):
        if not ref.query and re.fullmatch(r"[a-z0-9-]+", ref.target):
            return None
        return SecretError(
            kind="invalid_reference",
            code="invalid_reference",
            message="no name on a shelf",
            hint="use a-z, 0-9 and -",
        )
