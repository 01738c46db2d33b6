"""Devices that ask: a laptop that has a server do something, over the network."""

from __future__ import annotations

from base64 import b64decode, b64encode
from threading import Thread

import pytest

from palyra_kernel.access.member import Grants


def permitted(house, kind="cli", **grants):
    device = house.node(kind, offers=(), grants=())
    given = Grants(**({"capabilities": ("NodeInvoke",)} | grants))
    house.session().principals.grant(f"device:{device.id}", given)
    return device


def ask(who, verb, **document):
    return who.ask("POST", f"/v1/nodes/{verb}", document)


@pytest.mark.parametrize("kind", ["cli", "desktop"])
def test_a_device_with_a_permit_asks_another(house, kind):
    """Hazard H28: to have a node do something took the certificate of that node."""
    laptop, node = permitted(house, kind), house.node()
    stream = node.stream()
    listed = laptop.ask("GET", "/v1/nodes")[1]["nodes"]
    assert {"device": node.id, "granted": ["echo"]}.items() <= next(
        each for each in listed if each["device"] == node.id
    ).items()
    status, lease = ask(laptop, "invoke", device=node.id, capability="echo", input=b64encode(b"1").decode())
    assert (status, lease["state"]) == (200, "queued")
    served = Thread(target=lambda: node.finish(stream.next("lease"), b"2"))
    served.start()
    status, result = ask(laptop, "result", lease=lease["lease"], wait_ms=20_000)
    served.join()
    assert (status, result["state"], b64decode(result["output"])) == (200, "succeeded", b"2")
    (told,) = house.told("node.invoke", principal=f"device:{laptop.id}")
    assert (told.outcome, told.surface, told.auth_method) == ("allowed", "work", "mtls")


def test_without_a_permit_nobody_asks(house):
    """Hazard H28: any device could have another do things, and a node could ask too."""
    node = house.node()
    unknown, other = house.node("cli", offers=(), grants=()), house.node("desktop")
    asked = {"device": node.id, "capability": "echo"}
    for device in (unknown, other):
        status, said = ask(device, "invoke", **asked)
        assert (status, said["error"]["code"]) == (403, "policy.deny.unknown_principal")
    plain = permitted(house, capabilities=(), roles=("Operator",))
    assert ask(plain, "invoke", **asked)[1]["error"]["code"] == "policy.baseline_deny"
    asker = permitted(house, "node")
    for status, said in (ask(asker, "invoke", **asked), asker.ask("GET", "/v1/nodes")):
        assert (status, said["error"]["code"]) == (403, "wrong_device_kind")
    denied = house.told("node.invoke", principal=f"device:{asker.id}")
    assert [each.code for each in denied] == ["wrong_device_kind"]


def test_leases_of_others_are_not_shown_and_not_ended(house):
    """Hazard H26: any device could look at, fail or relabel what another had asked for."""
    mine, other, node = permitted(house), permitted(house), house.node()
    lease = ask(mine, "invoke", device=node.id, capability="echo", key="k")[1]["lease"]
    for verb in ("result", "cancel"):
        assert ask(other, verb, lease=lease)[0] == 403
    again = ask(mine, "invoke", device=node.id, capability="echo", key="k")[1]
    assert (again["lease"], again["state"]) == (lease, "queued")
    assert ask(mine, "result", lease=lease, wait_ms=1)[1]["state"] == "queued"
    assert ask(mine, "cancel", lease=lease, reason="changed my mind")[1]["state"] == "cancelled"
    assert ask(mine, "cancel", lease=lease)[0] == 410
    assert ask(mine, "result", lease=lease, wait_ms=20_000)[1]["ended"].endswith("changed my mind")


def test_a_wait_ends_with_the_lease(house):
    """Hazard H30: whoever waited for what timed out waited on, and was never forgotten."""
    laptop, node = permitted(house), house.node()
    before = len(house.kernel.nodes.waiters)
    lease = ask(laptop, "invoke", device=node.id, capability="echo", timeout_ms=1_000)[1]["lease"]
    assert ask(laptop, "result", lease=lease, wait_ms=20_000)[1]["state"] == "expired"
    assert len(house.kernel.nodes.waiters) == before


def test_nonsense_is_refused(house):
    """Hazard H41: what did not fit broke what read it."""
    laptop, node = permitted(house), house.node()
    large = b64encode(b"x" * 65_537).decode()
    for verb, document, expected in (
        ("invoke", {"device": node.id}, 400),
        ("invoke", {"device": "../x", "capability": "echo"}, 400),
        ("invoke", {"device": node.id, "capability": "echo", "timeout_ms": 0}, 400),
        ("invoke", {"device": node.id, "capability": "echo", "input": large}, 413),
        ("invoke", {"device": node.id, "capability": "camera"}, 404),
        ("result", {"lease": "none"}, 404),
        ("result", {"lease": "none", "wait_ms": -1}, 400),
        ("result", {"lease": "none", "wait_ms": 10**9}, 400),
        ("cancel", {"lease": "none", "reason": "\x1b"}, 400),
        ("nothing", {}, 404),
    ):
        assert ask(laptop, verb, **document)[0] == expected, (verb, document)
    assert laptop.ask("GET", "/v1/nodes?x=1")[0] == 400
    assert laptop.ask("GET", "/v1/nodes/invoke")[0] == 405
