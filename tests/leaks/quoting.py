"""A source of secrets by an author who quotes what it holds, wherever an author can say something."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, get_args

from palyra_kernel import (
    SecretError,
    SecretRef,
    SecretSource,
    SensitiveBytes,
    SourceCapabilities,
    UnavailableError,
    hookimpl,
)
from palyra_kernel.contracts.sources import ErrorKind
from palyra_kernel.resolve import builtin
from tests.leaks.canaries import encodings
from tests.leaks.stage import Stage

_BUILT_IN = builtin.palyra_secret_sources


def quoted(value: bytes) -> Iterator[str]:
    """A sentence of somebody who quotes *value*, for each encoding."""
    for encoded in encodings(value).values():
        yield f"while storing <{encoded.decode('utf-8', 'surrogateescape')}> it failed"


class Quoting(SecretSource):
    """``quoting://WAY.NUMBER``: the value, or an error that shows it in one encoding. It holds the value meanwhile."""

    scheme = "quoting"
    held: ClassVar[SensitiveBytes]
    sentences: ClassVar[tuple[str, ...]]
    down: ClassVar[bool] = False
    ways: ClassVar = (*get_args(ErrorKind), "raise", "ours", "type", "error")

    def capabilities(self) -> SourceCapabilities:
        return SourceCapabilities(may_block=False, batch=False, cache="local")

    def resolve(self, refs, deadline):
        (ref,) = refs
        logging.getLogger("quoting").warning("%s: %r", self._sentence(ref), self.held)
        print(repr(self.held), file=sys.stderr)
        return {ref: self._answer(ref)}

    def refuses(self, ref):
        found = self._answer(ref)
        return found if isinstance(found, SecretError) else None

    def _sentence(self, ref: SecretRef) -> str:
        return self.sentences[int(ref.target.partition(".")[2])]

    def _answer(self, ref: SecretRef) -> Any:
        way, sentence = ref.target.partition(".")[0], self._sentence(ref)
        if way == "value":
            return self._failure("io", sentence) if self.down else SensitiveBytes(self.held.view())
        return self._said(way, sentence)

    def _said(self, way: str, sentence: str) -> Any:
        if way == "raise":
            raise RuntimeError(sentence, self.held.reveal()) from ValueError(sentence)
        if way == "ours":
            raise UnavailableError(sentence, sentence, hint=sentence)
        if way == "type":
            return type(ascii(sentence), (), {})()
        return self._failure(way, sentence)

    def _failure(self, kind: Any, sentence: str) -> SecretError:
        return SecretError(kind=kind, code=sentence, message=sentence, hint=sentence)


class Opening(Quoting):
    """One that fails while it is opened, with its setting in its words."""

    scheme = "opening"

    @classmethod
    def open(cls, place):
        token = place.settings["token"]
        raise ValueError(*quoted(token.reveal()), token, place)


@contextmanager
def offered(stage: Stage, canary: bytes) -> Iterator[type[Quoting]]:
    """Both beside the sources of the kernel, while the value lives."""

    @hookimpl
    def palyra_secret_sources():
        return [*_BUILT_IN(), Quoting, Opening]

    with SensitiveBytes(canary) as held, stage.monkeypatch.context() as patch:
        patch.setattr(builtin, "palyra_secret_sources", palyra_secret_sources)
        patch.setattr(Quoting, "held", held, raising=False)
        patch.setattr(Quoting, "sentences", tuple(quoted(canary)), raising=False)
        yield Quoting
