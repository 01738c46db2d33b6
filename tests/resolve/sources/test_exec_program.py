"""Which program is started, and with what."""

import hashlib
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.durable.posix import STRANGER, needs_root
from tests.resolve.sources.asking import answer, commands, error, python, shell, value

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)
import resource  # of POSIX

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux executes what a handle is open on")


@pytest.fixture
def program(tmp_path):
    """A program of ours: a copy of echo."""
    path = tmp_path / "bin" / "say"
    path.parent.mkdir(mode=0o755)
    shutil.copy("/bin/echo", path)
    path.chmod(0o755)
    return path


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def code(path, **settings):
    found = error(commands(a={"command": [str(path), "hi"], **settings}), "exec://a")
    assert str(path) not in found.message
    return found.kind, found.code


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_program_that_others_can_write_is_refused(program, mode):
    """Hazard S10: no owner, no mode and no hash was looked at."""
    program.chmod(mode)
    assert code(program) == ("policy_blocked", "unsafe_program")


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_program_in_a_folder_that_others_can_write_is_refused(program, mode):
    """Hazard S10: who writes the folder exchanges the program."""
    program.parent.chmod(mode)
    assert code(program) == ("policy_blocked", "unsafe_program")


@needs_root
@pytest.mark.parametrize("what", ["say", "."])
def test_a_program_of_another_user_is_refused(program, what):
    """Hazard S10: foreign owner."""
    os.chown(program.parent / what, STRANGER, -1)
    assert code(program) == ("policy_blocked", "unsafe_program")


def test_a_link_to_a_program_is_checked_all_the_way(program, tmp_path):
    """Hazard S10: the link is safe, what it leads to is not."""
    link = tmp_path / "link"
    link.symlink_to(program)
    assert value(commands(a={"command": [str(link), "hi"]}), "exec://a") == b"hi\n"
    program.parent.chmod(0o777)
    assert code(link) == ("policy_blocked", "unsafe_program")


def test_a_wrong_digest_is_refused_and_the_right_one_is_not(program):
    """Hazard S10: wrong hash."""
    settings = {"command": [str(program), "hi"], "sha256": digest(program).upper()}
    assert value(commands(a=settings), "exec://a") == b"hi\n"
    with program.open("ab") as file:
        file.write(b"\0")
    assert code(program, sha256=settings["sha256"]) == ("policy_blocked", "wrong_digest")


def test_all_of_a_large_program_is_compared(tmp_path):
    """Hazard S10: what is changed behind the first piece that is read was not noticed."""
    script = tmp_path / "script"
    script.write_bytes(b"#!/bin/sh\necho hi\nexit\n" + b"#" * 3_000_000)
    script.chmod(0o700)
    settings = {"command": [str(script)], "sha256": digest(script)}
    assert value(commands(a=settings), "exec://a") == b"hi\n"
    with script.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    assert code(script, sha256=settings["sha256"]) == ("policy_blocked", "wrong_digest")


@linux
def test_what_was_compared_is_what_is_executed(program, monkeypatch):
    """Hazard S10: the program is exchanged between the comparison and the start."""
    from palyra_kernel.resolve.sources.command import running

    source = commands(a={"command": [str(program), "hi"], "sha256": digest(program)})
    really = running._start

    def late(*args):
        program.unlink()
        shutil.copy("/bin/false", program)
        return really(*args)

    monkeypatch.setattr(running, "_start", late)
    assert value(source, "exec://a") == b"hi\n"


def test_a_script_with_a_digest_is_started_by_its_path(tmp_path):
    """Its interpreter opens it by a name, so the path is what it gets."""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho $0\n")
    script.chmod(0o700)
    source = commands(a={"command": [str(script)], "sha256": digest(script)})
    assert value(source, "exec://a") == f"{script}\n".encode()


@pytest.mark.parametrize(
    ("content", "mode", "expected"),
    [
        (None, 0, "program_missing"),
        (b"#!/nowhere/interpreter\n", 0o700, "program_missing"),
        (b"#!/bin/sh\n", 0o600, "not_executable"),
        (b"plain words", 0o700, "not_a_program"),
    ],
)
def test_what_cannot_be_started_says_why(tmp_path, content, mode, expected):
    path = tmp_path / "program"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    assert code(path) == ("exec_failed", expected)


def test_a_folder_is_no_program(tmp_path):
    assert code(tmp_path) == ("policy_blocked", "unsafe_program")


@pytest.mark.parametrize("interpreter", [None, "", "/nowhere/python"])
def test_without_an_interpreter_nothing_is_started(monkeypatch, interpreter):
    """Inside of another program Python may not know where it is: that was a TypeError, blamed on the source."""
    monkeypatch.setattr(sys, "executable", interpreter)
    found = error(commands(a={"command": ["/bin/echo"]}), "exec://a")
    assert (found.kind, found.code) == ("exec_failed", "supervisor_not_started")


