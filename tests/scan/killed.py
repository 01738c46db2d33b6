"""Kills a migration before its first, second, third ... step, looks, and runs it again.

``python -m tests.scan.killed FOLDER`` prints how many steps it was killed at. Each run is a child of this process,
which has one thread and so may fork.
"""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path

from palyra_kernel import Kernel
from palyra_kernel.cli.start import run
from tests.support import Places

assert sys.platform != "win32"  # it forks

BEFORE = b"# app\nA_PASSWORD=hunter1 # one\nB_PASSWORD='hunter2'\n"
AFTER = b"# app\nA_PASSWORD=vault://global/p/a_password # one\nB_PASSWORD='vault://global/p/b_password'\n"
VALUES = {"p/a_password": b"hunter1", "p/b_password": b"hunter2"}


def migrate(places: Places, file: Path) -> None:
    where = ["--state-root", str(places.state_root), "--config-dir", str(places.config_dir)]
    code = run([*where, "-p", "file", "secrets", "migrate", str(file), "--prefix", "p", "--yes", "--json"])
    assert code == 0, code


def stored(places: Places) -> dict[str, bytes]:
    with places.open() as kernel:
        assert isinstance(kernel, Kernel)
        return {each.ref.key: kernel.vault.get(each.ref).reveal() for each in kernel.vault.list("global")}


def kill(base: Path) -> int:
    from tests.backup.killed import survives

    places, last = Places(base / "places"), 0
    places.create(plugins=["file"]).close()
    while True:
        last += 1
        here = Places(base / str(last))
        shutil.copytree(base / "places", base / str(last), copy_function=shutil.copy2)
        for folder in (here.state_root, here.config_dir):
            folder.chmod(0o700)
        file = base / str(last) / "work" / ".env"
        file.parent.mkdir()
        file.write_bytes(BEFORE)
        whole = survives(partial(migrate, here, file), last)
        found = file.read_bytes()
        assert found in (BEFORE, AFTER), f"step {last}: neither the old file nor the new one"
        if found == AFTER:
            assert stored(here) == VALUES, f"step {last}: out of the file and not in the vault"
        if not whole:
            migrate(here, file)
        assert file.read_bytes() == AFTER
        assert stored(here) == VALUES
        assert [each.name for each in file.parent.iterdir()] == [".env"], (
            f"step {last}: something is left behind"
        )
        if whole:
            return last - 1
        shutil.rmtree(base / str(last))


if __name__ == "__main__":
    sys.stderr.write(f"{kill(Path(sys.argv[1]))}\n")
