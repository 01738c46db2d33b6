"""What is seen of a canary by the commands that resolve references, in every source of the kernel and in a plugin's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.leaks.canaries import files_under
from tests.leaks.quoting import offered
from tests.leaks.resolving import logged
from tests.leaks.stage import Haystacks, Stage, scenario

_BATCH = """
import json, sys
ids, value = json.load(sys.stdin)["ids"], open(sys.argv[1], "rb").read().decode("latin-1")
errors = {"words": {"code": "not_found", "message": value}, "code": {"code": "its_own", "message": value}}
print(value, file=sys.stderr)
answer = {"version": 1, "values": {"right": value}, "errors": errors}
wrong = {"version": 1, "values": {value: value}, "errors": {"x": {"code": value, "message": value}}}
print(json.dumps(answer if len(ids) > 1 else wrong))
"""


def _commands(value: Path) -> dict[str, list[str]]:
    """Programs that get at the canary, and then do what is wrong with it."""
    shell = {
        "fails": 'cat "$0"; exit 3',
        "complains": 'cat "$0" >&2; exit 1',
        "dies": 'cat "$0"; cat "$0" >&2; kill -ABRT $$',
        "works": 'cat "$0"; cat "$0" >&2',
    }
    batch = [sys.executable, "-I", "-S", "-c", _BATCH, str(value)]
    return {
        **{name: ["/bin/sh", "-c", script, str(value)] for name, script in shell.items()},
        **{name: ["/bin/sh", "-c", 'exec "$0" "$@"', *batch] for name in ("batch", "misshapen")},
    }


def _kept(stage: Stage, canary: bytes) -> Path:
    """A vault with the canary, and the canary in a file, in the environment and behind commands; return the file."""
    stage.made()
    list(stage.palyra("secrets", "set", "a", stdin=canary))
    folder = stage.base / "trusted"
    folder.mkdir(mode=0o700)
    value = folder / "value"
    value.touch(0o600)
    value.write_bytes(canary)
    if b"\0" not in canary and sys.platform != "win32":
        stage.monkeypatch.setitem(os.environb, b"CANARY_ALLOWED", canary)
        stage.monkeypatch.setitem(os.environb, b"CANARY_REFUSED", canary)
    lines = [
        "[sources.env]",
        'allow = ["CANARY_ALLOWED"]',
        "[sources.file]",
        f"trusted_dirs = [{json.dumps(str(folder))}]",
    ]
    lines += ["[sources.exec]", "enabled = true"]
    for name, command in _commands(value).items():
        lines += [
            f"[sources.exec.commands.{name}]",
            f"command = {json.dumps(command)}",
            f"batch = {str(name in ('batch', 'misshapen')).lower()}",
        ]
    (stage.places.config_dir / "palyra.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return value


def _table(stage: Stage, value: Path) -> tuple[str, dict[str, Any]]:
    """A file of references that work and that fail in every source; and what is in it."""
    refs: dict[str, Any] = {
        "vault": "vault://a",
        "gone": "vault://gone",
        "field": "vault://a#x",
        "env": "env://CANARY_ALLOWED",
        "not_allowed": "env://CANARY_REFUSED",
        "file": value.as_uri(),
        "outside": (stage.base / "outside").as_uri(),
        "source": "quoting://value.0",
        "source_fails": "quoting://io.3",
        "source_raises": "quoting://raise.0",
    }
    ways: dict[str, dict[str, Any]] = {
        "hex": {"transforms": ["hex"]},
        "large": {"max_bytes": 1},
        "json": {"transforms": ["json:/a"]},
    }
    for name, way in ways.items():
        refs |= {f"{kind}_{name}": {"ref": refs[kind], **way} for kind in ("vault", "env", "file", "source")}
    refs |= {f"exec_{name}": f"exec://{name}" for name in ("fails", "complains", "dies", "works")}
    refs |= {f"batch_{name}": f"exec://batch#{name}" for name in ("right", "words", "code")}
    refs["misshapen"] = "exec://misshapen#x"
    refs["exec_hex"] = {"ref": "exec://works", "transforms": ["hex"]}
    path = stage.base / "refs.json"
    path.write_text(json.dumps(refs), "utf-8")
    path.chmod(0o600)
    return str(path), refs


_CODES = ["resolved", "not_hex", "too_large", "not_json", "plugin_failed", "redacted"]
"""What a listing of the table above must hold, or it showed less than it should."""
if sys.platform != "win32":
    _CODES += ["outside_trusted_dirs", "exit_code", "signal", "batch_answer", "command_error"]


@scenario
def resolve_and_explain(stage: Stage, canary: bytes) -> Haystacks:
    """``palyra resolve`` and ``explain``, in words and as JSON, over references that work and that fail."""
    value = _kept(stage, canary)
    (stage.base / "outside").write_bytes(canary)
    path, refs = _table(stage, value)
    with offered(stage, canary), logged() as log:
        for options in ((), ("--json",)):
            said = list(stage.palyra(*options, "resolve", "--table", path))
            assert all(code.encode() in said[0][1] for code in _CODES), said[0][1]
            yield from said
        for name in refs:
            yield from stage.palyra("explain", "--table", path, name)
        yield from stage.palyra("--json", "explain", "--table", path, "source_fails")
    yield "log", log.getvalue()
    yield from files_under(stage.places.state_root, stage.places.config_dir)


@scenario
def run_that_does_not_start(stage: Stage, canary: bytes) -> Haystacks:
    """``palyra run`` with a value in its hands: another is missing, does not fit, or the program is none."""
    value = _kept(stage, canary)
    stage.monkeypatch.setenv("XDG_RUNTIME_DIR", str(stage.base / "runtime"))
    (stage.base / "runtime").mkdir(mode=0o700)
    list(stage.palyra("secrets", "set", "nul", stdin=canary + b"\0"))
    program = stage.base / "program"
    program.write_bytes(b"\x7fELF nothing that starts")
    program.chmod(0o755)
    wrong = stage.base / "wrong.env"
    wrong.write_bytes(b"A=vault://a\nexport " + canary + b"\n")
    wrong.chmod(0o600)
    stage.monkeypatch.setattr("os.execve", lambda *_: pytest.fail("it was started"))
    with offered(stage, canary), logged() as log:
        for ref, way in (
            ("gone", "file"),
            ("a#x", "env"),
            ("env://CANARY_REFUSED", "fd"),
            ("exec://fails", "env"),
            ("exec://complains", "file"),
            ("quoting://ours.2", "fd"),
            (f"{value.as_uri()}#x", "file"),
        ):
            yield from stage.palyra("run", f"--{way}", "X=a", "--env", f"Y={ref}", "--", "true")
        yield from stage.palyra("run", "--env", "X=nul", "--", "true")
        yield from stage.palyra("--json", "run", "--env", "X=a", "--env", "Y=gone", "--", "true")
        yield from stage.palyra("run", "--env-file", str(wrong), "--", "true")
        for way in ("file", "fd"):
            yield from stage.palyra("run", f"--{way}", "X=a", "--", str(stage.base / "no such program"))
        yield from stage.palyra("run", "--file", "X=a", "--", str(program))
    yield "log", log.getvalue() or "nothing was logged"
    yield from files_under(stage.base / "runtime", stage.places.state_root)


@scenario
def render_that_writes_nothing(stage: Stage, canary: bytes) -> Haystacks:
    """``palyra render`` with a reference that fails, a filter that does not fit, and a value in place of either."""
    _kept(stage, canary)
    out = stage.base / "out"
    out.mkdir(mode=0o700)
    list(stage.palyra("secrets", "set", "odd", stdin=canary + b"\xff\0"))
    with offered(stage, canary), logged() as log:
        for place in (
            b"gone",
            b"a#x",
            b"quoting://raise.1",
            b"exec://fails",
            b"odd | json",
            b"odd | shell",
            canary + b" |",
            b"a | " + canary,
        ):
            template = b"{{ a }}\n{{ " + place + b" }}\n"
            for options in (("--out", str(out / "file")), ("--out", str(out / "file"), "--json")):
                said = list(stage.palyra("render", "-", *options, stdin=template))
                assert "(0)" not in said[0][0]
                yield from said
        yield from stage.palyra("render", "-", "--out", str(stage.base / "none" / "file"), stdin=b"{{ a }}")
    yield "log", log.getvalue() or "nothing was logged"
    yield from files_under(out, stage.places.state_root)
    assert not list(out.iterdir())


@scenario
def a_value_in_place_of_a_reference(stage: Stage, canary: bytes) -> Haystacks:
    """The canary pasted into files of references: where the reference belongs, as an option, as a field, as a table."""
    stage.made()
    word = canary.decode("utf-8", "surrogateescape")
    wrong: list[Any] = [
        f"{word} ",
        f"https//{word}!",
        {"ref": f"env://{word}-"},
        {"ref": "a", "x": word},
        {"ref": "a", "transforms": [word]},
    ]
    wrong += [
        {"ref": "a", "max_bytes": word},
        {"ref": "a", "refresh_policy": word},
        {"ref": "a", "fallback": [f"{word} "]},
        {"ref": "a", "cwd": word},
        [word],
    ]
    path = stage.base / "refs.json"
    for given in wrong:
        path.write_bytes(json.dumps({"x": given}).encode("utf-8", "surrogateescape"))
        path.chmod(0o600)
        for command in (
            ("resolve", "--table"),
            ("explain", "x", "--table"),
            ("--json", "resolve", "--table"),
        ):
            yield from stage.palyra(*command, str(path))
        yield from stage.palyra("run", "--env-file", str(path), "--", "/no/such/program")
    path.write_bytes(b'{"x": ' + canary)
    yield from stage.palyra("resolve", "--table", str(path))
    toml = path.with_suffix(".toml")
    toml.write_bytes(b"x = " + canary)
    toml.chmod(0o600)
    yield from stage.palyra("resolve", "--table", str(toml))
