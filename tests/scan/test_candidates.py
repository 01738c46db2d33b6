"""What is taken for a secret, and what only looks like one: an audit that cries wolf is switched off."""

from __future__ import annotations

import pytest

from palyra_kernel.scan.candidates import inline_secrets, is_stand_in
from palyra_kernel.scan.formats import format_of

KEY = "sk-proj-" + "a1B2" * 8
GITHUB = "ghp_" + "a1B2" * 9


def found(name, text):
    known = format_of(name)
    leaves = known.leaves(text)
    return [
        (each.leaf.name if each.leaf else None, each.pattern, each.whole)
        for each in inline_secrets(text, leaves, settings=known.name != "text")
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (".env", f"OPENAI_API_KEY={KEY}", [("OPENAI_API_KEY", "openai_key", True)]),
        (".env", "DB_PASSWORD=hunter2", [("DB_PASSWORD", "secret_name", True)]),
        (".env", "PASSPHRASE='correct horse battery'", [("PASSPHRASE", "secret_name", True)]),
        (".env", "PWD_X=1\nURL=postgres://u:p4ss@h/d", [("URL", "url_userinfo", True)]),
        ("a.yaml", "password: 12345678", [("password", "secret_name", True)]),
        ("a.yaml", "api:\n  key: 12345678\n", []),
        (
            "a.yaml",
            "env:\n- name: APP_TOKEN\n  value: k3v9x2m8q1w7e5r4\n",
            [("value", "secret_name", True)],
        ),
        ("a.yaml", "environment:\n- APP_PASSWORD=hunter2\n", [("environment", "secret_name", False)]),
        ("a.yaml", f"# old: {KEY}\na: b\n", [(None, "openai_key", True)]),
        ("a.toml", f'tokens = ["{GITHUB}"]', [("tokens", "github_token", True)]),
        ("a.json", '{"clientSecret": "abc123"}', [("clientSecret", "secret_name", True)]),
        ("a.py", 'api_key = "Zk83jd0Qw9"', [("api_key", "secret_name", True)]),
        ("a.py", 'api_key: str = "Zk83jd0Qw9"', [("api_key", "secret_name", True)]),
        ("a.js", "const x = { apiKey: 'Zk83jd0Qw9' }", [("apiKey", "secret_name", True)]),
        ("a.go", 'password := "hunter2"', [("password", "secret_name", True)]),
        ("a.sh", "export DB_PASSWORD=hunter2 # x", [("DB_PASSWORD", "secret_name", True)]),
        ("a.ini", "[db]\npassword = hunter2\n", [("password", "secret_name", True)]),
        (
            "a.json",
            f'{{"x": ["AKIA{"A1B2" * 4}", "{"a1B2/" * 8}"]}}',
            [("x", "aws_key_pair", True), ("x", "aws_key_pair", True)],
        ),
        ("a.json", '{"password": "\\ud800hunter2"}', [("password", "secret_name", False)]),
        (".npmrc", "//registry.test/:_authToken=0123456789abcdef", [("_authToken", "secret_name", True)]),
        ("a.ini", "password = hunter2 ; old", [("password", "secret_name", True)]),
        ("a.md", f"use {KEY}", [(None, "openai_key", True)]),
        ("a.py", "password = get_password()", []),
        ("a.py", 'label = {"password": "Passwort"}', []),
        ("a.json", '{"password": "Enter your password"}', []),
        (".env", "TOKEN_URL=https://auth.test/0123456789abcdef", []),
        (".env", "PASSWORD_FILE=/run/secrets/password-of-the-database", []),
        (".env", "SESSION_TIMEOUT=0123456789abcdef0", []),
        (".env", "API_KEY=vault://global/app/key", []),
        (".env", "API_KEY=$(cat key-of-the-program)", []),
        ("a.toml", 'secret_name = "a-name-that-is-long-enough"', []),
        ("a.yaml", 'password: !vault "$ANSIBLE_VAULT;1.1;AES256"', []),
        ("a.yaml", "token: true\npassword:\n", []),
    ],
)
def test_what_is_found(name, text, expected):
    assert found(name, text) == expected


STAND_INS = """\
changeme change-me CHANGE_ME_PLEASE ${VAR} <your-key> xxx XXXX-XXXX your-api-key sk-xxxxxxxxxxxxxxxxxxxxxxxx
your_token_here {{secret}} **** ... TODO $SECRET `cmd` %(password)s https://example.com/x test123 insert-key-here
REPLACE_ME password secret"""


@pytest.mark.parametrize("value", ["", " ", *STAND_INS.split()])
def test_what_only_holds_the_place_of_a_secret_is_none(value):
    assert is_stand_in(value)
    assert found("a.json", f'{{"api_key": "{value}"}}') == []


@pytest.mark.parametrize("value", ["hunter2", KEY, "p4$$w0rd", "testing-9f8e", "xkcd936", "a<b>c123456789"])
def test_what_is_odd_is_still_a_secret(value):
    assert not is_stand_in(value)


def test_long_texts_end():
    """No expression may take more than linear time."""
    for piece in ("a", "'", '"', "{", "<a", "$(", "x-", "=", ":", " ", "\\", "password=", "-----BEGIN"):
        list(inline_secrets(piece * 20_000, format_of("a.sh").leaves(piece * 20_000), settings=True))
        is_stand_in(piece * 20_000)


def test_a_token_behind_a_secret_name_keeps_its_own_kind():
    text = f'# password = "see {KEY}"\npassword = "x{GITHUB}"\n'
    assert found("a.py", text) == [("password", "openai_key", True), ("password", "github_token", True)]
    assert found("a.toml", text) == [("password", "github_token", True), (None, "openai_key", True)]
