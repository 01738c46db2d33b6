"""Whole processes: time to read one secret beside the keyring command, and to import the package beside bare Python."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

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


def chosen(env: Mapping[str, str]) -> str:
    """The name of the backend that keyring takes when nobody names one."""
    code = "import keyring; backend = keyring.get_keyring(); print(type(backend).__module__)"
    return run(env, sys.executable, "-c", code).decode().strip()


def _pairs(env: Mapping[str, str], scale: Scale) -> Iterator[Pair]:
    calls = scale.calls(5)
    ours = Side("palyra", _starts(env, PALYRA, "secrets", "get", "a", "--reveal"), calls)
    for name, variables, user in (
        (f"keyring get, chooses {chosen(env)}, finds nothing", {}, "b"),
        ("keyring get, PlaintextKeyring by variable", {"PYTHON_KEYRING_BACKEND": PLAIN}, "a"),
        ("keyring get, null backend by variable", {"PYTHON_KEYRING_BACKEND": NULL}, "a"),
    ):
        peer = Side(name, _starts({**env, **variables}, KEYRING, "get", "service", user), calls)
        yield Pair("palyra secrets get --reveal", 1, ours, peer)
    own = Side("palyra", _imports(env, "import palyra_kernel"), calls)
    for name, code in (("python, nothing imported", ""), ("import keyring", "import keyring")):
        yield Pair("import palyra_kernel", 0, own, Side(name, _imports(env, code), calls))


def _imports(env: Mapping[str, str], code: str) -> Callable[[int], object]:
    return _starts(env, sys.executable, "-c", code)


def _starts(env: Mapping[str, str], *argv: str) -> Callable[[int], object]:
    """A keyring that finds nothing exits with 1, so the code is not looked at."""
    return lambda _: subprocess.run(argv, env=env, check=False, capture_output=True)
