"""A vault at rest that is damaged, read, judged and put back, thousands of times.

The rule, whatever was damaged: opening fails with an error of ours, or ``verify`` reports an error, or nothing has
changed for anybody. ``get`` gives exactly the value, an error of ours or not-found; never another value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from palyra_kernel import Kernel
from palyra_kernel.errors import NotFoundError, PalyraError
from palyra_kernel.kernel.kernel import BUILTINS
from palyra_kernel.plugins.manage import enable
from tests.faults.stage import BrokenError, Stage
from tests.faults.step import CANARY

Files = Mapping[Path, bytes]


class Patient:
    """A small vault with every kind of record and file, and what each reference must give."""

    def __init__(self, base: Path, *, key: str = "a") -> None:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.stage = Stage(base)
        self.counts: Counter[str] = Counter()
        self.moments: list[Files] = []
        """The files of earlier moments, oldest first; the last is the present."""
        self._make(key)
        self.values = self._read()

    def _make(self, key: str) -> None:
        self.stage.create()
        enable(self.stage.places.config_dir, "file", BUILTINS)
        self._remember()
        for round_ in range(3):
            vault = self.stage.kernel.vault
            for name in (key, "b", "deep/c"):
                vault.put(name, CANARY + f"{name}{round_}".encode())
            if round_ == 1:
                vault.delete("b")
                vault.put("d", CANARY + b"to be destroyed")
                vault.destroy("d")
                vault.destroy(key, [1])
            self._remember()
        vault = self.stage.kernel.vault
        vault.put("gone", CANARY + b"deleted")
        vault.delete("gone")
        vault.gc()
        self.stage.kernel.slots.list()
        self._remember()

    def _remember(self) -> None:
        self.stage.close()
        self.moments.append({path: path.read_bytes() for path in self.stage.places.files()})

    def unfinished(self) -> None:
        """From now on the vault is one whose process was killed: its logs are still there."""
        kernel = self.stage.reopen()
        kernel.vault.put("b", self.values["b"])
        kernel.vault.put("e", CANARY + b"in the log only")
        files = {path: path.read_bytes() for path in self.stage.places.files()}
        self.stage.close()
        self.moments.append(files)
        self.put_back()
        self.values = self._read()
        self.put_back()

    def _read(self) -> dict[str, bytes]:
        with self.stage.reopen() as kernel:
            values: dict[str, bytes] = {}
            for item in kernel.vault.list(None):
                for line in kernel.vault.history(item.ref):
                    if line.state != "destroyed":
                        name = f"{item.ref.key}?version={line.version}"
                        values[name] = values.get(name, kernel.vault.get(name).reveal())
                values[item.ref.key] = kernel.vault.get(item.ref).reveal()
        return values

    def file(self, name: str) -> Path:
        """The file called *name*, or the one in the folder ``keys`` or ``heads``, whose name is the vault's id."""
        folder = {"head": "heads", "keys": "keys"}.get(name)
        return next(
            path for path in self.moments[-1] if (path.parent.name == folder if folder else path.name == name)
        )

    def named_like(self, other: Patient) -> Files:
        """The present files of *other* under the names that they have here."""
        files = {}
        for path in self.moments[-1]:
            name = {"heads": "head", "keys": "keys"}.get(path.parent.name, path.name)
            files[path] = other.moments[-1][other.file(name)]
        return files

    def put_back(self, files: Files | None = None) -> None:
        """Make the files of the present, or of another moment, again; nothing else stays."""
        wanted = files if files is not None else self.moments[-1]
        for path in self.stage.places.files():
            if path not in wanted:
                path.unlink()
        for path, data in wanted.items():
            if not path.exists() or path.read_bytes() != data:
                path.unlink(missing_ok=True)
                path.touch(mode=0o600)
                path.write_bytes(data)

    def judge(self, what: object, *, older: bool = False) -> str:
        """Open, verify and read the damaged vault, and put it back. Raises :class:`BrokenError` if the rule is broken.

        With *older* get may give what a secret was before: then ``verify`` must have found it. Returns the code of the
        refusal, the codes that verify found, or ``no effect``.
        """
        try:
            verdict = self._verdict(older)
        except PalyraError as error:
            verdict = error.code
        except Exception as error:
            raise BrokenError(f"{what}: {type(error).__name__}: {error}") from error
        finally:
            self.stage.close()
            self.put_back()
        self.counts[verdict] += 1
        return verdict

    def _verdict(self, older: bool) -> str:
        kernel = self.stage.reopen(unlock=None)  # by the key file alone
        errors = sorted({finding.code for finding in kernel.verify() if finding.severity == "error"})
        wrong = list(self._wrong(kernel))
        another = not older and any(outcome == "another value" for _, outcome in wrong)
        if another or (wrong and not errors):
            raise BrokenError(f"verify says {errors}, get says {wrong}")
        return ",".join(errors) or "no effect"

    def _wrong(self, kernel: Kernel) -> Iterator[tuple[str, str]]:
        """What cannot be read any more, or is another value."""
        for name, value in self.values.items():
            try:
                with kernel.vault.get(name) as secret:
                    if secret.reveal() != value:
                        yield name, "another value"
            except PalyraError as error:
                yield name, error.code
        for name in ("d", "gone", "never"):
            try:
                kernel.vault.get(name).wipe()
                yield name, "another value"
            except NotFoundError:
                pass
            except PalyraError as error:
                yield name, error.code
