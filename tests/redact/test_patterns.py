"""Tokens are known by their shape, values by their name; and no text makes looking for them slow."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palyra_kernel.redact import redact_text
from palyra_kernel.redact.names import _MARKERS
from palyra_kernel.redact.patterns import NAMED, PATTERNS, find_tokens, is_secret_name, looks_secret
from tests.redact.tokens import TOKENS

AROUND = {"bearer_token": "bearer {}", "url_userinfo": "https://{}@host/path"}

INNOCENT = [
    "task-force-of-many-people-that-is-long", "https://host:8080/a@b", "ssh://git@host/repository.git",
    "there is no secret vault://global/openai_api_key", "password: must not be empty", "the bearer certificate",
    "tokens=128", "api_key=vault://global/a", "PASSWORD=${PASSWORD}", "OPENAI_API_KEY=openai_api_key",
    "design=blue assigned=yes signer: 01234-56789-abcde", "test_secrets.py::test_it_is_all_right_really",
    "token: expired", "session=4", "0123456789abcdef0123456789abcdef", "<redacted>", "password=<redacted>",
]  # fmt: skip


@pytest.mark.parametrize("pattern_id", PATTERNS)
def test_each_shape_is_found_under_its_id(pattern_id):
    """Hazard S21: a token without a name beside it was shown. Ids are stable: audits report them."""
    for token in TOKENS[pattern_id]:
        around = AROUND.get(pattern_id, "x '{}', y")
        text = around.format(token)
        (match,) = find_tokens(text)
        assert text[match.start : match.end] == token
        assert match.pattern_id == pattern_id
        assert redact_text(text) == around.format("<redacted>")


def test_every_pattern_has_an_example():
    assert TOKENS.keys() == PATTERNS.keys()


@pytest.mark.parametrize("pattern_id", PATTERNS)
def test_a_token_behind_an_escaped_line_break(pattern_id):
    """In a repr the letter n stands before it, and a word seemed to begin earlier."""
    if pattern_id not in AROUND and pattern_id not in ("aws_access_key_id", "aws_key_pair"):
        for token in TOKENS[pattern_id]:
            assert token not in redact_text(repr(f"one\n{token}\n"))


def test_a_key_that_is_cut_off_is_hidden_to_the_end():
    text = f"key: {TOKENS['private_key'][0][:60]}"
    assert redact_text(text) == "key: <redacted>"


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_none_stays(text):
    """Messages in which every other word was hidden helped nobody."""
    assert redact_text(text) == text


NAMED_VALUES = [
    ("password={}", "hunter2"), ("--password={}", "hunter2"), ('{{"api_key": "{}", "n": 1}}', 'a\\"b'),
    ("{{'client_secret': b'{}'}}", "hunter2"), ("?access_token={}&x=1", "abc"), ("X-Amz-Signature={}", "0f" * 32),
    ("Authorization: {}", "Basic dTpw"), ("Cookie: {}", "a=b; c=d"), ("DB_PASSWORD={}", "p(w)d"),
    ('{{\\"password\\": \\"{}\\"}}', "hunter2"), ('password = """{}"""', "two words"), ("apiKey: '{}'", "abc"),
    ("token={}", "0123456789abcdef"), ("privateKey='{}'", "abc"), ("ValueError: password={}", "hunter2"),
]  # fmt: skip


@pytest.mark.parametrize(("around", "value"), NAMED_VALUES)
def test_a_value_is_known_by_its_name(around, value):
    (match,) = find_tokens(around.format(value))
    assert match.pattern_id == NAMED
    assert redact_text(around.format(value)) == around.format("<redacted>")


@pytest.mark.parametrize("marker", _MARKERS)
def test_the_markers(marker):
    """Whatever the case, and with any other character for the underscore."""
    assert len(_MARKERS) == 23
    for name in (
        marker,
        marker.upper(),
        f"my.{marker}.2",
        marker.replace("_", "-"),
        marker.replace("_", " "),
    ):
        assert is_secret_name(name)


@pytest.mark.parametrize("name", ["user", "path", "design", "signer", "key", "pass", ""])
def test_other_names(name):
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0123456789abcdef", True), ("0123456789abcde", False), ("sk-1", True), ("GHP_x", True), ("xoxb", True),
        ("Bearer x", True), ("my secret", True), ("sixteen chars in words", False), ("=" * 40, False), ("", False),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret(value, expected):
    assert looks_secret(value) is expected


PIECES = [
    *("a", "1", "_", "-", "=", ":", "@", "/", "\\", '"', "'", " ", "\n", ".", "%41", "+", "\\u00e9", "\0", "é"),
    *("sk-", "sk-ant-", "eyJ", "eyJaaaaaaaaaa.", "://", "://a:", "://a:@", "-----BEGIN PRIVATE KEY-----", "SG."),
    *("password=", "password:  ", "password='\\'", 'password=\\"', "token=", "token='a b", "cookie:", "key=>"),
    *("xoxb-", "bearer ", "AKIAAAAAAAAAAAAAAAAA:", "123456789:AA", "SG.aaaaaaaaaaaaaaaa."),
    *("password=***", "ghp_a1", "a1b2c3d4e5f6a7b8"),
    *("--password ", "-u ", "curl ", "curl -u a:", "mysql -p", "<password>", "<password ", "</"),
    *("key: password value: ", "password: a ", "password: f(", "password=[", "authorization: ", "basic "),
    *("identified by '", "login a password ", "&", "&a", ",", ";", "(", '["password",', "password: |\n", "API "),
    *("Aa", "a.b.", "password\uff1a", "%3D", "user:a@tcp(", ")"),
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3),
    st.sampled_from(["", *string.ascii_lowercase[:2], "="]),
)
def test_no_text_makes_it_slow(pieces, end):
    """A pattern that tries every way to fail hangs the process that only wanted to log a line. What is asked for is an
    end at all: quadratic time would be hours here, and the suite's limit on each test ends it."""
    once = "".join(pieces)
    assert isinstance(redact_text(once * (60_000 // len(once)) + end), str)
