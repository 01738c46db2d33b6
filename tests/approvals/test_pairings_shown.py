"""What whoever decides sees of an approval that lets a device in."""

import msgspec

from palyra_kernel.approvals.approval import FORMAT, Approval
from palyra_kernel.approvals.binding import Binding
from palyra_kernel.cli.approvals.views import explained
from palyra_kernel.values.decisions import Obligation

FACTS = {
    "run": "01JGZ7V4S8Q5T0W2N9X3C6B1RK",
    "device": "01JGZ7V4S8Q5T0W2N9X3C6B1RZ",
    "kind": "node",
    "name": "lamp\u202egnp.exe\x1b[2J",
    "fingerprint": "ab" * 32,
    "words": "otter lantern gravel nine",
    "digits": "271828",
    "transcript": "cd" * 32,
    "source": "192.0.2.7",
    "method": "pin",
}


def shown(facts, action="device.pair", text=None):
    approval = Approval(
        format=FORMAT,
        id="01JGZ7V4S8Q5T0W2N9X3C6B1RA",
        binding=Binding(
            principal="user:1000", action=action, resource=f"device:{facts['device']}", arguments="ef" * 32
        ),
        obligation=Obligation(code="device.pair.approval_required"),
        rules=("rail-pairing-asks",),
        policy="00",
        incarnation="",
        session="s",
        surface="enrolment",
        purpose="pairing",
        vouched_by=None,
        shown=text if text is not None else msgspec.json.encode(facts).decode(),
        key=None,
        asked_ms=0,
        state="pending",
        since_ms=0,
        until_ms=1,
    )
    return list(explained(approval))


def test_what_is_compared_stands_first_and_nothing_hides():
    """Hazard H41: names of devices came to a terminal as somebody far away had written them."""
    lines = shown(FACTS)
    words = next(number for number, line in enumerate(lines) if line.startswith("words"))
    assert lines[words] == "words       otter lantern gravel nine"
    assert lines[words + 1] == "digits      271828"
    assert "the same words" in lines[words - 1]
    text = "\n".join(lines)
    for fact in (
        FACTS["run"],
        FACTS["device"],
        FACTS["fingerprint"],
        FACTS["transcript"],
        "192.0.2.7",
        "ef" * 32,
    ):
        assert fact in text
    assert "\\u202e" in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "ANOTHER KEY" not in text


def test_another_key_for_a_known_device_is_said_aloud():
    """Hazard H9: nothing on the screen told a new device from another key for a known one."""
    text = "\n".join(shown({**FACTS, "replaces": "99" * 32}, "device.replace_key"))
    assert "*** ANOTHER KEY FOR A KNOWN DEVICE ***" in text
    assert f"old key     {'99' * 32}" in text
    assert f"new key     {'ab' * 32}" in text


def test_what_masking_broke_is_shown_as_it_is():
    assert 'arguments   {"words": [mask' in "\n".join(shown(FACTS, text='{"words": [mask'))
