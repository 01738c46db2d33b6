"""What is seen of a canary that was resolved, or was not: outcomes, states, explanations, errors, logs, records."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import msgspec

from palyra_kernel import Kernel, RedactingFilter, Resolution, SecretRef
from tests.leaks.canaries import files_under
from tests.leaks.in_process import shown_of
from tests.leaks.quoting import Quoting, offered
from tests.leaks.stage import Haystacks, Stage, scenario


def shown(outcome: Resolution) -> Haystacks:
    """Everything of an outcome that is no value."""
    parts = (outcome.metadata, outcome.error)
    yield "repr", f"{outcome!r} {outcome!s} {parts!r} {outcome.value!r} {[outcome]!r}"
    yield "JSON", msgspec.json.encode(parts)
    if outcome.error is not None:
        yield from shown_of(outcome.unwrap)


def everything(kernel: Kernel, refs: list[Any]) -> Haystacks:
    """Each of *refs* resolved, then all that the resolver says of it."""
    resolver = kernel.resolver
    for outcome in resolver.resolve_many(refs).values():
        with outcome:
            yield from shown(outcome)
    with resolver.run() as run:
        for ref in refs[:3]:
            with run.resolve(ref) as outcome:
                yield from shown(outcome)
    for said in (resolver, resolver.reload(), resolver.states(), [resolver.explain(ref) for ref in refs]):
        yield "report", repr(said)
    yield "states as JSON", msgspec.json.encode(resolver.states())
    yield "explanations as JSON", msgspec.json.encode([resolver.explain(ref) for ref in refs])
    yield "problems", repr(resolver.problems())


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that is logged and printed meanwhile, by handlers with our filter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    root, before, level = logging.getLogger(), logging.getLogger().handlers, logging.getLogger().level
    root.handlers = [handler]  # pytest's own would put what is quoted here into its report
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            yield stream
    finally:
        root.handlers = before
        root.setLevel(level)


@scenario
def a_source_that_quotes(stage: Stage, canary: bytes) -> Haystacks:
    """A value and every way to fail of a plugin's source, with the value in its message, code, hint, type and log."""
    with offered(stage, canary), logged() as log, stage.places.create() as kernel:
        numbers = range(len(Quoting.sentences))  # in every encoding once, and the first of them in every way
        refs = [f"quoting://{way}.0" for way in Quoting.ways] + [
            f"quoting://io.{number}" for number in numbers
        ]
        yield from everything(kernel, ["quoting://value.0", *refs])
    assert "while storing" in log.getvalue()
    yield "log", log.getvalue().encode("utf-8", "surrogatepass")


@scenario
def what_does_not_decode(stage: Stage, canary: bytes) -> Haystacks:
    """Transforms, fields, limits and labels over a value that does not fit them."""
    with logged() as log, stage.places.create() as kernel:
        kernel.vault.put_many({"a": canary, "b": b"!" + canary, "large": canary * 8})
        ways: list[dict[str, Any]] = [
            *({"transforms": [name]} for name in ("hex", "base64", "json:/x", "strip_newline")),
            *(
                {"max_bytes": 1},
                {"allow_empty": True},
                {"refresh_policy": "per_use"},
                {"max_stale_seconds": 60},
            ),
        ]
        refs = [SecretRef.parse({"ref": name, **way}) for name in ("a", "b", "large") for way in ways]
        yield from everything(kernel, [*refs, "a#x", "b#/0/x", "a?version=9"])
    yield "log", log.getvalue() or "nothing was logged"


@scenario
def what_lies_on_the_disk_of_a_resolver(stage: Stage, canary: bytes) -> Haystacks:
    """A last known good value and a bucket: while they are written, when they answer, and afterwards."""
    ref = SecretRef.parse(
        {"ref": "quoting://value.0", "max_stale_seconds": 3600, "refresh_policy": "per_use"}
    )
    with offered(stage, canary) as source, logged() as log:
        for down in (False, True):
            stage.monkeypatch.setattr(source, "down", down)
            with stage.places.open(create=not down) as kernel:
                yield from everything(kernel, [ref])
                with kernel.resolver.resolve(ref) as outcome:
                    assert outcome.metadata.origin == ("last_known_good" if down else "source")
                    assert outcome.unwrap() == canary
                yield from files_under(stage.base)
        stage.monkeypatch.setattr(source, "down", False)
    yield from files_under(stage.base)
    yield "log", log.getvalue().encode("utf-8", "surrogatepass")


@scenario
def a_setting_that_is_a_secret(stage: Stage, canary: bytes) -> Haystacks:
    """A source whose setting is a reference, and which quotes it when it is opened; the doctor asks it too."""
    stage.made()
    list(stage.palyra("secrets", "set", "token", stdin=canary))
    (stage.places.config_dir / "palyra.toml").write_text(
        '[sources.opening]\ntoken = { ref = "vault://token" }\n'
    )
    with offered(stage, canary), logged() as log, stage.places.open() as kernel:
        yield from everything(kernel, ["opening://x", "token"])
        error = kernel.resolver.resolve("opening://x").error
        assert error is not None
        assert error.code == "plugin_failed"
        yield from stage.palyra("doctor")
        yield from stage.palyra("--json", "doctor")
    yield "log", log.getvalue()
