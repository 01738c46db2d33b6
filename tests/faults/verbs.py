"""The everyday verbs, each with what it must have done when it returns."""

from __future__ import annotations

from random import Random

from palyra_kernel import Unlock, VaultRef
from palyra_kernel.values.ids import new_id
from palyra_kernel.vault.objects import Value
from tests.faults.stage import Stage
from tests.faults.states import State
from tests.faults.step import CANARY, Step

KEYS = ("a", "b", "deep/c", "d", "e", "f")
_SIZES = (0, 1, 40, 300, 5_000, 30_000)


def _value(chance: Random) -> bytes:
    return CANARY + chance.randbytes(chance.choice(_SIZES))


def _living(state: State) -> list[str]:
    return sorted(key for key, secret in state.secrets.items() if not secret.deleted)


def put(state: State, chance: Random) -> Step:
    key, value = chance.choice(KEYS), _value(chance)
    return Step("put", lambda stage: stage.kernel.vault.put(key, value), state.put({key: value}))


def put_many(state: State, chance: Random) -> Step:
    values = {key: _value(chance) for key in chance.sample(KEYS, 3)}
    given = dict[str | VaultRef, Value](values.items())
    return Step("put_many", lambda stage: stage.kernel.vault.put_many(given), state.put(values))


def delete(state: State, chance: Random) -> Step | None:
    living = _living(state)
    if not living:
        return None
    key = chance.choice(living)
    return Step(
        "delete",
        lambda stage: stage.kernel.vault.delete(key),
        state.marked(key, deleted=True),
    )


def undelete(state: State, chance: Random) -> Step | None:
    deleted = sorted(state.secrets.keys() - set(_living(state)))
    if not deleted:
        return None
    key = chance.choice(deleted)
    return Step(
        "undelete",
        lambda stage: stage.kernel.vault.undelete(key),
        state.marked(key, deleted=False),
    )


def rollback(state: State, chance: Random) -> Step | None:
    old = [
        (key, number, value)
        for key in _living(state)
        for number, value in state.secrets[key].versions[1:]
        if value is not None
    ]
    if not old:
        return None
    key, number, value = chance.choice(old)
    return Step("rollback", lambda stage: stage.kernel.vault.rollback(key, number), state.put({key: value}))


def destroy_version(state: State, chance: Random) -> Step | None:
    kept = [
        (key, number)
        for key, secret in sorted(state.secrets.items())
        for number, value in secret.versions
        if value is not None
    ]
    if not kept:
        return None
    key, gone = chance.choice(kept)
    versions = tuple(
        (number, None if number == gone else value) for number, value in state.secrets[key].versions
    )
    return Step(
        "destroy_version",
        lambda stage: stage.kernel.vault.destroy(key, [gone]),
        state.change(key, lambda secret: secret._replace(versions=versions)),
    )


def destroy(state: State, chance: Random) -> Step | None:
    if not state.secrets:
        return None
    key = chance.choice(sorted(state.secrets))
    return Step("destroy", lambda stage: stage.kernel.vault.destroy(key), state.without(key))


def gc(state: State, chance: Random) -> Step:
    """With an envelope that a crash left behind, so that there is something to mark and to delete."""

    def run(stage: Stage) -> None:
        kernel = stage.kernel
        kernel._objects.store({new_id(): CANARY + b"nobody refers to this"})
        for _ in range(2):
            kernel.vault.gc(grace_seconds=0)

    return Step("gc", run, state)


def slots_add(state: State, chance: Random) -> Step | None:
    if len(state.slots) > 4:
        return None

    def run(stage: Stage) -> object:
        return stage.kernel.slots.add(
            "recovery", Unlock(), unlock=stage.unlock(), params=stage.recovery_params
        )

    return Step("slots_add", run, state.slotted((*state.slots, "recovery")))


def slots_remove(state: State, chance: Random) -> Step | None:
    if state.slots.count("recovery") < 2:
        return None
    rest = list(state.slots)
    rest.remove("recovery")
    return Step("slots_remove", lambda stage: _remove(stage, "recovery"), state.slotted(rest))


def slots_file(state: State, chance: Random) -> Step:
    """The ``file`` slot goes or comes: a key file outside the state root goes or comes with it."""
    if "file" in state.slots:
        rest = tuple(kind for kind in state.slots if kind != "file")
        return Step("slots_file", lambda stage: _remove(stage, "file"), state.slotted(rest))

    def run(stage: Stage) -> object:
        return stage.kernel.slots.add("file", Unlock(), unlock=stage.unlock())

    return Step("slots_file", run, state.slotted((*state.slots, "file")))


def _remove(stage: Stage, kind: str) -> None:
    slot = [slot for slot in stage.kernel.slots.list() if slot.kind == kind][-1]
    stage.kernel.slots.remove(slot.id, unlock=stage.unlock())


def reopening(state: State, chance: Random) -> Step:
    """Closing may move the log into the file; opening may recover it."""
    return Step("reopen", lambda stage: stage.reopen(), state)
