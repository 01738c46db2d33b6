"""The table of verbs, and random programs of them. A new verb is one more entry."""

from __future__ import annotations

from random import Random

from tests.faults import life, telling, verbs
from tests.faults.states import State
from tests.faults.step import Step, Verb

VERBS: dict[str, Verb] = {
    "put": verbs.put,
    "put_many": verbs.put_many,
    "delete": verbs.delete,
    "undelete": verbs.undelete,
    "rollback": verbs.rollback,
    "destroy_version": verbs.destroy_version,
    "destroy": verbs.destroy,
    "gc": verbs.gc,
    "slots_add": verbs.slots_add,
    "slots_remove": verbs.slots_remove,
    "slots_file": verbs.slots_file,
    "tell": telling.tell,
    "archive": telling.archive,
    "reopen": verbs.reopening,
    "make": life.make,
    "rekey": life.rekey,
    "rekey_root": life.rekey_root,
    "adopt": life.adopt,
    "accept_rollback": life.accept_rollback,
    "migrate": life.migrate,
    "backup": life.backup,
    "restore": life.restore,
}


def program(state: State, chance: Random, longest: int) -> list[Step]:
    """Up to *longest* random acts, one after the other; one that needs a scene of its own stays alone."""
    steps: list[Step] = []
    length = chance.randint(1, longest)
    while len(steps) < length:
        step = chance.choice(tuple(VERBS.values()))(state, chance)
        if step is None:
            continue
        if step.prepare is not None:
            if not steps:
                return [step]
            continue
        steps.append(step)
        state = step.after
    return steps


def needed_before(state: State, chance: Random) -> Step:
    """A step that brings a state nearer to where every verb means something."""
    planned = (verb(state, chance) for verb in (verbs.put, verbs.delete, verbs.slots_add, verbs.slots_remove))
    return chance.choice([step for step in planned if step is not None])
