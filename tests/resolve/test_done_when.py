"""What the resolver is for, end to end: a Kernel, its guard, its own sources and a plugin's. Counted, not timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from palyra_kernel import SecretSource, SensitiveBytes, SourceCapabilities, hookimpl
from palyra_kernel.resolve import builtin
from tests.resolve.sources.asking import ECHO, PATIENCE, posix, python, running, wait_until
from tests.resolve.waiting import together
from tests.support import Places


class Remote(SecretSource):
    """A provider that counts what it is asked for."""

    scheme = "remote"
    asked: ClassVar[list[str]] = []

    def capabilities(self):
        return SourceCapabilities(cache="remote", batch=False, may_block=True)

    def resolve(self, refs, deadline):
        self.asked.extend(ref.target for ref in refs)
        return {ref: SensitiveBytes(f"value of {ref.target}".encode()) for ref in refs}


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Folders of a Kernel that has the provider enabled."""
    built_in = builtin.palyra_secret_sources

    @hookimpl
    def palyra_secret_sources():
        return [*built_in(), Remote]

    monkeypatch.setattr(builtin, "palyra_secret_sources", palyra_secret_sources)
    monkeypatch.setattr(Remote, "asked", [])
    places = Places(tmp_path)
    places.create().close()
    return places


def configured(places: Places, command: list[str], **settings: Any) -> None:
    lines = [
        "[sources.exec]",
        "enabled = true",
        "[sources.exec.commands.a]",
        f"command = {json.dumps(command)}",
    ]
    lines += [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (places.config_dir / "palyra.toml").write_text("\n".join(lines) + "\n", "utf-8")


@pytest.mark.parametrize("how", ["in one pass", "one by one", "by eight threads at once"])
def test_84_uses_of_28_references_make_28_calls(places, how):
    """Wish 22: 84 calls for 28 distinct things used up the quota of a provider at each start."""
    refs = [f"remote://k{number % 28}" for number in range(84)]
    with places.open() as kernel:
        resolver = kernel.resolver

        def one_by_one():
            for ref in refs:
                with resolver.resolve(ref) as outcome:
                    assert outcome.unwrap() == f"value of {ref.removeprefix('remote://')}".encode()

        if how == "in one pass":
            for outcome in resolver.resolve_many(refs).values():
                with outcome:
                    outcome.unwrap()
        elif how == "one by one":
            one_by_one()
        else:
            assert together(8, one_by_one) == [None] * 8
        assert sorted(Remote.asked) == sorted({ref.removeprefix("remote://") for ref in refs})
        assert resolver.explain("remote://k0").links[0].calls_left == 120 - 28


@posix
def test_100_references_of_one_command_are_one_start(places, tmp_path):
    """Wish 22: 2.3 s for each of 84 references. One start is one call of the bucket, too."""
    starts = tmp_path / "starts"
    configured(places, python(ECHO, str(starts)), batch=True, timeout_ms=20_000)
    refs = [f"exec://a#db/{number}" for number in range(100)]
    with places.open() as kernel:
        for ref, outcome in kernel.resolver.resolve_many(refs).items():
            with outcome:
                assert outcome.unwrap() == f"value of {ref.partition('#')[2]}".encode()
        left = kernel.resolver.explain(refs[0]).links[0].calls_left
    assert starts.read_bytes() == b"x"
    assert left == 119


_EXIT = """
import os, sys, threading, time
from palyra_kernel import Kernel
from palyra_kernel.values.deadline import Deadline

kernel = Kernel.open(state_root=sys.argv[1], config_dir=sys.argv[2], plugins=["file"])
if sys.argv[3] == "thread":
    threading.Thread(target=kernel.resolver.resolve, args=("exec://a",), daemon=True).start()
    while not os.path.exists(sys.argv[4]):
        time.sleep(0.01)
else:
    print(kernel.resolver.resolve("exec://a", deadline=Deadline.after(0.3)).error.kind, flush=True)
"""


@posix
@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_command_over_its_deadline_does_not_hold_up_the_exit(places, tmp_path, where):
    """A source that hangs kept the process from ending, or was left behind by it."""
    token = f"sleep-of-{os.getpid()}-{where}"
    started = str(tmp_path / "started")
    command = ["/bin/sh", "-c", 'echo > "$1"; sleep 1000; exit 0', token, started]
    configured(places, command, timeout_ms=600_000)
    ran = subprocess.run(
        [sys.executable, "-c", _EXIT, str(places.state_root), str(places.config_dir), where, started],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=Path.cwd(),
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == ("timeout\n" if where == "main" else "")
    wait_until(lambda: not running(token), "the command ends with the process")
