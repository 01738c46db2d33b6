"""What is seen of a canary in a process of its own: its environment, its crash, what is printed when it ends."""

from __future__ import annotations

import json
import sys

from tests.leaks.canaries import files_under
from tests.leaks.stage import Haystacks, Stage, scenario

_START = """
import os, sys
sys.argv[1:], value = sys.argv[1:], sys.stdin.buffer.read()
from palyra_kernel import Kernel, SensitiveBytes
places = dict(state_root=sys.argv[2], config_dir=sys.argv[4])
"""

_UNCAUGHT = (
    _START
    + """
import asyncio, logging, threading
from palyra_kernel import RedactingFilter
from palyra_kernel.cli.hooks import redact_uncaught
redact_uncaught()
logging.basicConfig()
logging.getLogger().handlers[0].addFilter(RedactingFilter())
secret, text = SensitiveBytes(value), value.decode("utf-8", "surrogateescape")

def failing():
    raise RuntimeError(text, value, value.hex())

class Dying:
    def __del__(self):
        failing()

async def main():
    asyncio.get_running_loop().call_soon(failing)
    task = asyncio.create_task(asyncio.to_thread(failing))
    await asyncio.wait([task])

thread = threading.Thread(target=failing)
thread.start()
thread.join()
Dying()
asyncio.run(main())
failing()
"""
)

_CRASH = (
    _START
    + """
import faulthandler, resource
from palyra_kernel.cli.outcome import settled
faulthandler.enable()

def crash():
    with Kernel.open(**places, plugins=["file"], create=True) as kernel:
        kernel.vault.put("a", value)
        with kernel.vault.get("a") as secret:
            print("core limit", resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)
            os.abort()

settled(crash, as_json=False)
"""
)

_MAIN = (
    _START
    + """
from palyra_kernel.cli import main, start
secret, text = SensitiveBytes(value), value.decode("utf-8", "surrogateescape")

def defect(arguments):
    raise RuntimeError(text)

start.run = defect
main()
"""
)

_FILE = (
    _START
    + """
from palyra_kernel.cli.start import run
sys.exit(run([*sys.argv[1:5], "run", "--file", "X=a", "--", "sh", "-c", os.environ["SCRIPT"]]))
"""
)

_COMMAND = (
    _START
    + """
with Kernel.open(**places, plugins=["file"]) as kernel:
    print(kernel.resolver.resolve("exec://crash"), kernel.resolver.states())
"""
)

_SELF = (
    _START
    + """
with Kernel.open(**places, plugins=["file"], create=True) as kernel:
    kernel.vault.put("a", value)
    with kernel.vault.get("a") as secret:
        for name in ("environ", "cmdline", "comm", "status", "maps"):
            sys.stdout.buffer.write(open(f"/proc/self/{name}", "rb").read())
"""
)


@scenario
def threads_tasks_and_destructors(stage: Stage, canary: bytes) -> Haystacks:
    """Errors that nobody caught: at the end of the program, in a thread, in a destructor, in a task of asyncio."""
    done = stage.child(_UNCAUGHT, canary)
    assert done.returncode == 1
    assert done.stderr.count(b"RuntimeError") >= 4, done.stderr
    yield "standard error", done.stderr
    yield "standard output", done.stdout


@scenario
def the_program_itself(stage: Stage, canary: bytes) -> Haystacks:
    """An error that leaves ``palyra`` by the one way on which no command reports it."""
    done = stage.child(_MAIN, canary)
    assert done.returncode == 1
    # White space at the ends of a value does not count as a part of it.
    assert b"<redacted>" in done.stderr.partition(b"RuntimeError: ")[2], done.stderr
    yield "standard error", done.stderr


@scenario
def a_crash(stage: Stage, canary: bytes) -> Haystacks:
    """A process that dies with the value in its hands: its last words, and no core file."""
    if sys.platform == "win32":
        return
    done = stage.child(_CRASH, canary)
    assert done.stdout == b"core limit 0\n", done.stderr
    assert b"Fatal Python error: Aborted" in done.stderr
    yield "last words", done.stderr
    assert not list((stage.base / "child").iterdir())
    yield from files_under(stage.base)


@scenario
def files_of_a_run(stage: Stage, canary: bytes) -> Haystacks:
    """What ``palyra run --file`` leaves: after its program killed it with -9 and another run swept, ended, failed."""
    stage.made()
    list(stage.palyra("secrets", "set", "a", stdin=canary))
    runtime = stage.base / "runtime"
    runtime.mkdir(mode=0o700)
    stage.monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    for script, code in (("kill -9 $PPID", -9), ('test -s "$X"', 0), ('cat "$X" > /dev/null; exit 3', 3)):
        stage.monkeypatch.setenv("SCRIPT", script)
        done = stage.child(_FILE, b"")
        assert done.returncode == code, done.stderr
        yield "standard error", done.stderr
        yield "standard output", done.stdout
        if code == -9:
            assert any(path.name == "X" for path in runtime.rglob("*")), "there was nothing to sweep"
            yield from stage.palyra("doctor")
        else:
            assert not list((runtime / "palyra-run").iterdir())
    yield from files_under(stage.base)


@scenario
def a_crash_around_a_command(stage: Stage, canary: bytes) -> Haystacks:
    """A command that prints the value and then crashes: itself, or the supervisor above it. No core file, no word,
    also in a program that embeds the kernel and turned core files on."""
    stage.made()
    value = stage.base / "value"
    value.write_bytes(canary)
    for whom in ("$$", "$PPID"):
        command = ["/bin/sh", "-c", f'cat "$0"; cat "$0" >&2; kill -ABRT {whom}; exec sleep 100', str(value)]
        settings = f"[sources.exec]\nenabled = true\n[sources.exec.commands.crash]\ncommand = {json.dumps(command)}\n"
        (stage.places.config_dir / "palyra.toml").write_text(settings, "utf-8")
        done = stage.child(_COMMAND, b"")
        assert b"exec_failed" in done.stdout, done.stderr
        yield "standard error", done.stderr
        yield "standard output", done.stdout
    assert not list((stage.base / "child").iterdir())
    value.unlink()
    yield from files_under(stage.base)


@scenario
def what_others_see_of_a_process(stage: Stage, canary: bytes) -> Haystacks:
    """``/proc/self``: environment, arguments, name, maps."""
    if sys.platform != "linux":
        return
    done = stage.child(_SELF, canary)
    assert done.returncode == 0, done.stderr
    yield "/proc/self", done.stdout
