"""Resolving references: many beside one, and each source beside what anybody would write in its place."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale
from benchmarks.stores import Palyra
from palyra_kernel import Kernel, SecretRef

VALUE = b"x" * 50
_MANY = 100
_ECHO = """
import json, sys
ids = json.load(sys.stdin)["ids"]
json.dump({"version": 1, "values": dict.fromkeys(ids, "x" * 50)}, sys.stdout)
"""
_VARIABLE = "BENCHMARK_TOKEN"


def rows(scale: Scale) -> Iterator[Row]:
    """One Kernel for all, with a secret in its vault, in a file, in a variable and behind a command."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder).resolve()
        file = _filled(base)
        os.environ[_VARIABLE] = VALUE.decode()
        try:
            with closing(Palyra(base)) as store:
                store.put("a", VALUE.decode())
                for pair in _pairs(store.kernel, file, scale):
                    yield measure(pair, scale)
        finally:
            del os.environ[_VARIABLE]


def _filled(base: Path) -> Path:
    """Settings for every source; return the file that holds the value."""
    trusted, config = base / "trusted", base / "config"
    for each in (trusted, config):
        each.mkdir(mode=0o700)
    # Through a shell: a Python in a virtual environment often lies where others may write.
    command = ["/bin/sh", "-c", 'exec "$0" "$@"', sys.executable, "-I", "-S", "-c", _ECHO]
    lines = (
        f'[sources.env]\nallow = ["{_VARIABLE}"]',
        f"[sources.file]\ntrusted_dirs = {json.dumps([str(trusted)])}",
        "[sources.exec]\nenabled = true",
        f"[sources.exec.commands.echo]\nbatch = true\ntimeout_ms = 60_000\ncommand = {json.dumps(command)}",
        "[resolver.buckets.exec]\nburst = 100_000\nper_minute = 100_000",
    )
    (config / "palyra.toml").write_text("\n".join(lines) + "\n", "utf-8")
    file = trusted / "value"
    file.write_bytes(VALUE)
    file.chmod(0o600)
    return file


def _pairs(kernel: Kernel, file: Path, scale: Scale) -> Iterator[Pair]:
    if sys.platform != "win32":
        yield _batch(kernel, scale)
    calls = scale.calls(1_000)
    get = Side("vault.get", lambda _: kernel.vault.get("a").wipe(), calls)
    yield Pair("vault, at each use", 1, _resolving(kernel, _fresh("vault://a"), calls), get)
    yield Pair("vault, in memory", 1, _resolving(kernel, "vault://a", calls), get)
    environ = Side("os.environ", lambda _: os.environ[_VARIABLE].encode(), calls)
    yield Pair("env, at each use", 1, _resolving(kernel, _fresh(f"env://{_VARIABLE}"), calls), environ)
    if sys.platform != "win32":
        read = Side("open().read()", lambda _: _read(file), calls)
        yield Pair("file, at each use", 1, _resolving(kernel, _fresh(file.as_uri()), calls), read)


def _batch(kernel: Kernel, scale: Scale) -> Pair:
    """A hundred references of one command beside one of it, in one pass each: not divided by their number."""
    refs = [_fresh(f"exec://echo#id{number}") for number in range(_MANY)]
    calls = scale.calls(5)
    one = Side("one of it", _pass(kernel, refs[:1]), calls)
    return Pair(
        "exec, references of one command", _MANY, Side("resolve_many", _pass(kernel, refs), calls), one
    )


def _fresh(ref: str) -> SecretRef:
    return SecretRef(ref=ref, refresh_policy="per_use", snapshot_policy="refresh_per_use")


def _pass(kernel: Kernel, refs: Sequence[SecretRef]) -> Callable[[int], object]:
    def resolve(_: int) -> None:
        for outcome in kernel.resolver.resolve_many(refs).values():
            with outcome:
                _check(outcome.unwrap() == VALUE)

    return resolve


def _resolving(kernel: Kernel, ref: str | SecretRef, calls: int) -> Side:
    resolver = kernel.resolver

    def resolve(_: int) -> None:
        with resolver.resolve(ref) as outcome:
            outcome.unwrap()

    with resolver.resolve(ref) as outcome:
        _check(outcome.unwrap() == VALUE)
    return Side("resolve", resolve, calls)


def _check(right: bool) -> None:
    if not right:
        raise RuntimeError("a source does not give back what it was given")


def _read(file: Path) -> bytes:
    with open(file, "rb") as stream:  # noqa: PTH123  # what the row says
        return stream.read()
