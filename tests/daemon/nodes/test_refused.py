"""What nodes say that is not theirs to say: refused with a code, written down, and nothing of others is changed."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from palyra_kernel.access.member import Grants
from palyra_kernel.errors import DeniedError, NotFoundError
from palyra_kernel.identity.devices import DEVICES
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.ulid import new_ulid
from tests.daemon.nodes.world import HOUR_MS
from tests.daemon.until import until

VERBS = [
    ("POST", "register", {"platform": "linux"}),
    ("POST", "beat", {}),
    ("GET", "work", None),
    ("POST", f"leases/{new_ulid(1)}", {"holder": "", "state": "running"}),
    ("POST", "events", {"name": "x"}),
    ("GET", "events", None),
]


@pytest.mark.parametrize(("method", "path", "document"), VERBS, ids=[f"{m} {p[:8]}" for m, p, _ in VERBS])
def test_only_nodes_and_desktops_work(house, method, path, document):
    """Hazard H25: a certificate of the command line registered as a node."""
    program = house.node("cli", offers=(), grants=())
    status, said = program.ask(method, f"/v1/node/{path}", document)
    assert (status, said["error"]["code"]) == (403, "wrong_device_kind")
    assert len(house.told("node.refused", code="wrong_device_kind", principal=f"device:{program.id}")) == 1


def test_desktops_work_too(house):
    """Hazard H25: which kind may do what was nobody's rule."""
    desktop = house.node("desktop")
    stream = desktop.stream()
    lease = house.nodes.invoke(desktop.id, "echo")
    desktop.finish(stream.next("lease"))
    assert house.nodes.wait(lease.id, Deadline.after(20)).lease.state == "succeeded"


def test_the_lease_of_another_is_not_answered(house):
    """Hazard H26: any device could complete, fail or relabel what another was asked for."""
    node, thief = house.node(), house.node()
    stream = node.stream()
    lease = house.nodes.invoke(node.id, "echo")
    line = stream.next("lease")
    before = house.kernel.nodes.asking.find(lease.id)
    for state in ("acknowledged", "succeeded", "failed"):
        status, said = thief.say(line, state)
        assert (status, said["error"]["code"]) == (403, "lease_not_held")
    assert house.kernel.nodes.asking.find(lease.id) == before
    told = house.told("node.refused", principal=f"device:{thief.id}")
    assert [each.code for each in told] == ["lease_not_held"] * 3
    node.finish(line)


def test_a_lease_that_never_was_is_answered_like_one_of_another(house):
    """Hazard H26: what was answered told which leases there are."""
    node, other = house.node(), house.node()
    stream = other.stream()
    house.nodes.invoke(other.id, "echo")
    there = stream.next("lease")["lease"]["id"]
    answers = [
        node.post(f"leases/{id_}", {"holder": b64encode(b"x" * 16).decode(), "state": "failed"})
        for id_ in (there, new_ulid(1))
    ]
    assert answers[0] == answers[1]


def test_another_token_is_not_the_holder(house):
    """Hazard H26: a second process with the certificate of the device answered for the first."""
    node = house.node()
    stream = node.stream()
    house.nodes.invoke(node.id, "echo")
    line = stream.next("lease")
    held = line["lease"]["holder"]
    line["lease"]["holder"] = b64encode(b"y" * 16).decode()
    assert node.say(line, "acknowledged")[0] == 403
    line["lease"]["holder"] = held
    node.finish(line)


def test_a_revoked_capability_is_gone_at_once(house):
    """Hazard H27: revoking a capability changed a list that nobody looked at; registering anew brought it back."""
    node = house.node()
    stream = node.stream()
    lease = house.nodes.invoke(node.id, "echo")
    line = stream.next("lease")
    assert node.say(line, "acknowledged")[0] == 200
    (grant,) = house.nodes.show(node.id).grants
    house.nodes.revoke_grant(node.id, grant.id)
    assert stream.next("cancel")["lease"] == lease.id
    assert stream.next("revoked")["capability"] == "echo"
    assert node.say(line, "succeeded")[0] == 410
    assert node.register("echo")["grants"] == []
    with pytest.raises(DeniedError) as denied:
        house.nodes.invoke(node.id, "echo")
    assert denied.value.code == "capability_not_granted"
    ended = house.told("node.lease.cancelled", resource=f"device:{node.id}")
    assert [each.details["lease"] for each in ended] == [lease.id]


