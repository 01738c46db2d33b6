"""What people and programs see of codes, pairings, devices and CAs: all of it, no secret, and nothing that acts on a
terminal."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from palyra_kernel.cli.approvals.views import approval_json
from palyra_kernel.cli.ca import views as ca
from palyra_kernel.cli.devices import views as devices
from palyra_kernel.cli.pairing import views as pairing
from palyra_kernel.identity.ca.documents import Authorities, Ca
from palyra_kernel.identity.device import Device
from palyra_kernel.identity.leaf import Leaf
from palyra_kernel.identity.pairing.keeping import Code
from palyra_kernel.identity.pairing.states import Pairing
from palyra_kernel.identity.pairing.words import WORDS
from tests.identity.pairing_world import NOW
from tests.identity.pairing_world import Device as Keys

HOSTILE = "a\x1b[2J\u202egpj\u200b\r\n\x9b31m"
"""Clears the screen, turns text around, hides, begins a line, and colours it."""
KEYS = Keys(id="01K0ZQ4T5N8W9XJ3V7C2M6B1HD", seed=bytes(range(32)))
WAITING = Pairing(
    id="01K0ZQ4T5N8W9XJ3V7C2M6B1HE",
    state="awaiting_approval",
    code="7",
    method="pin",
    device=KEYS.self.device,
    kind="node",
    source="192.0.2.1",
    begun_ms=NOW,
    deadline_ms=NOW + 600_000,
    changed_ms=NOW,
    identity=KEYS.self.identity,
    words="acorn velvet tiger maple",
    digits="271-828",
)
LEAF = Leaf(
    fingerprint="ab" * 32,
    serial="0f" * 16,
    issuer="cd" * 20,
    not_before_ms=NOW,
    not_after_ms=NOW + 86_400_000,
)
DEVICE = Device(
    id=KEYS.self.device,
    kind="node",
    name="work laptop",
    identity_key=KEYS.self.identity,
    agreement_key=KEYS.self.agreement,
    approved_by="user:1000",
    paired_at_ms=NOW,
    certificate=LEAF,
)


def plain(text):
    return all(character.isprintable() for character in text.replace("\n", "")) and "\u202e" not in text


@pytest.mark.parametrize("field", ["source", "reason", "name", "issued_by", "decided_by"])
def test_what_others_wrote_of_a_pairing_reaches_no_terminal(field, capsys):
    """Hazard H41: free text of a peer went to the terminal of whoever decides, control characters and all."""
    hostile = replace(WAITING, **{field: HOSTILE})
    lines = [*pairing.explained(hostile, NOW), *pairing.listed(hostile, NOW)]
    assert all(plain(line) and "\n" not in line for line in lines)
    approval_json(pairing.described(hostile, NOW))
    printed = capsys.readouterr().out
    assert plain(printed)
    assert HOSTILE in json.loads(printed).values()


def test_what_operators_wrote_of_a_device_reaches_no_terminal():
    """Hazard H41: a name may pass for another one."""
    named = replace(DEVICE, name="\u0440\u0430ypal", reason="\u0430dmin")
    lines = [*devices.explained(replace(named, ended_at_ms=NOW), NOW), *map(str, devices.row(named, NOW))]
    assert all(plain(line) for line in lines)
    assert any("\\u0440\\u0430ypal" in line for line in lines)


def test_a_code_is_shown_without_what_is_secret():
    """Hazard H14: lists showed codes."""
    code = Code(id="7", method="pin", issued_by="user:1000", created_ms=NOW, expires_ms=NOW + 600_000)
    states = {
        "open": code,
        "locked": replace(code, attempts=3),
        "used": replace(code, used_by=WAITING.id),
        "expired": replace(code, expires_ms=NOW),
    }
    for state, each in states.items():
        assert pairing.code_row(each, NOW)[3] == state
    assert "secret" not in json.dumps(list(pairing.code_json(code)))
    assert "envelope" not in pairing.code_json(code)


def test_what_nobody_ended_in_time_is_expired():
    """Hazard H15: time-boxes were not enforced, and not shown."""
    assert next(pairing.listed(WAITING, WAITING.deadline_ms)).endswith("  expired, begun 10 min ago")
    assert pairing.described(WAITING, WAITING.deadline_ms)["state"] == "expired"


def test_another_key_is_told_before_anything_else():
    """Hazard H9: a replacement looked like a pairing."""
    lines = list(pairing.explained(replace(WAITING, replaces="ef" * 32), NOW))
    assert lines[0] == "*** ANOTHER KEY FOR A KNOWN DEVICE ***"
    (old,) = (line for line in lines if line.startswith("key until now"))
    assert old.endswith("ef" * 32)
    assert not any("ANOTHER KEY" in line for line in pairing.explained(WAITING, NOW))


def test_what_is_compared_is_on_one_line_of_a_narrow_terminal():
    """Hazard H9: words that were folded into columns of three letters are compared by nobody."""
    longest = " ".join(sorted(WORDS, key=len)[-4:])
    lines = list(pairing.listed(replace(WAITING, words=longest, name="work laptop"), NOW))
    assert f"  {longest}   271-828" in lines
    assert all(len(line) < 80 for line in lines)


def test_a_device_says_how_long_it_gets_in():
    half = NOW + 43_200_000
    assert devices.row(DEVICE, half)[4] == "for 12 h"
    assert devices.row(DEVICE, LEAF.not_after_ms + 7_200_000)[4] == "expired 2 h ago"
    assert devices.row(replace(DEVICE, certificate=None, state="revoked"), NOW)[4] == "-"
    text = "\n".join(devices.explained(replace(DEVICE, next=replace(LEAF, fingerprint="99" * 32)), NOW))
    assert "99" * 32 in text
    assert "not used yet; with its first use the one before ends" in text


ROOT = Ca(id="r1", certificate=b"", until_ms=NOW + 1000)
ISSUING = Ca(id="i1", certificate=b"", parent="r1", until_ms=NOW + 500)


@pytest.mark.parametrize(
    ("roots", "issuing", "step"),
    [
        ((ROOT,), (ISSUING,), "issuing CA i1: another signs"),
        ((replace(ROOT, until_ms=NOW),), (ISSUING,), "root CA r1: another is announced"),
        (
            (replace(ROOT, until_ms=NOW), replace(ROOT, id="r2", stage="announced", until_ms=NOW + 400)),
            (ISSUING,),
            "root CA r2: signs",
        ),
        (
            (ROOT,),
            (replace(ISSUING, id="i0", stage="leaving", until_ms=NOW + 1), ISSUING),
            "issuing CA i0: gone",
        ),
    ],
)
def test_the_next_step_is_the_soonest(roots, issuing, step):
    state = Authorities(
        domain="palyra.test", signer=b"", roots=roots, issuing=issuing, bundle=1, changed_ms=NOW
    )
    assert ca.next_step(state).startswith(step + ", 20")
