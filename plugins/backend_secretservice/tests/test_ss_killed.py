"""A program that is killed while it writes into the keyring: the old value or the new one, and nothing of both lost."""

import time
from random import Random

import pytest

from tests.faults.children import Child, broken

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

ON = {"plugins": ["secretservice"], "backend": "secretservice"}
ROUNDS = 20
_MOST = 20


def test_killed_at_random_moments(desktop, places):
    """Hazard D10: a put on an operating system's store was not atomic, and a tool that was killed lost the old value.
    ``verify`` finds nothing, and what a killed put left behind is collected."""
    chance, span, number, killed = Random(5), 0.1, 0, 0
    with places.create(**ON) as kernel:
        kernel.vault.put("a", b"0")
    for _ in range(ROUNDS):
        first = number + 1

        def act(talk, first=first):
            with places.open(**ON) as kernel:
                talk.say("open")
                for value in range(first, first + _MOST):
                    kernel.vault.put("a", b"%d" % value)
                    talk.say("ok")

        with Child(act) as child:
            assert child.hear() == "open"
            time.sleep(chance.uniform(0, span))
            child.kill()
            said = child.rest()
        assert broken(said) is None, said
        acknowledged = said.count("ok")
        killed += acknowledged < _MOST
        span *= 0.8 if acknowledged == _MOST else 1.05
        with places.open(**ON) as kernel:
            value = int(kernel.vault.get("a").reveal())
            assert value in (number + acknowledged, number + acknowledged + 1)
            assert [each for each in kernel.verify() if each.severity == "error"] == []
        number = value
    assert killed > ROUNDS / 4
    with places.open(**ON) as kernel:
        for _ in range(2):
            kernel.vault.gc(grace_seconds=0)
        assert kernel.verify() == []
        with desktop.collection() as collection:
            items = list(collection.search_items({"type": "blob"}))
        assert len(items) == len(kernel.vault.history("a"))