def test_what_cannot_be_had_waits(house):
    """Hazard H27: nobody looked at whether a capability was available."""
    node = house.node()
    lease = house.nodes.invoke(node.id, "echo")
    node.register("echo", unavailable=("echo",))
    stream = node.stream()
    with pytest.raises(Exception, match="cannot be had now"):
        house.nodes.invoke(node.id, "echo")
    assert house.nodes.show(node.id).presence == "stale"
    node.register("echo")
    assert stream.next("lease")["lease"]["id"] == lease.id


@pytest.mark.parametrize("verb", ["revoke", "remove"])
def test_an_operator_ends_it_in_one_commit(house, verb):
    """Hazard H28: revoking a device and forgetting the node were two steps, and one of them was left out."""
    node = house.node()
    lease = house.nodes.invoke(node.id, "echo")
    moments = []
    waiters = house.kernel.nodes.waiters
    with waiters.listen(
        DEVICES.key(node.id), lambda: moments.append(house.kernel.nodes.registry.get(node.id))
    ):
        getattr(house.session().devices, verb)(node.id, "lost")
        until(lambda: moments)
    assert moments[0] is None, "the device was gone before the node was"
    assert house.kernel.nodes.asking.find(lease.id).state == "cancelled"
    assert len(house.told("node.lease.cancelled", resource=f"device:{node.id}")) == 1
    assert (
        len(house.told(f"device.{'revoke' if verb == 'revoke' else 'manage'}", resource=f"device:{node.id}"))
        == 1
    )


def test_with_a_device_ends_what_it_lent(house):
    """Hazard H28: who was revoked stayed a node, with a queue and a last sign of life."""
    node = house.node()
    stream = node.stream()
    running = house.nodes.invoke(node.id, "echo")
    stream.next("lease")
    house.kernel.nodes.heartbeats.flush()
    house.gateway.revoke(node.known)
    assert stream.until_cut() >= 0
    lease = house.nodes.wait(running.id, Deadline.after(20)).lease
    assert (lease.state, lease.ended) == ("cancelled", "the device was revoked")
    with pytest.raises(NotFoundError):
        house.nodes.show(node.id)
    kept = house.kernel.nodes
    assert (len(kept.dispatch.line(node.id)), kept.grants.of(node.id)) == (0, ())
    assert kept.ledger.records.read(b"node_presence/" + node.id.encode()).document is None
    with pytest.raises(DeniedError) as denied:
        house.nodes.invoke(node.id, "echo")
    assert denied.value.code == "device_unknown"


NONSENSE = [
    ("POST", "register", b"", 400),
    ("POST", "register", b"[]", 400),
    ("POST", "register", b'{"platform":"linux","capabilities":[{"name":"../x"}]}', 400),
    ("POST", "register", b'{"platform":"linux","who":"me"}', 400),
    ("POST", "register", b'{"platform":"' + b"x" * 20_000, 413),
    ("POST", "events", b'{"name":"x","payload":{"a":}}', 400),
    ("POST", "events", b'{"name":"X Y"}', 400),
    ("POST", f"leases/{new_ulid(1)}", b'{"holder":"AA==","state":"stolen"}', 400),
    ("POST", "leases/none", b"{}", 404),
    ("POST", "leases", b"{}", 404),
    ("GET", f"leases/{new_ulid(1)}", b"", 405),
    ("GET", "register", b"", 405),
    ("GET", "", b"", 404),
    ("GET", "work/", b"", 404),
    ("GET", "%77ork", b"", 404),
    ("GET", "work?x=1", b"", 400),
    ("GET", "events?x=1", b"", 400),
    ("GET", "events?token=1&token=2", b"", 400),
]


def test_nonsense_is_refused(house):
    """Hazard H41: free text had no bound, and what did not fit broke what read it."""
    node = house.node()
    for method, path, raw, expected in NONSENSE:
        status, _ = node.ask(method, f"/v1/node/{path}", raw=raw)
        assert status == expected, (method, path)


