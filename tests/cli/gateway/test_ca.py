"""``palyra ca``: what certifies devices, what comes next, and what an emergency costs."""

from __future__ import annotations

import json

import pytest

from palyra_kernel.identity.certificates.hosts import Hosts


def status(gateway):
    return gateway("--json", "ca", "status").json


def test_the_status_shows_what_there_is_and_what_comes_next(gateway):
    found = status(gateway)
    root, issuing = found["authorities"]
    assert (root["kind"], root["stage"], issuing["kind"], issuing["stage"]) == (
        "root",
        "active",
        "issuing",
        "active",
    )
    assert issuing["parent"] == root["id"]
    assert found["next"]["step"] == f"issuing CA {issuing['id']}: another signs"
    assert found["next"]["at"] == issuing["next_stage_at"]
    text = gateway("ca", "status").text
    for fact in (
        found["trust_domain"],
        str(found["bundle"]),
        root["id"],
        issuing["id"],
        "another is announced",
    ):
        assert fact in text
    assert "issued        0, of which the log has 0" in text


def test_the_servers_are_shown_with_their_hosts(gateway):
    """Hazard H19: nobody saw that the certificate of a server was about to end."""
    with gateway.opened() as kernel:
        kernel.identity.servers.identity("work", Hosts.of(["gate.example", "192.0.2.7"]))
    (server,) = status(gateway)["servers"]
    assert (server["name"], server["dns"], server["addresses"]) == ("work", ["gate.example"], ["192.0.2.7"])
    line = next(line for line in gateway("ca", "status").text.splitlines() if line.startswith("server"))
    assert "work (gate.example, 192.0.2.7), until " in line
    assert status(gateway)["issued"] == status(gateway)["logged"] == 1


def test_rotating_shuts_nobody_out(gateway):
    """Hazard H20: a CA that could not be rotated."""
    before = status(gateway)
    outcome = gateway("ca", "rotate")
    assert outcome.code == 0, outcome
    after = status(gateway)
    assert [each["stage"] for each in after["authorities"]] == ["active", "leaving", "active"]
    assert after["bundle"] > before["bundle"]
    assert after["authorities"][2]["id"] in outcome.text
    assert after["next"]["step"].endswith(": gone")


def test_a_root_is_announced_first(gateway):
    gateway("ca", "rotate", "--root")
    after = status(gateway)
    assert [each["stage"] for each in after["authorities"]] == ["active", "announced", "active"]
    again = gateway("--json", "ca", "rotate", "--root").json
    assert again["authorities"] == after["authorities"]


def test_an_emergency_says_what_it_costs_and_asks(gateway, prompts):
    """Hazard H20: everything is void at once, so nobody does it by mistake."""
    before = status(gateway)
    assert gateway("ca", "rotate", "--emergency").code == 2
    prompts += [""]
    refused = gateway("ca", "rotate", "--emergency", terminal=True)
    assert refused.code == 130
    assert status(gateway) == before
    outcome = gateway("ca", "rotate", "--emergency", "--yes")
    assert outcome.code == 0, outcome
    assert "everything before is void" in outcome.text
    after = status(gateway)
    assert {each["id"] for each in after["authorities"]}.isdisjoint(
        each["id"] for each in before["authorities"]
    )
    assert gateway("ca", "rotate", "--emergency", "--root", "--yes").code == 2


def test_the_question_names_the_cost():
    from palyra_kernel.cli.ca.rotate import _QUESTION

    for words in ("void at once", "within 30 days", "paired anew", "identity key of this gateway"):
        assert words in _QUESTION


def test_what_was_issued_is_listed(gateway, passphrase):
    coming = gateway.paired(passphrase)
    (entry,) = gateway("--json", "ca", "issued").json["certificates"]
    leaf = gateway("--json", "devices", "show", coming.device.self.device).json["certificate"]
    assert (entry["subject"], entry["fingerprint"]) == (
        f"device:{coming.device.self.device}",
        leaf["fingerprint"],
    )
    assert entry["serial"] in gateway("ca", "issued").text


def test_the_bundle_is_written_out(gateway, tmp_path):
    file = tmp_path / "bundle.json"
    bundle = json.loads(gateway("ca", "bundle").out)
    assert bundle["number"] == status(gateway)["bundle"]
    assert gateway("ca", "bundle", "--out", str(file)).code == 0
    assert json.loads(file.read_bytes()) == bundle
    assert gateway("--json", "ca", "bundle", "--out", str(file)).error["code"] == "exists"


@pytest.mark.parametrize("verb", [("status",), ("rotate",), ("bundle",)])
def test_there_is_none_before_the_gateway_was_started(call, verb):
    outcome = call("--json", "ca", *verb)
    assert (outcome.code, outcome.error["code"]) == (3, "ca_missing")
    assert "palyra serve" in outcome.error["hint"]
