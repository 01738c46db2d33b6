"""Commands that behave, and commands that do not."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from palyra_kernel.resolve.sources.exec import ExecSource
from tests.resolve.sources.asking import answer, commands, error, python, shell, value

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)

FLOOD = "import os\nfor _ in range(16384): os.write({to}, b'x' * 65536)"
SECRET = "hunter2-and-more"


def code(source, ref="exec://a", seconds=30.0):
    found = error(source, ref, seconds)
    assert SECRET not in repr(found)
    return found.kind, found.code


@pytest.mark.parametrize("printed", [b"value", b"value\n", b"\n", b"", bytes(range(256)) * 400])
def test_what_it_prints_is_the_value(printed, tmp_path):
    """Hazards U2 and U3: an empty line is a line; the transform takes one newline, and the resolver judges the rest."""
    (tmp_path / "out").write_bytes(printed)
    ref = {"ref": "exec://a", "max_bytes": 200_000}
    assert value(commands(a={"command": ["/bin/cat", str(tmp_path / "out")]}), ref) == printed
    assert ExecSource.default_transforms == ("strip_newline",)


def test_its_input_is_empty():
    """A command that asks waited for ever."""
    assert value(shell("cat; echo end"), "exec://a") == b"end\n"


def test_an_exit_code_is_a_failure_and_its_words_are_not_shown():
    """Errors of foreign programs quote the secret that they could not use."""
    found = error(shell(f"echo half; echo {SECRET} >&2; exit 3"), "exec://a")
    assert (found.kind, found.code) == ("exec_failed", "exit_code")
    assert "exit code 3" in found.message
    assert f"{len(SECRET) + 1} bytes" in found.message
    assert SECRET not in repr(found)


def test_a_signal_is_a_failure():
    found = error(shell("echo half; kill -9 $$"), "exec://a")
    assert (found.kind, found.code) == ("exec_failed", "signal")
    assert "signal 9" in found.message


def test_one_that_writes_only_to_stderr_has_no_value_and_no_full_pipe():
    """Hazard S6: nobody read stderr, and the command hung on a full pipe."""
    source = commands(a={"command": python(FLOOD.format(to=2).replace("16384", "64"))})
    assert value(source, "exec://a") == b""


def test_a_flood_is_cut_off_while_it_comes():
    """Hazard S6: 1 GiB, limit 65,536: killed, memory growth below 1 MiB."""
    source = commands(a={"command": python(FLOOD.format(to=1)), "max_output_bytes": 1 << 26})
    tracemalloc.start()
    try:
        assert code(source) == ("too_large", "output_too_large")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("limit", ["max_bytes", "max_output_bytes"])
def test_both_limits_count(limit):
    ref: dict[str, object] = {"ref": "exec://a"}
    settings: dict[str, object] = {}
    (ref if limit == "max_bytes" else settings)[limit] = 10
    assert value(shell("printf 0123456789", **settings), ref) == b"0123456789"
    assert code(shell("printf 0123456789x", **settings), ref) == ("too_large", "output_too_large")


@pytest.mark.parametrize(
    "script",
    ["sleep 1000", "trap '' TERM INT HUP; sleep 1000", "exec >&- 2>&-; sleep 1000", "echo a; sleep 1000"],
)
def test_one_that_never_ends_is_ended(script):
    """Wish 24: a start without a time limit froze a server. Closing its output ends nothing."""
    assert code(shell(script, timeout_ms=300)) == ("timeout", "deadline")
    assert code(shell(script), {"ref": "exec://a", "timeout_ms": 300}) == ("timeout", "deadline")
    assert code(shell(script), seconds=0.3) == ("timeout", "deadline")


def test_the_first_byte_has_a_limit_of_its_own():
    assert code(shell("sleep 1000", first_byte_ms=200)) == ("timeout", "first_byte")
    assert code(shell("sleep 1000"), {"ref": "exec://a", "first_byte_ms": 200}) == ("timeout", "first_byte")
    # What has begun may take its time.
    assert value(shell("printf a; sleep 0.3; printf b", first_byte_ms=15_000), "exec://a") == b"ab"


def test_a_reference_takes_less_time_and_never_more():
    source = shell("sleep 1000", timeout_ms=300)
    assert code(source, {"ref": "exec://a", "timeout_ms": 600_000}) == ("timeout", "deadline")


def test_no_time_left_starts_nothing(tmp_path):
    source = commands(a={"command": ["/bin/touch", str(tmp_path / "started")]})
    assert code(source, seconds=0)[0] == "timeout"
    assert not (tmp_path / "started").exists()


_NO_FILES = """
import resource, sys, tempfile
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # not one byte into any file, in all that is started from here
written = []
sys.addaudithook(lambda event, args: written.append(args) if event == "open" and _writes(args) else None)
def _writes(args):
    return isinstance(args[1], str) and set(args[1]) & set("wax+") and isinstance(args[0], (str, bytes))
from tests.resolve.sources.asking import answer, commands
source = commands(
    fine={"command": ["/bin/echo", "value"]},
    large={"command": ["/bin/cat", "/dev/zero"]},
    late={"command": ["/bin/sleep", "1000"], "timeout_ms": 300},
    bad={"command": ["/bin/sh", "-c", "echo x; exit 3"]},
)
for name in ("fine", "large", "late", "bad"):
    print(getattr(answer(source, "exec://" + name), "kind", "value"))
print(written)
"""


def test_no_file_is_written(tmp_path):
    """Hazard S5: the output went to temporary files, which stayed when it was too large, late or failed."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        [sys.executable, "-c", _NO_FILES],
        env=environment,
        cwd=root,
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.stdout.split("\n")[:-1] == ["value", "too_large", "timeout", "exec_failed", "[]"], ran.stderr
    assert list(temporary.iterdir()) == []


def zombies():
    """The children of ours that ended, and that nobody waited for."""
    listed = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, check=True, text=True
    )
    processes = (line.split() for line in listed.stdout.splitlines())
    return {pid for pid, parent, state in processes if int(parent) == os.getpid() and state.startswith("Z")}


def test_no_handle_stays_open_and_no_zombie():
    source = commands(
        fine={"command": ["/bin/echo"]},
        large={"command": ["/bin/cat", "/dev/zero"]},
        late={"command": ["/bin/sleep", "1000"], "timeout_ms": 300},
        none={"command": ["/nowhere"]},
    )
    before, dead = len(list(Path("/dev/fd").iterdir())), zombies()
    for name in ("fine", "large", "late", "none"):
        answer(source, f"exec://{name}")
    # Fewer, if something of an earlier test is closed late.
    assert len(list(Path("/dev/fd").iterdir())) <= before
    assert zombies() <= dead
