"""The verbs on a vault as a whole: new keys, backup and restore, and consent to what looks like an attack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from shutil import rmtree

from palyra_kernel import Kernel
from palyra_kernel.errors import ConflictError, IntegrityError
from palyra_kernel.kernel.backing import load_state
from palyra_kernel.kernel.opening import Consent
from tests.faults.stage import BrokenError, Stage
from tests.faults.states import START, State, observe
from tests.faults.step import CANARY, Step
from tests.stranger import BOTH, held
from tests.support import Places


def make(state: State, chance: Random) -> Step:
    """Another vault, in empty folders."""

    def prepare(stage: Stage) -> None:
        rmtree(_made(stage), ignore_errors=True)
        _made(stage).mkdir(mode=0o700)

    def reopen(stage: Stage) -> Kernel:
        """Half of a vault is finished, or made anew."""
        made = stage.at(_made(stage))
        made.create()
        made.settle([START])
        return stage.reopen()

    return Step("make", lambda stage: stage.at(_made(stage)).create(), state, prepare, reopen)


def rekey(state: State, chance: Random) -> Step:
    return Step("rekey", lambda stage: stage.kernel.rekey(), state)


def rekey_root(state: State, chance: Random) -> Step:
    def run(stage: Stage) -> None:
        stage.kernel.rekey_root(unlock=stage.unlock())
        stage.close()

    return Step("rekey_root", run, state, reopen=lambda stage: stage.reopen())


def migrate(state: State, chance: Random) -> Step:
    def run(stage: Stage) -> None:
        (target,) = {*BOTH} - {stage.kernel.backend_kind}
        stage.kernel.migrate(target)

    return Step("migrate", run, state, reopen=moved)


def moved(stage: Stage) -> Kernel:
    """Open it; a move that was interrupted is finished, and what was left is empty."""
    kernel = stage.reopen()
    pins, record, _ = load_state(kernel._records)
    if record.copying_to or record.emptying:
        kernel.migrate(record.copying_to or pins.backend)
        (other,) = {*BOTH} - {kernel.backend_kind}
        if held(kernel, other):
            raise BrokenError(f"{other} still holds something")
    return kernel


def adopt(state: State, chance: Random) -> Step:
    """The head of this machine is lost."""

    def prepare(stage: Stage) -> None:
        _remember_incarnation(stage)
        for head in (stage.places.config_dir / "heads").iterdir():
            head.unlink()

    return _consent("adopt", "head_missing", prepare, state)


def accept_rollback(state: State, chance: Random) -> Step:
    """The state root of before one more put is put back."""

    def prepare(stage: Stage) -> None:
        _remember_incarnation(stage)
        root = stage.places.state_root
        old = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        stage.kernel.vault.put("lost", CANARY + b"written after the copy")
        stage.close()
        for path, data in old.items():
            path.write_bytes(data)

    return _consent("accept-rollback", "rolled_back", prepare, state)


def backup(state: State, chance: Random) -> Step:
    def run(stage: Stage) -> object:
        return stage.kernel.backup(_backup(stage), unlock=stage.unlock())

    def reopen(stage: Stage) -> Kernel:
        """A backup is there whole, or it is made again; and it gives what the vault had."""
        if not _backup(stage).exists():
            run(stage)
        _check_restored(stage, state)
        return stage.reopen()

    return Step("backup", run, state, _no_backup, reopen)


def restore(state: State, chance: Random) -> Step:
    def prepare(stage: Stage) -> None:
        _no_backup(stage)
        stage.kernel.backup(_backup(stage), unlock=stage.unlock())
        _signer(stage)
        stage.close()

    def reopen(stage: Stage) -> Kernel:
        _check_restored(stage, state)
        return stage.reopen()

    return Step("restore", _restore, state, prepare, reopen)


def _consent(consent: Consent, refused: str, prepare: Callable[[Stage], None], state: State) -> Step:
    def reopen(stage: Stage) -> Kernel:
        """Either nothing was consented to yet, or all that follows from it has happened."""
        try:
            kernel = stage.reopen()
        except IntegrityError as error:
            if error.code != refused:
                raise
            kernel = stage.reopen(consent=consent)
        if kernel.status().incarnation <= stage.incarnation:
            raise BrokenError(
                f"{consent}: incarnation {kernel.status().incarnation} after {stage.incarnation}"
            )
        return kernel

    return Step(consent, lambda stage: stage.reopen(consent=consent), state, prepare, reopen)


def _remember_incarnation(stage: Stage) -> None:
    stage.incarnation = stage.kernel.status().incarnation
    stage.close()


def _made(stage: Stage) -> Path:
    return stage.base / "made"


def _backup(stage: Stage) -> Path:
    return stage.base / "backup.palyra"


def _restored(stage: Stage) -> Places:
    return type(stage.places)(stage.base / "restored")


def _no_backup(stage: Stage) -> None:
    _backup(stage).unlink(missing_ok=True)
    rmtree(stage.base / "restored", ignore_errors=True)
    (stage.base / "restored").mkdir(mode=0o700)
    _signer(stage)
    stage.close()


def _signer(stage: Stage) -> None:
    stage.signer = stage.kernel.backup_signer(unlock=stage.unlock())


def _restore(stage: Stage) -> None:
    to = _restored(stage)
    with stage.recovery_key() as key:
        Kernel.restore(
            _backup(stage),
            recovery_key=key,
            signer=stage.signer,
            state_root=to.state_root,
            config_dir=to.config_dir,
            plugins=list(BOTH),
        )


def _check_restored(stage: Stage, state: State) -> None:
    """The restored vault is there, or restoring again makes it; it is whole."""
    try:
        _restore(stage)
    except ConflictError as error:
        if error.code != "exists":
            raise
    with _restored(stage).open(unlock=stage.unlock()) as kernel:
        seen = observe(kernel)
        if seen.secrets != state.seen().secrets:
            raise BrokenError(f"restored {seen}")
        if any(finding.severity == "error" for finding in kernel.verify()):
            raise BrokenError(f"restored: {kernel.verify()}")
