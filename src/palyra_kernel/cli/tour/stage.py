"""Where the tour happens: a throwaway folder, real commands in processes of their own, and all they print."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import msgspec

from palyra_kernel.errors import PalyraError

STATE, CONFIG = "state", "config"


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One command as a reader would type it, and what came of it."""

    command: str
    exit_code: int
    stdout: str
    stderr: str


class Stage:
    """Shows each command before it runs and stops the tour when one does not do what was promised."""

    def __init__(self, folder: Path, *, silent: bool) -> None:
        self.folder = folder
        self.ran: list[Ran] = []
        self._silent = silent
        self._env = {
            name: value for name, value in os.environ.items() if not name.startswith(("PALYRA_", "_PALYRA"))
        }
        self._env |= {
            "PALYRA_STATE_ROOT": str(folder / STATE),
            "PALYRA_CONFIG_DIR": str(folder / CONFIG),
            "PYTHONUTF8": "1",
        }

    def tell(self, sentence: str) -> None:
        """Say what the next commands show."""
        self._print(f"\n{sentence}", bold=True)

    def show(self, command: str) -> None:
        """Print a command as a reader would type it."""
        self._print(f"$ {command}", fg="green")

    def write(self, name: str, text: str) -> None:
        """Make a file, shown as the command that makes it."""
        self.show(f"cat > {name} <<'END'")
        self._print(f"{text}END")
        (self.folder / name).write_text(text, encoding="utf-8", newline="\n")

    def remove(self, name: str) -> None:
        """Delete a file."""
        self.show(f"rm {name}")
        (self.folder / name).unlink()

    def palyra(self, *arguments: str, source: str = "", target: str = "", expect: int = 0) -> Ran:
        """Run ``palyra``, with the file *source* as its input or its output in the file *target*."""
        shown = shlex.join(("palyra", *arguments))
        shown += f" < {source}" if source else f" > {target}" if target else ""
        self.show(shown)
        # sys.executable where a reader has python3: the one that surely has what the child needs.
        typed = [sys.executable if word == "python3" else word for word in arguments]
        data = (self.folder / source).read_bytes() if source else b""
        done = self._run([sys.executable, "-m", "palyra_kernel.cli", *typed], data)
        if target:
            (self.folder / target).write_bytes(done.stdout)
            done.stdout = b""
        return self._ended(shown, done, expect)

    def python(self, program: str) -> Ran:
        """Run a small program, shown as a reader would give it to Python."""
        shown = f"python3 - <<'END'\n{program}END"
        self.show(shown)
        return self._ended("python3 -", self._run([sys.executable, "-"], program.encode()), 0)

    def same(self, first: str, second: str) -> None:
        """Compare two files byte for byte."""
        self.show(f"cmp {first} {second} && echo the same")
        one, other = ((self.folder / name).read_bytes() for name in (first, second))
        self.promise(one == other, f"{first} and {second} are the same")
        self._print("the same")

    def nowhere(self, *words: str) -> None:
        """Look for *words* in every file of the vault, as ``grep`` does."""
        patterns = " ".join(f"-e {shlex.quote(word)}" for word in words)
        self.show(f"grep -r -F {patterns} {STATE} {CONFIG} || echo not a trace")
        files = [
            path for name in (STATE, CONFIG) for path in (self.folder / name).rglob("*") if path.is_file()
        ]
        stored = [path.read_bytes() for path in files]
        clean = bool(stored) and not any(word.encode() in data for word in words for data in stored)
        self.promise(clean, "no file of the vault holds a name or a value in the clear")
        self._print("not a trace")

    def promise(self, kept: bool, what: str) -> None:
        """End the tour unless *kept*. Raises :class:`PalyraError` ``tour_failed``."""
        if not kept:
            raise PalyraError(
                "tour_failed", f"the tour stopped: this does not hold: {what}", hint="please report it"
            )

    def _run(self, argv: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            argv, input=data, capture_output=True, cwd=self.folder, env=self._env, check=False, timeout=60
        )

    def _ended(self, shown: str, done: subprocess.CompletedProcess[bytes], expect: int) -> Ran:
        stdout, stderr = (
            text.decode("utf-8", "replace").replace("\r\n", "\n") for text in (done.stdout, done.stderr)
        )
        self._print(stdout.rstrip("\n"))
        self._print(stderr.rstrip("\n"))
        if expect:
            self.show("echo $?")
            self._print(str(done.returncode))
        ran = Ran(command=shown, exit_code=done.returncode, stdout=stdout, stderr=stderr)
        self.ran.append(ran)
        self.promise(
            done.returncode == expect, f"`{shown}` ends with exit code {expect}, not {done.returncode}"
        )
        return ran

    def _print(self, text: str, *, bold: bool = False, fg: str | None = None) -> None:
        if text and not self._silent:
            click.secho(text, bold=bold or None, fg=fg)
