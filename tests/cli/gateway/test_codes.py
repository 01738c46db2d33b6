"""``palyra pairing code``: shown once, and nowhere else."""

from __future__ import annotations

import io
import json
import re
import stat
import sys
from pathlib import Path

import pytest

from palyra_kernel.cli.pairing.code import enrolment_url
from palyra_kernel.cli.pairing.drawing import draw
from palyra_kernel.config import GatewayConfig
from palyra_kernel.identity.pairing.codes import parse_pin, parse_qr

URL = "https://gateway.example:7443"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")


def test_a_pin_is_alone_on_standard_output(gateway):
    """Hazard H14: what was printed around a code could not be told from it; a script that keeps the output has the code
    and nothing else, and a human is told beside it how long it is good and what to type."""
    outcome = gateway("pairing", "code")
    assert outcome.code == 0, outcome
    assert re.fullmatch(r"[1-9]-\d{3}-\d{3}\n", outcome.text)
    assert re.search(r"good until 2\d{3}-\d\d-\d\d \d\d:\d\d:\d\dZ, for one device", outcome.err)
    assert "palyra device pair --gateway https://localhost:7443 " in outcome.err
    assert "palyra pairing list" in outcome.err


def test_json_has_it_too(gateway):
    minted = gateway("--json", "pairing", "code", "--name", "phone", "--ttl", "2m").json
    assert parse_pin(minted["text"]).id == minted["code_id"]
    assert (minted["method"], minted["name"], minted["failed_attempts"]) == ("pin", "phone", 0)


def test_no_list_and_no_file_shows_a_code(gateway, tmp_path):
    """Hazard H14: codes stood in lists, in logs and on the disk in clear."""
    pin = gateway.code()
    uri = gateway.code("--qr", "--gateway", URL)
    secrets = [parse_pin(pin).secret.decode(), parse_qr(uri).secret.decode(), pin[2:]]
    shown = [
        gateway(*arguments, *form)
        for arguments in (("pairing", "codes"), ("pairing", "list", "--all"), ("audit", "tail"))
        for form in ((), ("--json",))
    ]
    assert [each.code for each in shown] == [0] * len(shown)
    said = "".join(each.text + each.err for each in shown)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in said
        assert secret.encode() not in kept


def test_a_code_is_listed_with_what_happened_to_it(gateway):
    text = gateway.code("--name", "phone")
    code_id = parse_pin(text).id
    for tries in range(1, 4):
        gateway.guess(text)
        (listed,) = gateway("--json", "pairing", "codes").json["codes"]
        assert (listed["code_id"], listed["failed_attempts"], listed["locked"]) == (
            code_id,
            tries,
            tries == 3,
        )
    line = gateway("pairing", "codes").text.splitlines()[1]
    assert line.split()[:4] == [code_id, "phone", "keyboard", "locked"]


def test_a_dropped_code_is_worthless(gateway):
    text = gateway.code()
    assert gateway("pairing", "drop", parse_pin(text).id).text.endswith("worthless from now on\n")
    with gateway.opened() as kernel:
        assert not kernel.identity.enrolment_open()
    assert gateway("--json", "pairing", "drop", "999999").code == 3


def test_a_qr_code_says_where_and_whom(gateway):
    scanned = parse_qr(gateway.code("--qr", "--gateway", URL))
    assert (scanned.method, scanned.gateway) == ("qr", URL)
    with gateway.opened() as kernel:
        assert scanned.ca_hash == kernel.identity.terms(bytes(32)).ca_hash


def test_the_address_comes_from_the_configuration(gateway):
    assert parse_qr(gateway.code("--qr")).gateway == "https://localhost:7443"


@pytest.mark.parametrize(
    ("hosts", "enrolment", "url"),
    [
        (("gate.example", "192.0.2.7"), "0.0.0.0:7443", "https://gate.example:7443"),
        (("2001:db8::7",), "[::]:9000", "https://[2001:db8::7]:9000"),
        ((), "127.0.0.1:7443", None),
        (("gate.example",), "", None),
        (("gate.example",), "127.0.0.1:0", None),
    ],
)
def test_where_devices_pair(hosts, enrolment, url):
    assert enrolment_url(GatewayConfig(hosts=hosts, enrolment=enrolment)) == url


class _Screen(io.StringIO):
    terminal = False

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_it_is_drawn_where_a_camera_can_see_it(terminal, monkeypatch):
    screen = _Screen()
    screen.terminal = terminal
    monkeypatch.setattr(sys, "stdout", screen)
    draw("palyra-pair:1?code=7")
    assert ("\u2580" in screen.getvalue()) == terminal


@POSIX
def test_a_drawing_is_for_its_owner_alone(gateway, tmp_path, monkeypatch):
    """Hazard H14: files of codes were readable for everybody; one that is there is not replaced, and no code is made
    that nobody sees."""
    monkeypatch.chdir(tmp_path)
    outcome = gateway("pairing", "code", "--svg", "code.svg", "--gateway", URL)
    assert outcome.code == 0, outcome
    drawn = Path("code.svg")
    assert stat.S_IMODE(drawn.stat().st_mode) == 0o600
    assert b"<svg" in drawn.read_bytes()
    assert "palyra-pair" not in outcome.text + outcome.err
    again = gateway("--json", "pairing", "code", "--svg", "code.svg", "--gateway", URL)
    assert (again.code, again.error["code"]) == (7, "exists")
    assert len(gateway("--json", "pairing", "codes").json["codes"]) == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--ttl", "10"), "invalid_ttl"),
        (("--qr", "--gateway", "http://gateway.example"), "invalid_gateway"),
        (("--name", "a\x1b[2Jb"), "invalid_name"),
    ],
)
def test_what_makes_no_sense_makes_no_code(gateway, options, code):
    outcome = gateway("--json", "pairing", "code", *options)
    assert (outcome.code, outcome.error["code"]) == (2, code)
    assert json.dumps(gateway("--json", "pairing", "codes").json["codes"]) == "[]"


def test_pins_are_opened_again_only_on_purpose(gateway):
    refused = gateway("pairing", "reopen")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    with gateway.opened() as kernel:
        codes = kernel.identity.pairings.codes
        change = codes.plan_reopen()
        kernel._records.commit(change)
    outcome = gateway("pairing", "reopen", "--yes")
    assert (outcome.code, outcome.text) == (0, "PINs are open\n")
