"""``palyra device``: this vault as that of a device, and a gateway with open doors."""

from __future__ import annotations

import threading

import pytest

from palyra_kernel.identity.pairing.codes import pin_text, qr_uri
from tests.daemon.until import until
from tests.device.world import Gateway


@pytest.fixture
def gateway(tmp_path):
    return Gateway(tmp_path / "gateway")


@pytest.fixture
def doors(gateway):
    with gateway.open() as daemon:
        yield daemon


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("palyra_kernel.device.pairing.POLL_SECONDS", 0.02)


def typed(code):
    return pin_text(code.id, code.secret)


def decide(gateway, *, approve=True):
    """Answer the next pairing as soon as it is there."""

    def wait():
        until(lambda: any(each.state == "awaiting_approval" for each in gateway.pairings))
        gateway.decide(approve=approve)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def pair(call, gateway, doors, *options, code=None, approve=True, **how):
    text = typed(code or gateway.pin()).encode() + b"\n"
    human = decide(gateway, approve=approve)
    try:
        return call(
            *("device", "pair", "--gateway", doors.urls[0], "--work", doors.urls[1], "--code-stdin"),
            *options,
            stdin=text,
            **how,
        )
    finally:
        human.join()


def test_a_pairing_ends_with_a_call(call, gateway, doors):
    """Hazard H42: what is paired can work; and the code is shown nowhere."""
    code = gateway.pin()
    outcome = pair(call, gateway, doors, code=code)
    assert outcome.code == 0, outcome
    (pairing,) = gateway.pairings
    assert pairing.words in outcome.err
    assert pairing.digits in outcome.err
    assert pairing.state == "acknowledged"
    assert f"paired: {pairing.device} (node)" in outcome.text
    assert typed(code) not in outcome.err + outcome.text
    status = call("device", "status", "--json").json
    assert (status["device"], status["state"], status["gateway"]) == (pairing.device, "good", doors.urls[0])
    text = call("device", "status").text
    assert status["fingerprint"] in text
    assert gateway.identity.devices.find(pairing.device).print == status["fingerprint"]


def test_the_words_are_json_for_programs(call, gateway, doors):
    outcome = pair(call, gateway, doors, "--json")
    assert outcome.code == 0, outcome
    assert gateway.pairings[0].words in outcome.err.splitlines()[0]
    assert outcome.json["state"] == "good"
    assert outcome.json["waiting"] is None


def test_a_qr_code_brings_the_address(call, gateway, doors):
    root = gateway.identity.terms(bytes(32)).ca_hash
    minted = gateway.identity.pairings.codes.mint_qr(
        gateway=doors.urls[0], ca_hash=root, issued_by="user:1000", at_ms=gateway.clock.now_ms()
    )
    human = decide(gateway)
    outcome = call(
        "device", "pair", "--work", doors.urls[1], "--code-stdin", stdin=minted.text.encode(), terminal=False
    )
    human.join()
    assert outcome.code == 0, outcome


def test_a_code_is_typed_unseen_and_again_if_it_was_wrong(call, gateway, doors, prompts):
    """Hazard H5: a code on a command line is in every list of processes."""
    code = gateway.pin()
    other = f"{code.id}-{(int(code.secret) + 1) % 1_000_000:06}"
    prompts += [f"{other[:-3]}-{other[-3:]}", typed(code)]
    human = decide(gateway)
    outcome = call("device", "pair", "--gateway", doors.urls[0], "--work", doors.urls[1], terminal=True)
    human.join()
    assert outcome.code == 0, outcome
    assert "the pairing failed" in outcome.err
    assert prompts == []


