"""What a human is shown is what is meant: nothing hidden, nothing turned around, no secret."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palyra_kernel.approvals.arguments import canonical
from palyra_kernel.approvals.shown import masked, visible, visible_json
from palyra_kernel.values.sensitive import SensitiveBytes

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(_TEXT)
def test_json_stays_the_same_json(text):
    """Hazard P3: the human allows what they see: it must be the value, whole."""
    assert json.loads(visible_json(canonical(text).decode())) == text


@given(st.text(max_size=12), st.text(max_size=12))
def test_two_texts_look_different(one, other):
    """An escape that was typed is not one that was made here."""
    assert (visible(one) == visible(other)) == (one == other)


@given(st.text(max_size=20))
def test_nothing_hidden_is_left(text):
    for character in visible(text):
        assert character == " " or unicodedata.category(character)[0] not in "CZ"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain text, 1 + 1.", "plain text, 1 + 1."),
        ("\x1b[2Jclean", "\\u001b[2Jclean"),
        ("two\nlines\r\t", "two\\u000alines\\u000d\\u0009"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2066b\u2069\u200e\u061c", "a\\u2066b\\u2069\\u200e\\u061c"),
        ("rm\u200b -rf\u00a0/\ufeff", "rm\\u200b -rf\\u00a0/\\ufeff"),
        ("soft\u00adhyphen\u2028", "soft\\u00adhyphen\\u2028"),
        ("\U000e0041tag", "\\udb40\\udc41tag"),
        ("\u3164\u115f\u2800\u034f", "\\u3164\\u115f\\u2800\\u034f"),
        ("p\u0430ypal", "p\\u0430ypal"),
        ("\u0440\u0430ypal", "\\u0440\\u0430ypal"),
        ("\u0441\u043e\u0440\u0443 file", "\\u0441\\u043e\\u0440\\u0443 file"),
        ("\u03bfpen \u0391\u0392", "\\u03bfpen \\u0391\\u0392"),
        ("\uff52\uff4d", "\\uff52\\uff4d"),
        ("\U0001d42b\U0001d426", "\\ud835\\udc2b\\ud835\\udc26"),
        ("evil.com\u2215path\u2044x\uff0fy", "evil.com\\u2215path\\u2044x\\uff0fy"),
        ("\u0131s f\u0131le", "\\u0131s f\\u0131le"),
        ("a\u0301 x\ufe0f", "a\\u0301 x\\ufe0f"),
        ("\u201cquoted\u201d \u2013 dash", "\\u201cquoted\\u201d \\u2013 dash"),
        ("C:\\temp \\u202e", "C:\\\\temp \\\\u202e"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_escaped(text, seen):
    """Control characters, turned and invisible text, letters that pass for others."""
    assert visible(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "Stra\u00dfe caf\u00e9 na\u00efve",
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440",
        "\u039a\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1",
        "\u6771\u4eac\u306e\u5929\u6c17\u30c6\u30b9\u30c8",
        "\u05e9\u05dc\u05d5\u05dd",
        "\u0928\u092e\u0938\u094d\u0924\u0947",
        "5 \u20ac \u2192 \u2713",
    ],
)
def test_what_people_write_is_left_alone(text):
    assert visible(text) == text


def test_secrets_are_masked_before_anything_is_cut():
    """Hazard P26: the summary was cut first, so that half a secret looked like none."""
    with SensitiveBytes(b"correct-horse-battery") as secret:
        for before in range(20):
            text = "x" * before + secret.reveal().decode() + " and so on"
            for limit in range(1, 40):
                assert "cor" not in masked(text, limit)
                assert len(masked(text, limit)) <= limit
        assert masked("a " + secret.reveal().decode() + " b") == "a <redacted> b"


def test_a_secret_in_the_arguments_is_not_kept(room):
    """Hazard P24, as far as approvals show it: a token in an argument is not for whoever decides."""
    token = "ghp_" + "a1B2" * 9
    with SensitiveBytes(b"correct-horse-battery"):
        asked = room.ask({"header": f"token {token}", "argv": ["x", "correct-horse-battery"]})
    assert json.loads(asked.shown) == {"argv": ["x", "<redacted>"], "header": "token <redacted>"}
    room.decide(asked.id)
    assert room.usable({"header": "token <redacted>", "argv": ["x", "<redacted>"]}) is None