def test_tokens_are_for_whom_they_were_made(house):
    """Hazard H40: a token to go on with was a bare number."""
    node, thief = house.node(), house.node()
    status, first = node.post("events", {"name": "node.started", "payload": {"n": 1}})
    assert (status, first["sequence"]) == (200, 1)
    status, second = node.post("events", {"name": "tick", "payload": 2, "token": first["token"]})
    assert (status, second["sequence"]) == (200, 2)
    assert node.post("events", {"name": "tick", "payload": 2, "token": first["token"]})[1]["sequence"] == 2
    status, said = thief.post("events", {"name": "tick", "token": first["token"]})
    assert (status, said["error"]["code"]) == (403, "token_foreign")
    status, page = node.ask("GET", f"/v1/node/events?token={first['token']}")
    assert [(each["sequence"], each["payload"]) for each in page["events"]] == [(2, 2)]
    assert thief.ask("GET", f"/v1/node/events?token={first['token'][:-4]}AAAA")[0] == 403
    followed = house.nodes.events(node.id)
    assert [json.loads(each.payload) for each in followed.events] == [{"n": 1}, 2]


def test_a_flood_is_stopped_and_others_are_not(house):
    """Hazard H3: one source used up the quota of all."""
    node, other = house.node(), house.node()
    house.kernel.nodes.events.quota.take(node.id, 199)
    answers = [node.post("events", {"name": "tick"})[0] for _ in range(25)]
    assert answers[0] == 200
    assert 429 in answers
    assert other.post("events", {"name": "tick"})[0] == 200


def test_nobody_registers_all_the_time(house):
    """Hazard H29: what a device said anew was written down as often as it liked."""
    node = house.node()
    answers = [
        node.post("register", {"platform": f"linux {number}", "capabilities": []})[0] for number in range(32)
    ]
    assert answers[0] == 200
    assert 429 in answers
    assert len(house.told("node.registered", principal=f"device:{node.id}")) <= 32


def test_refusals_do_not_flood_the_audit_log(house):
    """Hazard H29: failed attempts were not written down; all of them would fill a disk."""
    node = house.node()
    for _ in range(40):
        node.post(f"leases/{new_ulid(1)}", {"holder": "AA==", "state": "failed"})
    told = house.told("node.refused", principal=f"device:{node.id}")
    assert 20 <= len(told) < 40
    assert house.counts.node_refused.read()["lease_not_held"] >= 40


def test_who_may_what_with_nodes(house):
    """Hazard H29: cancelling, granting and revoking were neither decided nor written down."""
    node = house.node()
    lease = house.nodes.invoke(node.id, "echo")
    (grant,) = house.nodes.show(node.id).grants
    stranger = "agent:stranger"
    house.session().principals.grant(stranger, Grants(roles=("Operator",)))
    verbs = {
        "node.list": lambda nodes: nodes.list(),
        "node.show": lambda nodes: nodes.show(node.id),
        "node.invoke": lambda nodes: nodes.invoke(node.id, "echo"),
        "node.grant": lambda nodes: nodes.grant(node.id, "echo", ttl_ms=HOUR_MS),
        "node.cancel": lambda nodes: nodes.cancel(lease.id),
        "node.revoke": lambda nodes: nodes.revoke_grant(node.id, grant.id),
    }
    for action, verb in verbs.items():
        for who, outcome in ((stranger, "denied"), (None, "allowed")):
            session = house.session(who)
            if who is None:
                verb(session.nodes)
            else:
                with pytest.raises(DeniedError):
                    verb(session.nodes)
            session.close()
            told = house.told(action, session=session.who.session)
            assert [each.outcome for each in told] == [outcome], (action, who)


def test_who_stops_reading_holds_up_nobody_else(house):
    """Hazard H39: one stream that nobody read stopped all others."""
    deaf, node = house.node(), house.node()
    deaf.stream()
    stream = node.stream()
    for _ in range(20):
        house.nodes.invoke(deaf.id, "echo", b'"' + b"x" * 60_000 + b'"')
    lease = house.nodes.invoke(node.id, "echo")
    line = stream.next("lease")
    assert line["lease"]["id"] == lease.id
    node.finish(line)
    assert house.nodes.show(deaf.id).held <= house.kernel.nodes.limits.in_hand


def test_a_gigabyte_is_refused_unread(house):
    """Hazard H31: how much a node may answer was advice to the node."""
    node = house.node()
    wire = node.wire()
    wire.send(
        f"POST /v1/node/leases/{new_ulid(1)} HTTP/1.1\r\nhost: localhost\r\n"
        f"content-length: {2**30}\r\n\r\n".encode()
    )
    assert wire.answer()[0] == 413
