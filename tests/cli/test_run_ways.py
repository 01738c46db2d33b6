"""``palyra run``: values from files of names, and as files and descriptors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from palyra_kernel import InvalidInputError, SensitiveBytes
from tests.cli.sources_admin import fake

__all__ = ["fake"]

if sys.platform == "win32":
    pytest.skip("exec and descriptors of POSIX", allow_module_level=True)

SHOW = "import os, sys; sys.stdout.buffer.write(b'|'.join(os.environb.get(n.encode(), b'-') for n in sys.argv[1:]))"


def shown(palyra, *arguments, env=None):
    """The variables after the last ``--`` as the program has them."""
    options, names = arguments[:-1], arguments[-1].split()
    outcome = palyra("run", *options, "--", sys.executable, "-c", SHOW, *names, env=env)
    assert (outcome.code, outcome.err) == (0, ""), outcome
    return outcome.out


def open_descriptors():
    return len(list(Path("/dev/fd").iterdir()))


def written(call, name, text):
    path = call.base / name
    path.write_text(text)
    return ("--env-file", str(path))


def test_a_dotenv_file(call, palyra):
    call.set("a", b"value\xff")
    lines = "# c\nexport A=vault://a\nB='vault://a'\nURL=postgres://u@h/d\nP=plain # c\nQ=\"two\nlines\"\nE=\nH=$HOME\n"
    out = shown(palyra, *written(call, ".env", lines), "A B URL P Q E H")
    assert out == b"value\xff|value\xff|postgres://u@h/d|plain|two\nlines||$HOME"


def test_tables_of_names(call, palyra):
    call.set("a", b"1")
    toml = (
        'A = "vault://a"\nP = "a"\n[T]\nref = "gone"\nfallback = ["a"]\n[M]\nref = "gone"\nrequired = false\n'
    )
    tables = '"T": {"ref": "gone", "fallback": ["a"]}, "M": {"ref": "gone", "required": false}'
    json = '{"A": "vault://a", "P": "a", ' + tables + "}"
    for name, text in (("x.toml", toml), ("x.json", json)):
        out = shown(palyra, *written(call, name, text), "A P T M", env={"M": "from before"})
        assert out == b"1|a|1|-"  # what is missing and not required is not what somebody else set


def test_later_files_win_and_options_win_over_files(call, palyra):
    for name in ("a", "b", "c"):
        call.set(name, name.encode())
    files = (
        *written(call, "1.env", "X=vault://a\nY=vault://a\nZ=1"),
        *written(call, "2.env", "X=vault://b\nY=2"),
    )
    assert shown(palyra, "--env", "X=c", *files, "X Y Z") == b"c|2|1"


def test_without_inheritance(call, palyra):
    call.set("a", b"1")
    out = shown(palyra, "--env", "A=a", "--no-inherit", "A OTHER LC_ALL", env={"OTHER": "x", "LC_ALL": "C"})
    assert out == b"1|-|C"


def test_a_scheme_of_a_plugin_is_a_reference(call, fake, monkeypatch):
    fake.answers = {"x": b"1"}
    seen = {}
    monkeypatch.setattr("palyra_kernel.cli.run.start", lambda *given: seen.update(given[-1].env) or 0)
    assert call("run", *written(call, ".env", "A=fake://x\nB=fakes://x"), "--", "true").code == 0
    assert seen == {"A": b"1", "B": b"fakes://x"}
    assert fake.calls == [1]


@pytest.mark.parametrize(
    ("name", "content", "code", "kind"),
    [
        (".env", b"X=canary-value\nno equals sign canary\n", 2, "invalid_names_file"),
        (".env", b"X='canary", 2, "invalid_names_file"),
        (".env", b"X=\xff", 2, "invalid_names_file"),
        (".env", b"canary-name=1", 2, "invalid_names_file"),
        (".env", b"X=vault://gone", 3, "secret_missing"),
        (".env", b"X=vault://", 2, "invalid_reference"),
        (".env", b"X=a\0b", 2, "nul_in_value"),
        ("x.toml", b"X = 1", 2, "invalid_names_file"),
        ("x.toml", b"[X]\nref='a'\nrequired='canary'", 2, "invalid_reference"),
        ("x.json", b'{"X": ["canary"]}', 2, "invalid_names_file"),
        ("x.json", b'["canary"]', 2, "invalid_names_file"),
        ("x.json", b'{"X": "canary}', 2, "invalid_names_file"),
        ("x.json", b"[" * 100_000, 2, "invalid_names_file"),
    ],
)
def test_a_file_that_is_wrong_starts_nothing(call, monkeypatch, name, content, code, kind):
    monkeypatch.setattr("palyra_kernel.cli.run.start", lambda *_: pytest.fail("it was started"))
    path = call.base / name
    path.write_bytes(content)
    outcome = call("--json", "run", "--env-file", str(path), "--", "true")
    assert (outcome.code, outcome.error["code"], outcome.out) == (code, kind, b"")
    assert "canary" not in outcome.err


def test_a_file_that_others_can_write_is_refused_and_one_that_they_can_read_is_not(call):
    """Who writes the file chooses the variables of the program: PATH and LD_PRELOAD, too."""
    options = written(call, ".env", "X=1")
    Path(options[1]).chmod(0o646)
    outcome = call("--json", "run", *options, "--", "true")
    assert (outcome.code, outcome.error["code"]) == (4, "unsafe_file")
    Path(options[1]).chmod(0o644)
    assert call("--json", "run", *options, "--", "no-such-command").error["code"] == "command_missing"


def test_all_that_fail_are_named(call, monkeypatch):
    """Wish 23, the other way round: people mended one reference at a time."""
    monkeypatch.setattr("palyra_kernel.cli.run.start", lambda *_: pytest.fail("it was started"))
    call.set("a", b"canary-value")
    outcome = call(
        "run", "--env", "A=a", "--env", "B=gone", "--file", "C=a#f", "--fd", "D=gone2", "--", "true"
    )
    assert outcome.code == 3
    assert "nothing was started, 3 references have no value" in outcome.err
    assert all(words in outcome.err for words in ("\n  B: ", "\n  C: ", "\n  D: "))
    assert "canary" not in outcome.err


@pytest.mark.parametrize("way", ["file", "fd"])
@pytest.mark.parametrize("value", [b"", b"v", bytes(range(256)), b"x" * 65_536], ids=len)
def test_a_file_has_the_exact_bytes_and_can_be_read_twice(call, palyra, way, value):
    """Hazard U10: what is no text did not reach the child."""
    call.set("a", value)
    outcome = palyra("run", f"--{way}", "X=a", "--", "sh", "-c", 'cat "$X" "$X"')
    once = way == "fd" and sys.platform != "linux"  # a pipe
    assert outcome == (0, value if once else value * 2, "")


@pytest.mark.skipif(sys.platform != "linux", reason="memory files of Linux")
def test_what_is_behind_a_descriptor_cannot_be_changed(call, palyra):
    call.set("a", b"value")
    outcome = palyra("run", "--fd", "X=a", "--", "sh", "-c", 'echo other > "$X"; cat "$X"')
    assert outcome.out == b"value"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_only_the_descriptors_that_were_asked_for(call, palyra):
    call.set("a", b"1")
    script = 'ls -l /proc/$$/fd | grep -c memfd; cat $A $B; echo "$C"'
    arguments = ("--fd", "A=a", "--fd", "B=a", "--env", "C=a")
    assert palyra("run", *arguments, "--", "sh", "-c", script).out == b"2\n111\n"
    with_file = palyra("run", *arguments, "--file", "F=a", "--", "sh", "-c", script)
    assert with_file.out == b"2\n111\n"


def test_a_pipe_in_place_of_memory_takes_what_fits():
    from palyra_kernel.cli.run import descriptors

    in_pipe, most = vars(descriptors)["_in_pipe"], 65_536  # Windows has none of it; what a pipe holds
    fd = in_pipe("X", SensitiveBytes(b"v" * most))
    with os.fdopen(fd, "rb") as reader:
        assert reader.read() == b"v" * most
    before = open_descriptors()
    with pytest.raises(InvalidInputError, match="does not fit"):
        in_pipe("X", SensitiveBytes(b"v" * (most + 1)))
    assert open_descriptors() <= before


def test_a_descriptor_is_never_taken_for_a_standard_stream():
    """With standard input closed the lowest free number is 0: the program would read the secret as its input."""
    from palyra_kernel.cli.run.descriptors import as_descriptor

    stdin = os.dup(0)
    os.close(0)
    try:
        fd = as_descriptor("X", SensitiveBytes(b"v"))
    finally:
        os.dup2(stdin, 0)
        os.close(stdin)
    assert fd > 2
    assert os.get_inheritable(fd)
    os.close(fd)


def test_values_are_in_no_argument_and_no_process_list(call, palyra):
    call.set("a", b"canary-value")
    script = "tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' ' ' < /proc/$PPID/cmdline; ls -l /proc/$$/fd"
    if not Path("/proc/self/cmdline").exists():
        script = "ps -A -o command"
    outcome = palyra("run", "--file", "F=a", "--fd", "D=a", "--env", "E=a", "--", "sh", "-c", script)
    assert outcome.code == 0
    assert b"canary" not in outcome.out


def test_what_is_not_started_leaves_no_descriptor_open(call):
    call.set("a", b"1")
    path = call.base / "program"
    path.write_text("\x7fELF rubbish")
    path.chmod(0o700)
    before = open_descriptors()
    for way in ("--fd", "--file"):
        outcome = call("--json", "run", way, "X=a", "--", str(path))
        assert outcome.error["code"] == "not_a_program"
    assert open_descriptors() <= before
    assert not list(call.base.rglob("X"))


def test_a_core_limit_is_given_back_to_a_child_too(call, palyra):
    import resource

    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("no core dumps are allowed here at all")
    call.set("a", b"1")
    wrapped = ["sh", "-c", 'ulimit -S -c 8; exec "$@"', "sh"]
    argv = palyra.argv("run", "--file", "X=a", "--", "sh", "-c", "ulimit -c; grep Core /proc/$PPID/limits")
    done = subprocess.run([*wrapped, *argv], capture_output=True, timeout=40, check=False)
    own, _, parents = done.stdout.partition(b"\n")
    assert own == b"8"
    assert not parents or parents.split()[4] == b"0"  # palyra itself still dumps nothing
