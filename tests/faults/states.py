"""What a vault holds as its user sees it: this is what must be old or new after every fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from palyra_kernel import Kernel
from palyra_kernel.errors import NotFoundError

VERSIONS_KEPT = 3
"""Versions that a vault of this suite keeps; few, so that retention runs in every round."""

UNSEEN = b"(deleted)"
"""Stands for a value that nobody can read while its secret has a tombstone."""


class Secret(NamedTuple):
    """One secret: its versions newest first, ``None`` for a destroyed one, and whether it has a tombstone."""

    versions: tuple[tuple[int, bytes | None], ...]
    deleted: bool = False

    @property
    def seen(self) -> Secret:
        """What :func:`observe` can see of it."""
        if not self.deleted:
            return self
        return Secret(tuple((number, value and UNSEEN) for number, value in self.versions), deleted=True)


class State(NamedTuple):
    """Every secret by its key, and the kinds of the slots, sorted."""

    secrets: Mapping[str, Secret]
    slots: tuple[str, ...]

    def seen(self) -> State:
        """The state as :func:`observe` shows it."""
        return State({key: secret.seen for key, secret in self.secrets.items()}, self.slots)

    def put(self, values: Mapping[str, bytes]) -> State:
        """After ``put`` or ``put_many`` of *values*."""
        return self._with({key: self._next(key, value) for key, value in values.items()})

    def change(self, key: str, change: Callable[[Secret], Secret]) -> State:
        """With the secret *key* changed."""
        return self._with({key: change(self.secrets[key])})

    def marked(self, key: str, *, deleted: bool) -> State:
        """With a tombstone on the secret *key*, or without."""
        return self.change(key, lambda secret: secret._replace(deleted=deleted))

    def without(self, key: str) -> State:
        """After the secret *key* was destroyed, name and history."""
        return State({name: secret for name, secret in self.secrets.items() if name != key}, self.slots)

    def slotted(self, slots: Iterable[str]) -> State:
        """With slots of other kinds."""
        return self._replace(slots=tuple(sorted(slots)))

    def _next(self, key: str, value: bytes) -> Secret:
        before = self.secrets[key].versions if key in self.secrets else ()
        number = before[0][0] + 1 if before else 1
        return Secret(((number, value), *before)[:VERSIONS_KEPT])

    def _with(self, secrets: Mapping[str, Secret]) -> State:
        return State({**self.secrets, **secrets}, self.slots)


START = State({}, ("file", "recovery"))
"""What a vault of this suite holds when it was just made."""


def observe(kernel: Kernel) -> State:
    """Read everything that *kernel* gives: every version of every secret, and the slots."""
    vault = kernel.vault
    secrets = {}
    for item in vault.list(None, deleted=True):
        key = item.ref.key
        deleted = item.deleted_at is not None
        versions: list[tuple[int, bytes | None]] = []
        for line in vault.history(item.ref):
            if line.state == "destroyed":
                versions.append((line.version, None))
            elif deleted:
                versions.append((line.version, UNSEEN))
            else:
                with vault.get(f"{key}?version={line.version}") as value:
                    versions.append((line.version, value.reveal()))
        if deleted:
            _is_not_found(kernel, key)
        secrets[key] = Secret(tuple(versions), deleted)
    return State(secrets, tuple(sorted(slot.kind for slot in kernel.slots.list())))


def _is_not_found(kernel: Kernel, key: str) -> None:
    try:
        kernel.vault.get(key).wipe()
    except NotFoundError:
        return
    raise AssertionError(f"{key} has a tombstone, and get gave a value")


def difference(seen: State, allowed: Iterable[State]) -> str:
    """What *seen* has that none of *allowed* explains, without the values, for the message of a failed test."""
    lines = [f"seen {_short(seen)}"]
    lines += [f"allowed {_short(state.seen())}" for state in allowed]
    return "\n".join(lines)


def _short(state: State) -> str:
    parts = [
        f"{key}{'-' if secret.deleted else ''}="
        + ",".join(f"{number}:{value[:12] if value else None!r}" for number, value in secret.versions)
        for key, secret in sorted(state.secrets.items())
    ]
    return " ".join([*parts, f"slots={state.slots}"])
