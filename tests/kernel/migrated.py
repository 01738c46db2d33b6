"""A vault that is about to move, what must be true of it afterwards, and deaths on the way."""

import pytest

from tests.stranger import KIND, held

VALUES = {f"k{number}": b"value %d" % number for number in range(7)}


@pytest.fixture
def kernel(both):
    with both.create(backend="file") as kernel:
        kernel.vault.put_many(VALUES)
        kernel.vault.put("k0", b"newer")
        kernel.vault.delete("k1")
        yield kernel


def check(kernel, kind, other, **more):
    """Everything is there, in one backend and only there."""
    kernel.vault.undelete("k1")
    for key, value in {**VALUES, "k0": b"newer", **more}.items():
        assert kernel.vault.get(key) == value
    assert kernel.vault.get("k0?version=1") == b"value 0"
    assert kernel.verify() == []
    assert held(kernel, other) == set()
    assert len(held(kernel, kind)) == len(VALUES) + 1 + len(more)
    assert kernel.status().backend == kernel.backend_kind == kind
    assert (kernel.places.state_root / "backend.kind").read_text() == f"{kind}\n"


class DiedError(Exception):
    """Stands for kill -9."""


def dies(owner, name, *, after=False):
    """The next call dies before, or after, it did its work."""
    real = getattr(owner, name)

    def dying(*arguments, **options):
        if after:
            real(*arguments, **options)
        raise DiedError

    context = pytest.MonkeyPatch()
    context.setattr(owner, name, dying)
    return context


def interrupted(kernel, owner, name, kind=KIND, *, after=False):
    context = dies(owner, name, after=after)
    try:
        with pytest.raises(DiedError):
            kernel.migrate(kind)
    finally:
        context.undo()
