"""``palyra run --file``: palyra stays, passes signals on, ends as its child ended, and leaves nothing."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from palyra_kernel.cli.run import parent, signals
from palyra_kernel.cli.run.folder import RunFolder, run_folder
from palyra_kernel.cli.run.injected import Injected
from palyra_kernel.config import find_places
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.values.sensitive import SensitiveBytes
from tests.cli.test_secrets_terminal import Terminal

if sys.platform == "win32":
    pytest.skip("signals of POSIX", allow_module_level=True)


@pytest.fixture(autouse=True)
def runtime(tmp_path, monkeypatch):
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def stored(call):
    call.set("a", b"canary-value")
    return call


def tree(*folders):
    return {path for folder in folders for path in folder.rglob("*")}


def test_the_file_is_private_and_gone_afterwards(stored, palyra, runtime):
    """Hazard S5: no temporary file but the one that was asked for, and that one only while COMMAND runs."""
    before = tree(stored.base)
    script = 'echo "$X"; ls -ld "$X" "$(dirname "$X")" | cut -c1-10; ls "$(dirname "$X")"; cat "$X"; exit 5'
    outcome = palyra("run", "--file", "X=a", "--", "sh", "-c", script, env={"TMPDIR": str(stored.base)})
    path, *rest = outcome.text.splitlines()
    assert (outcome.code, rest) == (5, ["drwx------", "-rw-------", "X", "canary-value"])
    assert Path(path).is_relative_to(runtime)
    assert tree(stored.base) - before == {runtime / "palyra-run"}


@pytest.mark.parametrize("way", ["env", "fd"])
def test_the_other_ways_make_no_file_at_all(stored, palyra, way):
    """Hazard S5: values went through temporary files, which stayed when something failed."""
    before = tree(stored.base)
    outcome = palyra(
        "run", f"--{way}", "X=a", "--", "find", str(stored.base), env={"TMPDIR": str(stored.base)}
    )
    assert {Path(line) for line in outcome.text.splitlines()} - {stored.base} == before


def test_what_the_program_adds_is_removed_too(stored, palyra, runtime):
    script = 'cd "$(dirname "$X")"; mkdir d; echo 1 > d/f; ln -s / link; rm X'
    assert palyra("run", "--file", "X=a", "--", "sh", "-c", script).code == 0
    assert tree(runtime) == {runtime / "palyra-run"}


def test_a_program_that_removed_its_folder_is_no_reason_for_alarm(stored, palyra, runtime):
    """It was told to remove by hand what is gone."""
    outcome = palyra("run", "--file", "X=a", "--", "sh", "-c", 'rm -r "$(dirname "$X")"')
    assert (outcome.code, outcome.err) == (0, "")
    assert tree(runtime) == {runtime / "palyra-run"}


def test_a_link_in_place_of_the_folder_is_not_followed(stored, palyra, runtime):
    """Everything in the folder that it leads to was removed, and the value stayed."""
    (stored.base / "other").mkdir()
    (stored.base / "other" / "kept").touch()
    script = f'd=$(dirname "$X"); mv "$d" "$d.moved"; ln -s "{stored.base}/other" "$d"'
    assert palyra("run", "--file", "X=a", "--", "sh", "-c", script).code == 0
    assert (stored.base / "other" / "kept").exists()
    palyra("run", "--file", "X=a", "--", "true")
    assert tree(runtime) == {runtime / "palyra-run"}


@pytest.mark.parametrize("state", ["unset", "open", "missing", "a link"])
def test_without_a_safe_runtime_folder_the_state_root_is_used(stored, palyra, runtime, monkeypatch, state):
    if state == "unset":
        monkeypatch.delenv("XDG_RUNTIME_DIR")
    elif state == "open":
        runtime.chmod(0o755)
    elif state == "missing":
        runtime.rmdir()
    else:
        runtime.rename(stored.base / "other")
        runtime.symlink_to(stored.base / "other")
    outcome = palyra("run", "--file", "X=a", "--", "sh", "-c", 'echo "$X"')
    assert outcome.text.startswith(f"{stored.base}/state/palyra-run/")
    assert not list(stored.base.rglob("X"))
    assert stored("vault", "verify").code == 0


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "WINCH"])
def test_a_signal_reaches_the_program(stored, palyra, runtime, name):
    script = f"trap 'exit 43' {name}; echo ready; while :; do sleep 0.05; done"
    process = palyra.start("run", "--file", "X=a", "--", "sh", "-c", script)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(getattr(signal, f"SIG{name}"))
    process.communicate(timeout=40)
    assert process.returncode == 43
    assert tree(runtime) == {runtime / "palyra-run"}


@pytest.mark.parametrize("name", ["TERM", "KILL", "SEGV", "INT"])
def test_palyra_ends_by_the_signal_that_ended_the_program(stored, palyra, runtime, name):
    process = palyra.start("run", "--file", "X=a", "--", "sh", "-c", f"kill -{name} $$")
    assert process.communicate(timeout=40) == (b"", b"")
    assert process.returncode == -getattr(signal, f"SIG{name}")
    assert tree(runtime) == {runtime / "palyra-run"}


def test_what_was_ignored_stays_ignored(stored, palyra):
    """Under nohup a hang-up ends neither palyra nor the program."""
    script = "echo ready; read line; echo $line"
    process = palyra.start(
        "run",
        "--file",
        "X=a",
        "--",
        "sh",
        "-c",
        script,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate(b"alive\n", timeout=40) == (b"alive\n", b"")
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_program_starts_with_pythons_signals_undone(stored, palyra):
    outcome = palyra("run", "--file", "X=a", "--", "sh", "-c", "grep -E 'SigIgn|SigBlk' /proc/self/status")
    for line in outcome.text.splitlines():
        mask = int(line.split()[1], 16)
        assert not mask & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1) | 1 << (signal.SIGTERM - 1))


COUNT = """
import signal, sys
seen = []
def interrupted(*_):
    seen.append(1)
    print("interrupted", flush=True)
