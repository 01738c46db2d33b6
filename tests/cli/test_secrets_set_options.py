"""``palyra secrets set``: values that are generated, and what is stored beside a value."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from palyra_kernel.cli.secrets.generate import ALPHABET


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        (("password",), f"[{ALPHABET}]{{20}}"),
        (("password", "--length", "33"), f"[{ALPHABET}]{{33}}"),
        (("token",), "[A-Za-z0-9_-]{43}"),
        (("hex",), "[0-9a-f]{64}"),
        (("hex", "--length", "8"), "[0-9a-f]{16}"),
    ],
)
def test_generated_values_are_stored_and_not_shown(call, options, pattern):
    outcome = call("secrets", "set", "a", "--generate", *options, "--json")
    value = call.reveal("a")
    assert outcome.code == 0
    assert re.fullmatch(pattern, value.decode())
    assert value not in outcome.out
    assert call("secrets", "set", "b", "--generate", *options).code == 0
    assert call.reveal("b") != value


def test_a_generated_key_shows_its_public_half(call):
    from cryptography.hazmat.primitives import serialization

    outcome = call("secrets", "set", "a", "--generate", "ed25519")
    private = call.reveal("a")
    assert b"PRIVATE" not in outcome.out
    key = serialization.load_pem_private_key(private, None)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert public in outcome.out
    assert (
        call("secrets", "set", "a", "--generate", "ed25519", "--json")
        .json["public_key"]
        .startswith("ssh-ed25519 ")
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--generate", "hex", "--file", "x"),
        ("--generate", "hex", "--length", "7"),
        ("--generate", "hex", "--length", "1025"),
        ("--generate", "ed25519", "--length", "32"),
        ("--generate", "hope"),
        ("--length", "20"),
        ("--label", "noequals"),
        ("--label", "a=1", "--label", "a=2"),
        ("--label", "UPPER=1"),
        ("--expires", "yesterday"),
        ("--expires", "2020-01-01T00:00:00Z"),
        ("--expires", "2099-01-01T00:00:00"),
        ("--expires", "0d"),
        ("--expires", "999999999w"),
        ("--expect-version", "-1"),
    ],
)
def test_wrong_options_store_nothing(call, options):
    assert call("secrets", "set", "a", *options, stdin=b"value").code == 2
    assert call("secrets", "get", "a").code == 3


def test_metadata_is_stored(call):
    options = (
        "--label",
        "team=web",
        "--label",
        "note=a=b",
        "--content-type",
        "text/plain",
        "--expires",
        "30d",
    )
    stored = call("secrets", "set", "a", *options, "--json", stdin=b"1").json
    assert stored["labels"] == {"team": "web", "note": "a=b"}
    assert stored["content_type"] == "text/plain"
    left = datetime.fromisoformat(stored["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    again = call("secrets", "set", "a", "--expires", "2099-01-31T12:00:00+02:00", "--json", stdin=b"2").json
    assert again["labels"] == stored["labels"]
    assert again["expires_at"] == "2099-01-31T10:00:00Z"
