"""The command line inside this process, for the tests of the commands that look after a vault."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from palyra_kernel.cli.start import run
from palyra_kernel.plugins import manage


class Result(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


class Admin:
    """Runs ``palyra`` on the throwaway places of a test."""

    def __init__(self, places, capsys) -> None:
        self.places = places
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Result:
        places = ["--state-root", str(self.places.state_root), "--config-dir", str(self.places.config_dir)]
        self._capsys.readouterr()
        code = run([*places, *arguments])
        return Result(code, *self._capsys.readouterr())

    def ok(self, *arguments: str) -> Any:
        """The JSON of a command that must succeed."""
        result = self("--json", *arguments)
        assert result.code == 0, result
        return result.json

    def make(self, **values: bytes) -> None:
        """A vault with the enabled plugin ``file`` and *values* in it."""
        manage.enable(self.places.config_dir, "file")
        with self.places.create(plugins=None) as kernel:
            for key, value in values.items():
                kernel.vault.put(key, value)

    def slot(self, kind: str) -> str:
        """The id of the slot of that kind."""
        return next(str(slot["id"]) for slot in self.ok("slots", "list")["slots"] if slot["kind"] == kind)


def key_file(folder, name: str, text: str) -> str:
    """A private file with a passphrase or recovery key."""
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    return str(path)
