"""``palyra credential aws``, asked by hand and by botocore."""

import json
import shlex
import sys

import pytest

KEY = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "canary/secret+key"}
TEMPORARY = {**KEY, "SessionToken": "token", "Expiration": "2099-01-01T00:00:00Z"}


def ask(call, ref="aws/deploy", *options):
    return call(*options, "credential", "aws", ref)


@pytest.mark.parametrize("key", [KEY, TEMPORARY, {**KEY, "UserName": "deploy", "Status": "Active"}])
def test_the_answer_is_what_aws_programs_read(call, key):
    call.set("aws/deploy", json.dumps(key).encode())
    outcome = ask(call)
    expected = {"Version": 1, **{name: key[name] for name in key if name in TEMPORARY}}
    assert (outcome.code, outcome.json, outcome.err) == (0, expected, "")


@pytest.mark.parametrize(
    ("field", "whole"), [("AccessKey", {"AccessKey": KEY}), ("Credentials", {"Credentials": TEMPORARY})]
)
def test_what_aws_printed_can_be_kept_as_it_is(call, field, whole):
    call.set("aws/deploy", json.dumps(whole).encode())
    assert ask(call, f"aws/deploy#{field}").json["SecretAccessKey"] == KEY["SecretAccessKey"]


@pytest.mark.parametrize(
    "value",
    [
        b"canary",
        b"\xff",
        b"[]",
        json.dumps({"AccessKeyId": "canary"}).encode(),
        json.dumps({**KEY, "AccessKeyId": ""}).encode(),
        json.dumps({**KEY, "SecretAccessKey": 7}).encode(),
        json.dumps({**KEY, "Expiration": "soon canary"}).encode(),
        json.dumps({**KEY, "Expiration": "2099-01-01T00:00:00"}).encode(),
    ],
)
def test_what_is_no_key_is_named_and_not_shown(call, value):
    call.set("aws/deploy", value)
    outcome = ask(call, "aws/deploy", "--json")
    assert (outcome.code, outcome.out, outcome.error["code"]) == (2, b"", "not_a_credential")
    assert "canary" not in outcome.err


def test_a_key_that_is_not_there(call):
    outcome = ask(call, "aws/deploy", "--json")
    assert (outcome.code, outcome.out, outcome.error["code"]) == (3, b"", "secret_missing")
    assert ask(call, "https://example.org").code == 2


def test_it_never_asks(call, prompts):
    """An AWS program keeps standard error for itself: a prompt there is seen by nobody, and waits for ever."""
    (key,) = (call.base / "config" / "keys").iterdir()
    key.unlink()
    assert call("credential", "aws", "aws/deploy", terminal=True).code == 6
    assert prompts == []


@pytest.mark.real
@pytest.mark.skipif(sys.platform == "win32", reason="botocore splits the command as a POSIX shell")
@pytest.mark.parametrize("key", [KEY, TEMPORARY])
def test_botocore_uses_the_key_of_the_vault(call, environment, monkeypatch, tmp_path, key):
    session = pytest.importorskip("botocore.session", reason="pip install botocore")
    call.set("aws/deploy", json.dumps(key).encode())
    config = tmp_path / "aws-config"
    program = shlex.join(
        [sys.executable, "-m", "palyra_kernel.cli", *call.places, "credential", "aws", "aws/deploy"]
    )
    config.write_text(f"[profile deploy]\nregion = eu-central-1\ncredential_process = {program}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    found = session.Session(profile="deploy").get_credentials().get_frozen_credentials()
    assert (found.access_key, found.secret_key) == (key["AccessKeyId"], key["SecretAccessKey"])
    assert found.token == key.get("SessionToken")


def test_the_group_is_in_the_help(call):
    assert "credential" in call("--help").text
    shown = call("credential", "--help").text
    for helper in ("git", "docker", "aws"):
        assert f"  {helper} " in shown
