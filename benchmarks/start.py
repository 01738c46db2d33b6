"""Whole processes: reading one secret beside the keyring command, running a program with secrets beside reading one,
importing the package beside bare Python."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import keyring

from benchmarks.measure import Pair, Row, Side, measure
from benchmarks.scale import Scale

_BIN = Path(sys.executable).parent
PALYRA, KEYRING = str(_BIN / "palyra"), str(_BIN / "keyring")
PLAIN = "keyrings.alt.file.PlaintextKeyring"
NULL = "keyring.backends.null.Keyring"


def rows(scale: Scale) -> Iterator[Row]:
    """Each beside the other, one process after the other."""
    with tempfile.TemporaryDirectory() as folder:
        env = environment(Path(folder))
        for pair in _pairs(env, scale):
            yield measure(pair, scale)


def environment(folder: Path) -> dict[str, str]:
    """Variables of a user whose home is *folder*, in which a vault and a keyring hold one secret each."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PALYRA_", "XDG_", "PYTHON_KEYRING"))
    }
    kept.pop("PYTHONDONTWRITEBYTECODE", None)  # a start without compiled modules is not what anybody has
    env = kept | {"HOME": str(folder), "APPDATA": str(folder), "LOCALAPPDATA": str(folder)}
    env |= {"PALYRA_STATE_ROOT": str(folder / "state"), "PALYRA_CONFIG_DIR": str(folder / "config")}
    run(env, PALYRA, "init")
    run(env, PALYRA, "secrets", "set", "a", given=b"v")
    plain = {**env, "PYTHON_KEYRING_BACKEND": PLAIN}
    run(plain, KEYRING, "set", "service", "a", given=b"v\n")
    found = (
        run(env, PALYRA, "secrets", "get", "a", "--reveal"),
        run(plain, KEYRING, "get", "service", "a").strip(),
    )
    if found != (b"v", b"v"):
        raise RuntimeError(f"one of the two commands does not give back what it was given: {found}")
    return env


def run(env: Mapping[str, str], *argv: str, given: bytes = b"") -> bytes:
    """Run a program that must succeed; return what it printed."""
    return subprocess.run(argv, env=env, input=given, check=True, stdout=subprocess.PIPE).stdout


def _pairs(env: Mapping[str, str], scale: Scale) -> Iterator[Pair]:
    calls = scale.calls(5)
    ours = Side("palyra", _starts(env, PALYRA, "secrets", "get", "a", "--reveal"), calls)
    peers = {
        "keyring get, PlaintextKeyring by variable": {"PYTHON_KEYRING_BACKEND": PLAIN},
        "keyring get, null backend by variable": {"PYTHON_KEYRING_BACKEND": NULL},
    }
    for name, variables in peers.items():
        peer = Side(name, _starts({**env, **variables}, KEYRING, "get", "service", "a"), calls)
        yield Pair("palyra secrets get --reveal", 1, ours, peer)
    if sys.platform != "win32":  # where links need a privilege
        with tempfile.TemporaryDirectory() as folder:
            yield Pair("palyra secrets get --reveal", 1, ours, _choosing(env, Path(folder), calls))
        yield from _runs(env, ours._replace(name="palyra secrets get --reveal"), calls)
    own = Side("palyra", _imports(env, "import palyra_kernel"), calls)
    for name, code in (("python, nothing imported", ""), ("import keyring", "import keyring")):
        yield Pair("import palyra_kernel", 0, own, Side(name, _imports(env, code), calls))


def _runs(env: Mapping[str, str], get: Side, calls: int) -> Iterator[Pair]:
    """A program that does nothing, with secrets in its environment, beside reading one."""
    names = ["a", *(f"a{number}" for number in range(1, 10))]
    for name in names[1:]:
        run(env, PALYRA, "secrets", "set", name, given=b"v")
    for references in (1, len(names)):
        options = [part for name in names[:references] for part in ("--env", f"{name.upper()}={name}")]
        if run(env, PALYRA, "run", *options, "--", "sh", "-c", "printf $A") != b"v":
            raise RuntimeError("the program was not given the secret")
        ours = Side("palyra", _starts(env, PALYRA, "run", *options, "--", "true"), calls)
        yield Pair("palyra run", references, ours, get)


def _choosing(env: Mapping[str, str], site: Path, calls: int) -> Side:
    """``keyring get`` with the backend that it chooses itself, in a *site* folder without the other peers: it would
    load their backends, too. What it chooses holds nothing, so nothing is decrypted."""
    for item in Path(keyring.__file__).parents[1].iterdir():
        if not item.name.startswith("keyrings"):
            (site / item.name).symlink_to(item)
    alone = {**env, "PYTHONPATH": str(site)}
    python = (sys.executable, "-S", "-c")
    chosen = (
        run(alone, *python, "import keyring; print(type(keyring.get_keyring()).__module__)").decode().strip()
    )
    code = "import sys, keyring.cli; sys.exit(keyring.cli.main(['get', 'service', 'b']))"
    return Side(f"keyring get, chooses {chosen}", _starts(alone, *python, code), calls)


def _imports(env: Mapping[str, str], code: str) -> Callable[[int], object]:
    return _starts(env, sys.executable, "-c", code)


def _starts(env: Mapping[str, str], *argv: str) -> Callable[[int], object]:
    """The exit code is not looked at: a keyring that holds nothing says so with 1."""
    return lambda _: subprocess.run(argv, env=env, check=False, capture_output=True)