def test_what_comes_of_it_is_in_the_exit_code(call, gateway, doors):
    """Hazard H15: a rejection that was cosmetic. Denied is 4, unreachable 6, input 2, none of a device 3."""
    assert call("device", "status").code == 3
    assert call("device", "renew", "--json").error["code"] == "not_paired"
    assert pair(call, gateway, doors, approve=False).code == 4
    missing = call("device", "pair", "--code-stdin", stdin=b"7-271-828")
    assert (missing.code, "--gateway" in missing.err) == (2, True)
    wrong = call("device", "pair", "--gateway", doors.urls[0], "--code-stdin", "--json", stdin=b"7271828")
    assert (wrong.code, wrong.error["code"]) == (2, "invalid_code")
    assert "7271828" not in wrong.err
    for url in ("http://127.0.0.1", "https://127.0.0.1/path", "gateway"):
        bad = call("device", "pair", "--gateway", url, "--code-stdin", "--json", stdin=b"7-271-828")
        assert (bad.code, bad.error["code"]) == (2, "invalid_gateway")
    gone = call(
        "device", "pair", "--gateway", "https://127.0.0.1:1", "--code-stdin", "--json", stdin=b"7-271-828"
    )
    assert (gone.code, gone.error["code"]) == (6, "connect_failed")
    unseen = call("device", "pair", "--gateway", doors.urls[0], "--json")
    assert (unseen.code, unseen.error["code"]) == (2, "no_terminal")


def test_it_is_paired_again_only_if_that_is_meant(call, gateway, doors):
    """Hazard H9: pairing again replaced what was there without a word."""
    assert pair(call, gateway, doors).code == 0
    text = typed(gateway.pin()).encode()
    again = call("device", "pair", "--gateway", doors.urls[0], "--code-stdin", "--json", stdin=text)
    assert (again.code, again.error["code"]) == (7, "already_paired")
    assert pair(call, gateway, doors, "--again").code == 0


def test_the_vault_of_a_gateway_is_no_device(call, gateway, doors):
    """Hazard H36: a node wrote over the key of the gateway's CA."""
    from palyra_kernel import Kernel

    with Kernel.open(state_root=call.places[1], config_dir=call.places[3]) as kernel:
        kernel.identity.start()
    refused = call("device", "pair", "--gateway", doors.urls[0], "--code-stdin", "--json", stdin=b"7-271-828")
    assert (refused.code, refused.error["code"]) == (7, "other_role")


def test_it_renews_and_says_until_when(call, gateway, doors):
    """Hazard H19: nobody ever called what renews."""
    gateway.offset_ms = -2 * 60_000  # the gateway gives one a minute
    assert pair(call, gateway, doors).code == 0
    gateway.offset_ms = 0
    assert "nothing was due" in call("device", "renew", "--if-due").text
    first = call("device", "status", "--json").json["certificate_expires_at"]
    renewed = call("device", "renew", "--json")
    assert renewed.code == 0, renewed
    assert renewed.json["done"] == "renewed"
    assert renewed.json["certificate_expires_at"] > first
    assert call("device", "renew", "--json").error["code"] == "rate_limited"
    moved = call(
        *("device", "renew", "--if-due", "--gateway", doors.urls[0], "--work", "https://127.0.0.1:1"),
        "--json",
    )
    assert moved.error["code"] == "connect_failed"
    assert call("device", "renew", "--work", doors.urls[1]).code == 2
    back = call("device", "renew", "--if-due", "--gateway", doors.urls[0], "--work", doors.urls[1])
    assert back.code == 0, back


def test_what_happened_is_in_the_log_of_this_machine(call, gateway, doors):
    """Hazard H29: which gateway a machine belongs to was changed without a trace."""
    assert pair(call, gateway, doors).code == 0
    events = call("audit", "tail", "--json").json["events"]
    told = [each["event"]["api.operation"] for each in events]
    assert [action for action in told if action.startswith("self.")] == [
        "self.pair",
        "self.pairing_begun",
        "self.pairing_confirmed",
        "self.paired",
        "self.certificate_used",
    ]


def test_the_address_of_a_qr_code_is_the_one_that_is_used(call, gateway, doors):
    """Hazard H6: a code for one gateway says nothing of another."""
    text = qr_uri("7", b"A" * 26, "https://gateway.test", bytes(32), 2**40)
    refused = call(
        *("device", "pair", "--gateway", doors.urls[0], "--code-stdin", "--json"), stdin=text.encode()
    )
    assert (refused.code, refused.error["code"]) == (4, "pairing_failed")