def test_the_environment_is_cleared(monkeypatch, tmp_path):
    """Programs found every token of the daemon in their environment."""
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "BASH_ENV",
        "APP_TOKEN",
    ):
        monkeypatch.setenv(name, "")
    for name in ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR"):
        monkeypatch.setenv(name, "/usr/bin" if name == "PATH" else "C")
    show = ["/usr/bin/env"]
    source = commands(a={"command": show, "inherited_env": ["APP_TOKEN", "UNSET"]}, b={"command": show})
    always = {"HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "TMPDIR"}
    for name, expected in (("a", always | {"APP_TOKEN"}), ("b", always)):
        lines = value(source, f"exec://{name}").decode().splitlines()
        assert {line.partition("=")[0] for line in lines} == expected


def test_a_reference_takes_fewer_variables(monkeypatch):
    monkeypatch.setenv("ONE", "1")
    monkeypatch.setenv("TWO", "2")
    source = shell('echo "$ONE$TWO"', inherited_env=["ONE", "TWO"])
    assert value(source, "exec://a") == b"12\n"
    assert value(source, {"ref": "exec://a", "inherited_env": ["TWO"]}) == b"2\n"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such arguments")
def test_bytes_and_empty_arguments_arrive(monkeypatch):
    """Hazard U10: an empty argument was impossible, a variable that is not Unicode was dropped."""
    if sys.platform != "win32":
        monkeypatch.setitem(os.environb, b"RAW", b"\xff=\n\xfe")
    show = 'printf "%s|" "$#" "$1" "$2" "$RAW"'
    settings = {"command": ["/bin/sh", "-c", show, "sh", "", "a b\n'\""], "inherited_env": ["RAW"]}
    assert value(commands(a=settings), "exec://a") == b"2||a b\n'\"|\xff=\n\xfe|"


def test_it_starts_in_its_folder(tmp_path):
    (tmp_path / "sub").mkdir(mode=0o700)
    source = shell("pwd", cwd=str(tmp_path))
    assert value(source, "exec://a").decode() == f"{tmp_path}\n"
    assert value(source, {"ref": "exec://a", "cwd": f"{tmp_path}/sub"}).decode() == f"{tmp_path}/sub\n"
    assert value(shell("pwd"), "exec://a") == b"/\n"


def test_the_folder_of_a_reference_is_not_reached_through_a_link(tmp_path):
    """Its text is inside of the command's, but where it leads to is not."""
    (tmp_path / "way").symlink_to("/")
    refused = error(shell("pwd", cwd=str(tmp_path)), {"ref": "exec://a", "cwd": f"{tmp_path}/way"})
    assert (refused.kind, refused.code) == ("policy_blocked", "unsafe_cwd")


def test_a_folder_that_is_not_there_is_a_failure(tmp_path):
    found = error(shell("pwd", cwd=str(tmp_path / "none")), "exec://a")
    assert (found.kind, found.code) == ("exec_failed", "cwd_missing")


def test_it_gets_three_pipes_and_nothing_else():
    """A descriptor of the daemon in a foreign program is a door."""
    code = "import os; print([n for n in range(3, 256) if os.path.exists(f'/dev/fd/{n}')], os.getsid(0) == os.getpid())"
    with Path(os.devnull).open() as file:
        os.set_inheritable(file.fileno(), True)
        assert value(commands(a={"command": python(code)}), "exec://a") == b"[] True\n"


def test_signals_that_we_ignore_are_not_ignored_there():
    code = "import signal; print(open('/proc/self/status').read().split('SigIgn:')[1].split()[0])"
    if sys.platform != "linux":
        pytest.skip("only Linux shows what is ignored")
    # Python ignores SIGPIPE (13) and SIGXFSZ (25) for itself.
    assert int(value(commands(a={"command": python(code)}), "exec://a"), 16) & ~(1 << 12 | 1 << 24) == 0
    assert value(shell("cat /proc/self/status | sed -n 's/SigIgn:.//p'"), "exec://a").strip(b"0\n") == b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what is blocked")
def test_signals_that_we_block_are_not_blocked_there():
    """A thread that blocks signals hands that down, and the command could not be asked to end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
    try:
        assert value(shell("sed -n 's/SigBlk:.//p' /proc/self/status"), "exec://a").strip(b"0\n") == b""
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@linux
def test_without_descriptors_nothing_is_started_and_nothing_stays_open():
    """A full table of a busy daemon was an OSError, reported as a fault of the source's author."""
    source, folder = commands(a={"command": ["/bin/echo", "value"]}), Path("/dev/fd")
    before, limits = len(list(folder.iterdir())), resource.getrlimit(resource.RLIMIT_NOFILE)
    codes = set()
    try:
        for most in range(before, before + 30):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, limits[1]))
            found = answer(source, "exec://a")
            codes.add(getattr(found, "code", "value"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert codes <= {"value", "supervisor_not_started", "program_os_error", "cwd_os_error"}
    assert {"value", "supervisor_not_started"} <= codes
    assert len(list(folder.iterdir())) <= before


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_supervisor_has_nothing_of_ours_either(monkeypatch):
    """It holds no mount busy, and loads nothing that a variable of ours names."""
    monkeypatch.setenv("CANARY", "x")
    script = "readlink /proc/$PPID/cwd; tr '\\0' '\\n' < /proc/$PPID/environ | grep CANARY; echo end"
    assert value(shell(script), "exec://a") == b"/\nend\n"


def test_it_leaves_no_core_file():
    """A crash would write the secret to the disk."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        assert value(shell("ulimit -c"), "exec://a") == b"0\n"
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
