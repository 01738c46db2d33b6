"""``docs/pairing.md``: messages, states, numbers and limits are those of the code. Its bytes are tried by
``tests/identity/test_pairing_vectors.py``, which speaks the protocol a second time."""

from __future__ import annotations

import re

from palyra_kernel.identity.pairing import attempts, codes, messages, sources, states
from tests.docs.pages import page, section, table_rows

PAGE = page("pairing.md")


def test_the_messages_have_these_members():
    told = {
        row[2].strip("`"): re.findall(r"`(\w+)`", row[3])
        for row in table_rows(section(PAGE, "## The six messages"))
    }
    kinds = (messages.Hello, messages.Offer, messages.Proof, messages.Accepted, messages.Poll, messages.Reply)
    assert told == {kind.__struct_config__.tag: list(kind.__struct_fields__) for kind in kinds}
    assert f"at\nmost {messages.MAX_BYTES:,} bytes" in PAGE
    assert messages.REFUSED.decode() in PAGE
    assert f"`{messages.SUITE}`" in PAGE


def test_every_state_is_there():
    text = section(PAGE, "## States")
    for name in (*states.STATES, *(event for event in states.EVENTS if event != "expire")):
        assert f"`{name}`" in text, name
    assert (states.RUN_MS, states.APPROVAL_MS) == (120_000, 600_000)
    assert states.PICKUP_MS == states.ACKNOWLEDGE_MS == 3_600_000


def test_the_limits_are_those_of_the_code():
    rows = table_rows(section(PAGE, "## What guesses cost"))
    numbers = [int(row[1].split()[0]) for row in rows]
    assert numbers == [attempts.PER_CODE, attempts.PER_GATEWAY, sources.BURST, attempts.PER_ADDRESS]
    assert (sources.MIN_DELAY_MS, sources.MAX_DELAY_MS) == (1000, 15 * 60_000)
    assert sources._REFILL_MS == 90_000


def test_the_odds_are_arithmetic():
    """3 of a million, 6 of a million on both sides, 30 of a million in a day."""
    space = 10**codes.PIN_DIGITS
    assert attempts.PER_CODE / space == 3e-6
    assert (attempts.PER_CODE + attempts.PER_ADDRESS) / space == 6e-6
    assert attempts.PER_GATEWAY / space == 3e-5
    assert 8 * codes.SECRET_BYTES == 128
    for odds in ("3 \u00d7 10⁻⁶", "6 \u00d7 10⁻⁶", "3 \u00d7 10⁻⁵", "2⁻¹²⁸"):
        assert odds in PAGE