def end(*_):
    print(len(seen), flush=True)
    sys.exit(0)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
while True:
    signal.pause()
"""


def test_an_interrupt_from_the_terminal_comes_once(stored, palyra):
    """The terminal gives it to both; passed on as well, a second one makes many programs give up their work."""
    terminal = Terminal(palyra.argv("run", "--file", "X=a", "--", sys.executable, "-c", COUNT))
    out = terminal.process.stdout
    assert out is not None
    assert out.readline() == b"ready\n"
    os.write(terminal.master, b"\x03")
    assert out.readline() == b"interrupted\n"
    terminal.process.terminate()  # passed on behind whatever palyra would have passed on
    assert out.readline() == b"1\n"
    code, _, err = terminal.finish()
    assert (code, err) == (0, b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_before_the_start_starts_nothing_and_leaves_nothing(tmp_path, monkeypatch, runtime, number):
    """Between the first byte in a file and the start, too, the file must go."""
    write = RunFolder.write

    def hit(run_folder, name, value):
        path = write(run_folder, name, value)
        os.kill(os.getpid(), number)
        return path

    monkeypatch.setattr(RunFolder, "write", hit)
    monkeypatch.setattr(parent, "_spawn", lambda *_: pytest.fail("it was started"))
    monkeypatch.setattr(parent, "end_by", lambda number: 1000 + number)
    before = signal.getsignal(number)
    injected = Injected(inherit=True)
    injected.files["X"] = SensitiveBytes(b"canary-value")
    assert (
        parent.stay("/bin/true", ["true"], injected, find_places(tmp_path / "s", tmp_path / "c"))
        == 1000 + number
    )
    assert tree(runtime) == {runtime / "palyra-run"}
    assert signal.getsignal(number) == before
    assert bytes(injected.files["X"]._buffer) == bytes(12)


def killed(palyra, runtime):
    """A run that was killed with -9, and the file that it left."""
    process = palyra.start("run", "--file", "X=a", "--", "sh", "-c", 'echo "$X"; exec cat')
    path = Path(process.stdout.readline().decode().strip())
    process.kill()
    process.communicate(timeout=40)  # closes its input, which ends the program
    assert path.exists()
    return path


def test_what_a_killed_run_left_is_named_and_removed_by_the_next(stored, palyra, runtime):
    """Hazard S5: what a kill left behind stayed for ever, and nothing said so."""
    path = killed(palyra, runtime)
    found = stored("--json", "doctor").json["findings"]
    (left,) = [finding for finding in found if finding["code"] == "run_leftover"]
    assert left["subject"] == str(path.parent)
    assert path.exists()  # the doctor changes nothing
    assert palyra("run", "--file", "Y=a", "--", "true").code == 0
    assert tree(runtime) == {runtime / "palyra-run"}


def test_a_living_run_keeps_its_files(stored, palyra, runtime):
    process = palyra.start("run", "--file", "X=a", "--", "sh", "-c", 'echo "$X"; read line; cat "$X"')
    path = Path(process.stdout.readline().decode().strip())
    assert palyra("run", "--file", "Y=a", "--", "true").code == 0
    assert path.exists()
    assert "run_leftover" not in stored("doctor").text
    assert process.communicate(b"\n", timeout=40)[0] == b"canary-value"
    assert tree(runtime) == {runtime / "palyra-run"}


def test_a_folder_that_is_taken_away_before_it_is_locked_is_made_again(tmp_path, monkeypatch, runtime):
    """A run that starts beside us may take a folder without a lock for a dead one's."""
    real, left = FileLock.__init__, [2]

    def robbed(lock, path):
        if left[0]:
            left[0] -= 1
            path.parent.rmdir()
        real(lock, path)

    monkeypatch.setattr(FileLock, "__init__", robbed)
    with run_folder(find_places(tmp_path / "s", tmp_path / "c")) as folder:
        assert folder.write("X", SensitiveBytes(b"1")).read_bytes() == b"1"
    assert tree(runtime) == {runtime / "palyra-run"}


def test_a_folder_of_somebody_else_is_left_alone(stored, palyra, runtime):
    base = runtime / "palyra-run"
    base.mkdir(mode=0o755)
    outcome = palyra("run", "--file", "X=a", "--", "true")
    assert outcome.code == 4
    assert "chmod 700" in outcome.err


def test_many_runs_at_once(stored, palyra, runtime):
    running = [palyra.start("run", "--file", "X=a", "--", "sh", "-c", 'cat "$X"') for _ in range(8)]
    for process in running:
        assert process.communicate(timeout=50) == (b"canary-value", b"")
        assert process.returncode == 0
    assert tree(runtime) == {runtime / "palyra-run"}


def test_the_end_of_a_child_that_is_told_late_is_no_error():
    """Where another thread is hit by the signal, it is handled behind the end of the block: with the default in place
    again, Python reported it as an error. What somebody else wanted to hear of it, they hear again."""
    assert sys.platform != "win32"

    def own(*_):
        pass

    before = signal.getsignal(signal.SIGCHLD)
    try:
        for handler in (own, signal.SIG_DFL):
            signal.signal(signal.SIGCHLD, handler)
            with signals.Signals():
                pass
            left = signal.getsignal(signal.SIGCHLD)
            assert left is own if handler is own else left not in (own, signal.SIG_DFL, signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGCHLD, before)
