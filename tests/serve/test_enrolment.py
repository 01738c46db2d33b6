"""The enrolment door: pairing as strangers do it, and one refusal for everything else."""

import base64
import json
from types import SimpleNamespace
from typing import cast

import pytest

from palyra_kernel.daemon.apps.enrolment import PAIRING, REENTRY
from palyra_kernel.daemon.apps.runs import RunTable
from palyra_kernel.errors import PalyraError
from palyra_kernel.identity.certificates.keys import new_key
from palyra_kernel.identity.certificates.requests import request_for
from palyra_kernel.identity.pairing.device import Waiting
from palyra_kernel.identity.pairing.gateway import GatewayRun
from palyra_kernel.identity.reentry import VERSION, signed_text
from palyra_kernel.values.digest import sha256
from tests.identity.pairing_world import TLS, wrong
from tests.serve.asgi import ask
from tests.serve.world import BACK, CHALLENGE, HELLO, POLL, PROOF, REFUSED, local, new_device, stranger

DAY = 86_400_000


def test_a_device_pairs_by_six_messages(world):
    """Hazard H1: the only way in was a switch that took authentication from every request. Here a device without a
    certificate pairs on a door of its own, and its certificate stands for it."""
    device, certificate = world.paired()
    assert world.identity.admission.arrived(certificate).device == device.self.device


def test_no_message_of_a_gateway_has_a_private_key(world):
    """Hazard H2: the gateway made the keys of devices, kept them, and gave them to whoever had two printed ids."""
    device = new_device()
    confirmed = world.prove(device, world.code())
    world.approve(confirmed.run)
    other = Waiting(confirmed, new_device().identity.sign)
    assert world.say(POLL, other.poll()).body == REFUSED
    waiting = Waiting(confirmed, device.identity.sign)
    assert waiting.read(world.say(POLL, waiting.poll()).body).state == "issued"


def test_without_a_code_there_is_nothing_to_guess_at(world):
    """Hazard H1: a door that is always open. It is, in that no run begins and no attempt is written down."""
    code = world.code()
    world.now += 11 * 60_000
    assert world.say(HELLO, new_device().run(code).hello()).body == REFUSED
    assert world.identity.pairings.runs.count() == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"type":"hello"}', b"\xff" * 100, b"[" * 5000])
@pytest.mark.parametrize("path", PAIRING)
def test_every_refusal_of_a_pairing_is_one(shared, path, body):
    """Hazard H4: each failure had an error of its own, and said so what was right about a guess."""
    shared.code()
    answer = shared.say(path, body)
    assert (answer.status, answer.body) == (200, REFUSED)
    assert answer.headers == {
        "content-type": "application/json",
        "content-length": str(len(REFUSED)),
        "cache-control": "no-store",
    }


def test_a_wrong_pin_an_unknown_code_and_no_run_look_the_same(world):
    """Hazard H4: a wrong method was told apart from a wrong secret."""
    device, code = new_device(), world.code()
    run = device.run(wrong(code))
    failed = world.say(PROOF, run.prove(world.say(HELLO, run.hello()).body))
    unknown = device.run(code._replace(id="999999"))
    nowhere = world.say(PROOF, unknown.prove(world.say(HELLO, unknown.hello()).body))
    again = device.run(code)
    proof = again.prove(world.say(HELLO, again.hello()).body)
    other = world.say(PROOF, proof, stranger("192.0.2.99"))
    assert failed == nowhere == other
    assert failed.body == REFUSED


def test_nobody_else_ends_a_run(world):
    """Hazard H12: whoever saw the id of a run could burn its code."""
    device, code = new_device(), world.code()
    run = device.run(code)
    offer = world.say(HELLO, run.hello()).body
    proof = run.prove(offer)
    assert world.say(PROOF, proof, stranger("198.51.100.9")).body == REFUSED
    assert run.confirm(world.say(PROOF, proof).body).run


def test_a_run_is_good_for_one_proof(world):
    """Hazard H5: a second guess in one run."""
    device, code = new_device(), world.code()
    run = device.run(wrong(code))
    proof = run.prove(world.say(HELLO, run.hello()).body)
    assert world.say(PROOF, proof).body == REFUSED
    assert len(world.verbs.runs) == 0
    assert world.say(PROOF, proof).body == REFUSED


def test_three_failures_lock_a_code_on_this_route_too(world):
    """Hazard H3: failures were neither counted nor limited."""
    device, code = new_device(), world.code()
    for _ in range(3):
        run = device.run(wrong(code))
        world.say(PROOF, run.prove(world.say(HELLO, run.hello()).body))
    run = device.run(code)
    offer = world.say(HELLO, run.hello()).body
    assert offer == REFUSED or world.say(PROOF, run.prove(offer)).body == REFUSED


def test_a_gateway_with_another_certificate_is_noticed(world):
    """Hazard H6: a proxy that ends TLS with a certificate of its own. What each side saw is in the transcript."""
    device, code = new_device(), world.code()
    run = device.run(code, tls=sha256(b"the certificate of a proxy"))
    assert world.say(PROOF, run.prove(world.say(HELLO, run.hello()).body)).body == REFUSED


@pytest.mark.parametrize("path", [*PAIRING, *REENTRY])
def test_what_announces_a_gigabyte_is_not_read(shared, path):
    """A frame of 1 GB: refused by its announced length. None of its body is taken."""
    shared.code()
    answer = ask(
        shared.enrolment,
        "POST",
        path,
        body=[b"x"] * 3,
        peer=stranger(),
        headers={"content-length": str(2**30)},
    )
    assert answer.read == 0
    assert answer.body == REFUSED


