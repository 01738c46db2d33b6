"""Killed at any write: nothing that was acknowledged is lost, and nothing is handed over twice."""

from __future__ import annotations

import sys

import pytest

from tests.faults.children import Child, Talk, broken
from tests.faults.layer import Layer
from tests.nodes.world import Gateway, Moving
from tests.support import Places

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
    pytest.mark.skipif(sys.platform == "win32", reason="there is no fork"),
]
_LAST_CALL = 200


def program(gateway, device, keys, talk):
    """What a gateway does for two leases: asked for, handed over and done, and asked for once more. It says each thing
    when it knows it, which is when the caller is told."""
    for key in keys:
        lease = gateway.invoke(device, key=key, body=key.encode())
        talk.say(f"asked {key} {lease.id}")
        handed = gateway.take(device)
        talk.say(f"ran {handed.lease.id}")
        gateway.say(handed, "acknowledge")
        gateway.say(handed, "succeed", output=handed.body)
        talk.say(f"done {handed.lease.id}")
    gateway.nodes.tend()


def killed(places, time, device, how, which):
    """What a gateway said that is killed at a write; None if it did not come so far."""
    layer = Layer(how)

    def act(talk: Talk):
        layer.install(talk)
        with places.open() as kernel:
            gateway = Gateway(kernel._records, time)
            gateway.nodes.registry.find(device)
            layer.start(which)
            program(gateway, device, (f"{which}-1", f"{which}-2"), talk)

    with Child(act) as child:
        said = child.rest()
    assert broken(said) is None, said
    return said if layer.happened(said) else None


def of(said, word):
    return [text.split()[-1] for text in said if text.startswith(word)]


@pytest.mark.parametrize(("how", "first"), [("dead before", 1), ("dead after", 2)])
def test_killed_at_every_write(tmp_path, how, first):
    """Hazards H30 and H32: a torn file stopped the start, acknowledged work was lost, and what had been done was done
    again. Killed before each second write, commit and sync of two leases, and after the others: the next start works,
    what was said is true, each key has one lease, and none that was handed over is handed over again."""
    places, time, which = Places(tmp_path), Moving(), first
    with places.create() as kernel:
        device = Gateway(kernel._records, time).node()
    while (said := killed(places, time, device, how, which)) is not None:
        with places.open() as kernel:
            gateway = Gateway(kernel._records, time)
            ran, done = of(said, "ran"), of(said, "done")
            assert all(gateway.state(each) == "succeeded" for each in done), said
            assert all(gateway.state(each) != "queued" for each in ran), said
            for text in said:
                if text.startswith("asked"):
                    _, key, lease = text.split()
                    assert gateway.invoke(device, key=key, body=key.encode()).id == lease
            later = [handed.lease.id for handed in iter(lambda: gateway.take(device), None)]  # noqa: B023
            assert not set(later) & set(ran), said
            assert len(later) <= 1
            for stored in list(gateway.dispatch.line(device).held):
                gateway.cancel(stored)
            assert kernel.verify() == []
        which += 2
        assert which < _LAST_CALL
    assert which > 10
