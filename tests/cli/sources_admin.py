"""A source of secrets for tests of the command line: it answers what the test put into it, and counts its calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from palyra_kernel import SecretError, SecretSource, SensitiveBytes, SourceCapabilities, hookimpl
from palyra_kernel.resolve import builtin
from palyra_kernel.resolve.sources.vault import VaultSource


class Fake(SecretSource):
    """``fake://NAME``: a local batch source."""

    scheme = "fake"
    answers: ClassVar[Mapping[str, bytes | SecretError]] = {}
    calls: ClassVar[list[int]] = []

    def capabilities(self):
        return SourceCapabilities(may_block=False, batch=True, cache="local")

    def resolve(self, refs, deadline):
        self.calls.append(len(refs))
        found = {}
        for ref in refs:
            answer = self.answers.get(
                ref.target, SecretError(kind="missing", code="not_there", message="it is not there")
            )
            found[ref] = SensitiveBytes(answer) if isinstance(answer, bytes) else answer
        return found

    def refuses(self, ref):
        answer = self.answers.get(ref.target)
        return answer if isinstance(answer, SecretError) else None


@pytest.fixture
def fake(monkeypatch):
    """``fake`` beside the vault, as a source that the kernel brings."""

    @hookimpl
    def palyra_secret_sources():
        return [VaultSource, Fake]

    monkeypatch.setattr(builtin, "palyra_secret_sources", palyra_secret_sources)
    monkeypatch.setattr(Fake, "answers", {})
    monkeypatch.setattr(Fake, "calls", [])
    return Fake