def test_what_lies_about_its_length_is_read_no_further(shared):
    def endless():
        while True:
            yield b"x" * 4096

    answer = ask(shared.enrolment, "POST", HELLO, body=endless(), peer=stranger())
    assert answer.body == REFUSED
    assert answer.read <= 6


@pytest.mark.parametrize(
    "path", ["/v1/self", "/v1/bundle", "/v1/certificate", "/v1/events", "/v1/status", "/metrics"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_other_door_is_behind_this_one(shared, method, path):
    """Hazard H1: work was answered where nobody has a certificate."""
    answer = ask(shared.enrolment, method, path, peer=stranger())
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", HELLO, {}, 405),
        ("HEAD", HELLO, {}, 405),
        ("OPTIONS", HELLO, {}, 405),
        ("POST", HELLO + "/", {}, 404),
        ("POST", "//v1/pairing/hello", {}, 404),
        ("POST", HELLO, {"raw_path": b"/v1/pairing%2fhello"}, 404),
        ("POST", HELLO, {"query": b"x=1"}, 400),
    ],
)
def test_a_path_has_one_spelling(shared, method, path, options, status):
    answer = ask(shared.enrolment, method, path, peer=stranger(), **options)
    assert (answer.status, answer.body) == (status, b"")


@pytest.mark.parametrize("peer", [None, local()])
def test_nothing_is_answered_without_tls(shared, peer):
    """Hazard H43: an app that believes that its server verified somebody."""
    shared.code()
    assert ask(shared.enrolment, "POST", HELLO, peer=peer).status == 403


def proof_of(world, device, request, nonce, tls=TLS):
    signed = signed_text(device.self.device, nonce, world.now, sha256(request), tls)
    parts = {
        "nonce": nonce,
        "request": sha256(request),
        "gateway": tls,
        "signature": device.identity.sign(signed),
    }
    encoded = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    return {"version": VERSION, "device": device.self.device, "at_ms": world.now, **encoded}


def nonce_for(world, device):
    answer = world.say(CHALLENGE, json.dumps({"device": device.self.device}).encode())
    return base64.b64decode(answer.json["nonce"])


def back(world, device, **changes):
    request = request_for(new_key())
    proof = proof_of(world, device, request, nonce_for(world, device), **changes)
    body = {"proof": proof, "request": base64.b64encode(request).decode()}
    return world.say(BACK, json.dumps(body).encode())


def test_who_was_away_for_a_month_comes_back(world):
    """Hazard H19: a device whose certificate had expired had to be paired again."""
    device, certificate = world.paired()
    world.identity.admission.arrived(certificate)
    world.now += 29 * DAY
    answer = back(world, device)
    assert answer.status == 200
    again = base64.b64decode(answer.json["certificates"][0])
    assert world.identity.admission.arrived(again).device == device.self.device
    assert json.loads(base64.b64decode(answer.json["bundle"]))["domain"] == "palyra.test"


def test_every_refusal_to_come_back_is_one(world):
    device, _ = world.paired()
    refusals = [
        back(world, device, tls=sha256(b"another gateway")),
        world.say(BACK, b"{}"),
        world.say(BACK, b""),
        world.say(CHALLENGE, b'{"device":"../etc"}'),
    ]
    world.now += 31 * DAY + DAY
    refusals.append(back(world, device))
    assert all(each == refusals[0]._replace(read=each.read) for each in refusals)
    assert (refusals[0].status, refusals[0].body) == (403, REFUSED)


def test_nobody_learns_which_devices_there_are(world):
    world.paired()
    known = world.say(CHALLENGE, json.dumps({"device": new_device().self.device}).encode())
    assert known.status == 200
    assert set(known.json) == {"nonce"}


def test_where_there_is_no_device_nobody_comes_back(world):
    assert world.say(CHALLENGE, json.dumps({"device": new_device().self.device}).encode()).status == 403


def test_one_source_cannot_use_up_the_challenges_of_another(world):
    """Hazard H3: a limit that all callers shared."""
    world.paired()
    body = json.dumps({"device": new_device().self.device}).encode()
    assert {world.say(CHALLENGE, body).status for _ in range(40)} == {200, 403}
    assert world.say(CHALLENGE, body, stranger("192.0.2.77")).status == 200


def test_a_store_that_fails_is_one_refusal_and_a_line_in_the_log(world, monkeypatch, caplog):
    """What is wrong with the gateway is for its operator, not for whoever knocks."""

    def broken():
        raise PalyraError("disk_full", "the disk under /srv/secret-place is full")

    monkeypatch.setattr(world.identity, "enrolment_open", broken)
    answer = world.say(HELLO, new_device().run(world.code()).hello())
    assert answer.body == REFUSED
    assert "disk_full" in caplog.text


def test_a_full_table_lets_new_runs_in():
    """Filling the table of runs keeps nobody out: the oldest goes first."""

    def run(name, ends_ms):
        return cast(GatewayRun, SimpleNamespace(run=name, ends_ms=ends_ms))

    table = RunTable(most=2)
    for name in "abc":
        table.put(run(name, 100), "source", 0)
    assert table.take("a", "source", 1) is None
    assert table.take("c", "source", 1) is not None
    assert table.take("b", "source", 100) is None
    table.put(run("d", 300), "source", 200)
    assert len(table) == 1
