"""Which blob backend a new vault gets, and which slot comes with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from palyra_kernel.config import Places
from palyra_kernel.contracts import BlobBackend, BlobPlace
from palyra_kernel.errors import PalyraError, UnavailableError
from palyra_kernel.kernel.backing import PassedOver
from palyra_kernel.kernel.offers import open_backend, require_backend
from palyra_kernel.kernel.pins import ALIASES
from palyra_kernel.keys.unlock import FindProtector
from palyra_kernel.plugins import Registry
from palyra_kernel.values.ids import new_id

AUTO = "auto"


class Choice(NamedTuple):
    """The kind for a new vault, and why each other enabled one was not taken."""

    kind: str
    passed_over: tuple[PassedOver, ...] = ()


def named_kind(name: str) -> str:
    """The kind that *name*, which may be an alias, means."""
    return ALIASES.get(name, name)


def wanted_kind(preference: str | None) -> str | None:
    """The kind that *preference* names; None if it leaves the choice to us."""
    return None if preference in (None, AUTO) else named_kind(preference or "")


def choose_backend(places: Places, registry: Registry, preference: str | None) -> Choice:
    """The preferred backend if it works; without a preference the strongest that does.

    Strongest first, and none behind the one that works is asked: a store that is not used gets no canary. Raises
    :class:`UnavailableError` ``no_backend``, ``backend_missing`` or what the probe said.
    """
    wanted = wanted_kind(preference)
    if wanted is not None:
        require_backend(registry, wanted)
        _prove(places, registry, wanted)
        return Choice(wanted)
    kinds = sorted(registry.blob_backends, key=lambda kind: (-_strength(registry, kind), kind))
    if not kinds:
        raise UnavailableError(
            "no_backend", "no enabled plugin brings a blob backend", hint="palyra plugins enable file"
        )
    if len(kinds) == 1:
        _prove(places, registry, kinds[0])
        return Choice(kinds[0])
    return _strongest(places, registry, kinds)


def _strongest(places: Places, registry: Registry, kinds: Sequence[str]) -> Choice:
    failed: list[PassedOver] = []
    for position, kind in enumerate(kinds):
        try:
            _prove(places, registry, kind, silently=True)
        except PalyraError as error:
            failed.append(PassedOver(kind, _strength(registry, kind), error.code, error.message))
            continue
        weaker = (
            PassedOver(other, _strength(registry, other), "weaker", f"{kind} is preferred")
            for other in kinds[position + 1 :]
        )
        return Choice(kind, (*failed, *weaker))
    reasons = "; ".join(f"{each.kind}: {each.reason}" for each in failed)
    raise UnavailableError(
        "no_backend", f"no enabled blob backend works here. {reasons}", hint="palyra plugins list"
    )


def _prove(places: Places, registry: Registry, kind: str, *, silently: bool = False) -> None:
    """Write, read and delete a canary before anything depends on the backend."""
    backend = open_backend(registry, kind, BlobPlace(folder=places.objects_folder, vault_id=new_id()))
    try:
        if silently:
            _check_silent(backend)
        backend.probe()
    finally:
        backend.close()


def _check_silent(backend: BlobBackend) -> None:
    if backend.capabilities().interactive:
        raise UnavailableError("may_ask", "it may ask the user, and nobody chose it by name")


def _strength(registry: Registry, kind: str) -> int:
    return registry.blob_backends[kind].cls.strength


def slot_beside(kind: str, slots: Sequence[str], find: FindProtector) -> str | None:
    """The kind of the slot that a backend of *kind* brings along to a new vault with *slots*, or None.

    Only beside a slot that opens without a human anyway: then it lets nobody in who was kept out before. And only
    beside one that outlives this machine, if it does not.
    """
    protector = find(kind)
    if protector is None or kind in slots:
        return None
    others = [other for other in map(find, slots) if other is not None]
    if all(other.weak is None for other in others) or all(other.device_bound for other in others):
        return None
    return kind if protector.available() is None else None
