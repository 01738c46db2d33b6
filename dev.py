#!/usr/bin/env python3
"""Work on Palyra with nothing but Python: `python3 dev.py COMMAND`, from any folder.

  run [ARGS]      palyra ARGS; without ARGS the daemon, with a vault if there is none yet (the guided tour: run tour)
  test [ARGS]     pytest ARGS, in parallel (one process: test -n 0); where a real counterpart is missing, a test
                  is skipped and says what installs it (all of them: .ci/run)
  lint            ruff check, ruff format --check, mypy for Linux, macOS and Windows
  bench [ARGS]    measure beside peers and floors, or run the long fault and fuzz trials: bench --help
  lock [ARGS]     resolve requirements/*.txt anew: nothing moves that need not (all: lock --upgrade)

The first makes .venv from requirements/*.txt, hashes checked; it is made anew when they or Python change.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN, EXE = (VENV / "Scripts", ".exe") if os.name == "nt" else (VENV / "bin", "")
PYTHON, UV, RUFF, PALYRA = (str(BIN / name) + EXE for name in ("python", "uv", "ruff", "palyra"))
STAMP = VENV / "dev.stamp"
DEV_LOCK, UV_LOCK = (ROOT / "requirements" / name for name in ("dev.txt", "uv.txt"))
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
PLUGINS = [path.parent for path in PROJECTS[1:]]
# uv does not read pip's settings. Who needs a mirror, a certificate or no network has told pip.
FROM_PIP = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS"}
FROM_PIP.update({"no-index": "UV_NO_INDEX", "cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY"})


def say(text: str) -> None:
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    say(text)
    sys.exit(2)


def call(*argv: str | Path, env: dict[str, str] | None = None, hint: str = "") -> None:
    """Run a step of the bootstrap; its output is for the person in front, on stderr."""
    if subprocess.run(argv, cwd=ROOT, env=env, stdout=sys.stderr, close_fds=False, check=False).returncode:
        fail(f"failed: {' '.join(map(str, argv))}{hint}")


def hand_over(*argv: str) -> NoReturn:
    """Become the program, so that its signals and its exit code are the caller's."""
    if os.name != "nt":
        os.execv(argv[0], argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the child's to answer
    sys.exit(subprocess.run(argv, check=False).returncode)


def fingerprints() -> list[str]:
    """Of what makes .venv, of what is to be in it, and of the projects that are linked into it."""
    maker = repr((sys.version, sys.base_prefix, str(ROOT))).encode() + UV_LOCK.read_bytes()
    projects = b"".join(path.read_bytes() for path in PROJECTS)
    return [hashlib.sha256(part).hexdigest() for part in (maker, DEV_LOCK.read_bytes(), projects)]


def stamped() -> list[str]:
    return STAMP.read_text("ascii").split() if STAMP.exists() and Path(PYTHON).exists() else []


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock of this working tree; who kills us does not stop our pip or uv, so they hold it too."""
    with (ROOT / ".venv.lock").open("a") as file:
        os.set_inheritable(file.fileno(), True)
        if sys.platform == "win32":
            import msvcrt

            while True:
                with contextlib.suppress(OSError):  # it gives up after ten seconds
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def uv_environment() -> dict[str, str]:
    """This process's variables and, where they say nothing about it, pip's settings."""
    env = dict(os.environ)
    pip = subprocess.run([PYTHON, "-m", "pip", "config", "list"], stdout=PIPE, text=True, check=False)
    for line in sorted(pip.stdout.splitlines()):  # ':env:' first, then 'global', 'install'
        key, _, value = line.partition("=")
        name = FROM_PIP.get(key.rpartition(".")[2], "")
        words = str(ast.literal_eval(value)).split() if name else []
        if name == "UV_FIND_LINKS":  # pip only warns of a folder that is not there
            words = [word for word in words if "://" in word or Path(word).is_dir()]
        if words:
            env.setdefault(name, ("," if name == "UV_FIND_LINKS" else " ").join(words))
    return env


def make_venv() -> None:
    if sys.prefix == str(VENV):
        fail("start dev.py with the Python that .venv was made from, not with the one inside it")
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        fail("this Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv")
    say(f"making .venv with Python {sys.version.split()[0]}")
    call(sys.executable, "-m", "venv", "--clear", VENV)
    call(PYTHON, "-m", "pip", "install", "-qq", "--only-binary=:all:", "--require-hashes", "-r", UV_LOCK)


def ensure() -> None:
    """Make .venv what the requirements say. What an interrupted run left is thrown away."""
    wanted = fingerprints()
    if stamped() == wanted:
        return
    with only_one():
        if (was := stamped()) == wanted:  # by the one that we waited for
            return
        STAMP.unlink(missing_ok=True)
        if was[:1] != wanted[:1]:
            make_venv()
        env = uv_environment() | {"UV_PYTHON": PYTHON}
        if was[:2] != wanted[:2]:
            say("installing what requirements/dev.txt lists")
            call(UV, "pip", "sync", "-q", "--require-hashes", "--only-binary=:all:", DEV_LOCK, env=env)
        ours = [f"-e{path.parent}" for path in PROJECTS]
        try:
            call(UV, "pip", "install", "-q", "--no-deps", "--no-build-isolation", *ours, env=env)
            call(UV, "pip", "check", "-q", env=env, hint="\nafter a new requirement: python3 dev.py lock")
        except SystemExit:  # a mistake in a pyproject.toml is no reason to fetch everything again
            STAMP.write_text("\n".join(wanted[:2]), "ascii")
            raise
        STAMP.write_text("\n".join(wanted), "ascii")


def lint() -> int:
    os.environ["MYPYPATH"] = os.pathsep.join(str(plugin / "src") for plugin in PLUGINS)
    trees = ["src", "tests", "benchmarks", "conftest.py", "dev.py"]
    trees += [str(plugin.relative_to(ROOT)) for plugin in PLUGINS]
    mypy = [PYTHON, "-m", "mypy", "--no-error-summary", *filter(os.path.exists, trees)]
    os.environ.setdefault("RUFF_OUTPUT_FORMAT", "concise")
    steps = {"ruff check": [RUFF, "check", "-q"], "ruff format": [RUFF, "format", "--check", "-q"]}
    for name in ("linux", "darwin", "win32"):
        steps[f"mypy for {name}"] = [*mypy, f"--platform={name}", f"--cache-dir=.mypy_cache/{name}"]
    started = {name: subprocess.Popen(argv, stdout=PIPE, stderr=STDOUT) for name, argv in steps.items()}
    worst = 0
    for name, process in started.items():
        output = process.communicate()[0].decode(errors="replace")
        print(f"{name}: {'failed' if process.returncode else 'ok'}\n{output}", end="", flush=True)
        worst = max(worst, abs(process.returncode))
    return worst


def lock(*args: str) -> None:
    """Needs uv, not the whole of .venv: a lock that cannot be installed must be replaceable."""
    with only_one():
        if not Path(UV).exists():
            make_venv()
    env = uv_environment() | {"UV_CUSTOM_COMPILE_COMMAND": "python3 dev.py lock"}
    flags = ("-q", "--universal", "--python-version=3.11", "--generate-hashes", "--no-annotate", *args)
    call(UV, "pip", "compile", *flags, "--group=pyproject.toml:bootstrap", "-o", UV_LOCK, env=env)
    # A week is what it usually takes until a hijacked release is noticed. (uv itself is pinned by hand.)
    flags += ("--exclude-newer=1 week", "--all-extras", "--group=dev", "--no-emit-package=palyra-kernel")
    flags += tuple(f"--no-emit-package=palyra-{plugin.name.replace('_', '-')}" for plugin in PLUGINS)
    call(UV, "pip", "compile", *flags, *PROJECTS, "-o", DEV_LOCK, env=env)


def main(command: str = "help", *args: str) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (this is the file that says so)
        fail(f"{sys.executable} is older than Python 3.11: try python3.12, or choose it behind the shim")
    if command == "lock":
        lock(*args)
        return 0
    if command not in ("run", "test", "lint", "bench"):
        print(__doc__.strip())
        return 0 if command in ("help", "-h", "--help") else 2
    ensure()
    if command == "run":
        hand_over(PALYRA, *(args or ("serve", "--init")))
    os.chdir(ROOT)
    if command == "test":
        workers = str((os.cpu_count() or 1) + 1)  # there is always one that waits for something
        hand_over(PYTHON, "-m", "pytest", "-n", workers, "--dist", "worksteal", *args)
    if command == "bench":
        hand_over(PYTHON, "-m", "benchmarks.run", *args)
    return lint()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(*sys.argv[1:]))
    sys.exit(130)
