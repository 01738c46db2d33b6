"""``palyra nodes``: what operators ask of nodes, and see of them."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest

from palyra_kernel.access.member import Grants
from palyra_kernel.access.system import system_principal
from palyra_kernel.nodes.capability import Capability
from palyra_kernel.nodes.events.event import NewEvent
from palyra_kernel.values.deadline import Deadline
from tests.daemon.nodes.world import KernelGateway
from tests.daemon.until import until


class Desk:
    """``desk("list")`` is ``palyra nodes list``; ``device`` has registered ``echo`` and ``camera.snap``."""

    def __init__(self, gateway) -> None:
        self._gateway = gateway
        with gateway.opened() as kernel:
            self.device = KernelGateway(kernel).paired().id
            offered = [Capability("camera.snap", available=False), Capability("echo")]
            kernel.nodes.register(self.device, platform="linux x86_64", offered=offered)

    def __call__(self, *arguments, **more):
        return self._gateway("nodes", *arguments, **more)

    def opened(self):
        return self._gateway.opened()

    def granted(self, *options):
        outcome = self("grant", self.device, "echo", *options, "--json")
        assert outcome.code == 0, outcome
        return outcome.json["grant_id"]

    @contextmanager
    def answering(self, state="succeed", **answer):
        """The device does the next lease that comes."""
        asked = []

        def serve():
            with self.opened() as kernel:
                dispatch = kernel.nodes.dispatch
                until(lambda: dispatch.line(self.device).queued)
                handed = dispatch.hand_over(self.device)
                assert handed is not None
                lease, body, token, _ = handed
                asked.append(body)
                dispatch.report(self.device, lease.id, token, "acknowledge")
                dispatch.report(self.device, lease.id, token, state, **answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join()


@pytest.fixture
def desk(gateway):
    return Desk(gateway)


def test_a_node_is_seen_and_asked(desk):
    """Hazard H28: its owner could not ask a node for anything."""
    assert "(echo)" in desk("list").text
    desk.granted()
    listed = desk("list").text
    assert " echo" in listed
    assert "(-camera.snap)" in listed
    with desk.answering(output=b'{"said":"hi"}') as asked:
        outcome = desk("invoke", desk.device, "echo", "--input-stdin", stdin=b'"hi"')
    assert (outcome.code, outcome.out, asked) == (0, b'{"said":"hi"}', [b'"hi"'])
    shown = desk("show", desk.device)
    assert "granted" in shown.text
    assert "linux x86_64" in shown.text


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [
        ({"error": "consent_denied"}, 4, "consent_denied"),
        ({"error": "out of paper"}, 6, "node_failed"),
    ],
)
def test_why_it_failed_is_an_exit_code(desk, answer, code, word):
    """Hazard H30: a success was made of what had timed out."""
    desk.granted()
    with desk.answering("fail", **answer):
        outcome = desk("invoke", desk.device, "echo", "--json")
    assert (outcome.code, outcome.json["state"], outcome.json["output"]) == (code, "failed", None)
    again = desk("result", outcome.json["lease_id"])
    assert again.code == code
    assert "palyra: " in again.err


def test_one_effect_for_one_key(desk):
    """Hazard H31: a key for repeats was demanded and never looked at."""
    desk.granted()
    first = desk("invoke", desk.device, "echo", "--key", "once", "--no-wait", "--json").json
    second = desk("invoke", desk.device, "echo", "--key", "once", "--no-wait", "--json").json
    assert (first["lease_id"], first["state"]) == (second["lease_id"], "queued")
    other = desk("invoke", desk.device, "echo", "--key", "once", "--timeout", "31s", "--no-wait", "--json")
    assert (other.code, other.error["code"]) == (7, "key_reused")


def test_what_is_called_off_is_over(desk):
    """Hazard H41: reasons had no bound, and control characters acted on the terminal."""
    desk.granted()
    lease = desk("invoke", desk.device, "echo", "--no-wait", "--json").json["lease_id"]
    assert desk("cancel", lease, "--reason", "a\x1b[2J").code == 2
    assert desk("cancel", lease, "--reason", "not needed").code == 0
    assert desk("cancel", lease).code == 7
    outcome = desk("result", lease)
    assert (outcome.code, "not needed" in outcome.err) == (7, True)


def test_a_grant_is_taken_back_by_its_name(desk):
    """Hazard H27: revoking a capability stopped nothing."""
    desk.granted()
    desk.granted("--to", "agent:planner")
    lease = desk("invoke", desk.device, "echo", "--no-wait", "--json").json["lease_id"]
    outcome = desk("revoke", desk.device, "echo", "--json").json
    assert (len(outcome["revoked"]), outcome["leases"]) == (2, [lease])
    assert desk("revoke", desk.device, "echo").code == 3
    refused = desk("invoke", desk.device, "echo", "--json")
    assert (refused.code, refused.error["code"]) == (4, "capability_not_granted")


def test_a_marked_capability_waits_for_a_human(desk, gateway, passphrase):
    """Hazard H29: no policy was asked beyond the login."""
    desk.granted()
    folder = gateway.call.base / "bundle"
    assert gateway("policy", "export", str(folder)).code == 0
    data = (folder / "bundle.toml").read_text()
    marked = data.replace("asked_node_capabilities = []", 'asked_node_capabilities = ["echo"]')
    assert marked != data
    (folder / "bundle.toml").write_text(marked)
    applied = gateway("policy", "apply", str(folder), "--yes")
    assert applied.code == 0, applied
    asked = desk("invoke", desk.device, "echo", "--key", "k", "--no-wait", "--json")
    assert (asked.code, asked.error["code"]) == (5, "node.invoke.approval_required")
    approval = asked.error["hint"].split()[-1]
    shown = gateway("approvals", "show", approval).text
    assert '"capability":"echo"' in shown.replace(" ", "")
    decided = gateway("approvals", "decide", approval, "--allow", "--approval-passphrase-file", passphrase)
    assert decided.code == 0, decided
    first = desk("invoke", desk.device, "echo", "--key", "k", "--no-wait", "--json")
    again = desk("invoke", desk.device, "echo", "--key", "k", "--no-wait", "--json")
    assert first.json["lease_id"] == again.json["lease_id"], "asking again needs no other approval"
    assert desk("invoke", desk.device, "echo", "--no-wait").code == 5


def test_the_export_has_all_and_no_code(desk, gateway, tmp_path):
    """Hazard H14: codes stood in clear in a file that anybody could read."""
    desk.granted()
    desk("invoke", desk.device, "echo", "--no-wait")
    file = tmp_path / "node-runtime.v1.json"
    assert desk("export", "--out", str(file)).code == 0
    assert desk("export", "--out", str(file)).code == 7
    document = json.loads(file.read_text())
    assert set(document) == {
        "version",
        "generated_at_ms",
        "active_pairing_codes",
        "pairing_requests",
        "nodes",
        "capability_dispatches",
    }
    assert [each["device_id"] for each in document["nodes"]] == [desk.device]
    assert [each["state"] for each in document["capability_dispatches"]] == ["queued"]
    assert "secret" not in file.read_text()


def test_what_nodes_say_does_not_act_on_a_terminal(desk):
    """Hazard H41: names and reasons of others acted on the terminal of whoever looked."""
    desk.granted()
    with desk.opened() as kernel:
        kernel.nodes.events.append(desk.device, [NewEvent(name="x", payload='"\u202e\x7f"'.encode())])
    assert "\u202e" not in desk("events", desk.device).text
    assert "\u202e" not in desk("events", desk.device, "--json").text
    with desk.answering("fail", error="\x1b[2Jgone"):
        outcome = desk("invoke", desk.device, "echo")
    assert "\x1b" not in outcome.err + outcome.text


def test_whoever_has_no_permit_does_nothing(desk, gateway):
    """Hazard H28: whoever had a login could have any device do things."""
    desk.granted()
    with gateway.opened() as kernel, kernel.session("agent:planner") as session:
        with kernel.session(system_principal()) as owner:
            owner.principals.grant("agent:planner", Grants(capabilities=("NodeInvoke",)))
        lease = session.nodes.invoke(desk.device, "echo")
        assert [each.id for each in session.nodes.leases(desk.device)] == [lease.id]
        with kernel.session(system_principal()) as owner:
            owner.nodes.invoke(desk.device, "echo")
            assert len(owner.nodes.leases(desk.device)) == 2
        assert len(session.nodes.leases(desk.device)) == 1, "those of others are for the owner"
        assert session.nodes.wait(lease.id, Deadline.after(0)).lease.state == "queued"
    outcome = gateway("--as", "agent:other", "nodes", "list")
    assert outcome.code == 4, outcome
