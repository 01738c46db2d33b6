"""What becomes of each answer of AWS: scripted where moto's server is too kind."""

import logging
import socket
import subprocess
import sys

import boto3  # type: ignore[import-untyped]  # it has no types
import pytest

from palyra_kernel import Deadline, SecretError, SecretRef, SensitiveBytes, SourcePlace
from palyra_source_aws import AwsSource

CANARY = "canary-c0ffee"
ACCOUNT = "arn:aws:secretsmanager:eu-central-1:123456789012:secret"
KEYS = {"region": "eu-central-1", "access_key_id": "testing", "secret_access_key": SensitiveBytes(b"testing")}


def opened(url, **settings):
    return AwsSource.open(SourcePlace(settings={**KEYS, "endpoint_url": url, **settings}))


def resolve(url, *texts, seconds=30.0, **settings):
    refs = [SecretRef.parse(text) for text in texts]
    answers = opened(url, **settings).resolve(refs, Deadline.after(seconds))
    assert set(answers) == set(refs)
    return [answers[ref] for ref in refs]


def problem(answer):
    assert isinstance(answer, SecretError), "answered with a value"
    assert CANARY not in repr(answer)
    return answer.kind, answer.code


def entry(name, value):
    return {"Name": name, "ARN": f"{ACCOUNT}:{name}-AbCdEf", "SecretString": value}


def test_one_is_asked_for_alone_and_many_together(script):
    """A hundred references cost five calls, and those to fields of one secret are one question."""
    script.says(entry("one", '{"user": "u", "password": "p"}'))
    assert (
        resolve(script.url, "aws://one#user", "aws://one#password") == [b'{"user": "u", "password": "p"}'] * 2
    )
    assert [(action, body) for action, body, _ in script.calls] == [("GetSecretValue", {"SecretId": "one"})]


def test_a_hundred_cost_five_calls(script):
    names = [f"name-{number}" for number in range(100)]
    script.says({"SecretValues": [entry(name, name) for name in names]})
    found = resolve(script.url, *(f"aws://{name}" for name in names))
    assert found == [name.encode() for name in names]
    assert [len(body["SecretIdList"]) for _, body, _ in script.calls] == [20] * 5


def test_an_answer_in_pages_is_read_to_the_end(script):
    script.says({"SecretValues": [entry("b", "B")], "NextToken": "more"}).says(
        {"SecretValues": [entry("a", "A")]}
    )
    assert resolve(script.url, "aws://a", "aws://b") == [b"A", b"B"]
    assert script.calls[1][1] == {"SecretIdList": ["a", "b"], "NextToken": "more"}


def test_pages_without_end_are_no_answer(script):
    """A server that always says 'more' must not be asked until the deadline."""
    script.says({"SecretValues": [], "NextToken": "more"})
    found = resolve(script.url, "aws://a", "aws://b")
    assert [problem(each) for each in found] == [("io", "bad_answer")] * 2
    assert len(script.calls) == 3


def test_one_that_is_refused_harms_no_other(script):
    errors = [
        {"SecretId": "gone", "ErrorCode": "ResourceNotFoundException", "Message": CANARY},
        {"SecretId": "deleted", "ErrorCode": "InvalidRequestException", "Message": CANARY},
        {"SecretId": "denied", "ErrorCode": "AccessDeniedException", "Message": CANARY},
        {"SecretId": "sealed", "ErrorCode": "DecryptionFailure", "Message": CANARY},
        {"SecretId": "odd", "ErrorCode": f"<{CANARY}>", "Message": CANARY},
    ]
    script.says({"SecretValues": [entry("good", "value")], "Errors": errors})
    names = ("good", "gone", "deleted", "denied", "sealed", "odd", "forgotten")
    good, *found = resolve(script.url, *(f"aws://{name}" for name in names))
    assert good == b"value"
    assert [problem(each) for each in found] == [
        ("missing", "not_found"),
        ("missing", "scheduled_for_deletion"),
        ("policy_blocked", "access_denied"),
        ("policy_blocked", "decryption_denied"),
        ("io", "service_error"),
        ("io", "bad_answer"),
    ]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ResourceNotFoundException", 400, ("missing", "not_found")),
        ("InvalidRequestException", 400, ("missing", "scheduled_for_deletion")),
        ("InvalidParameterException", 400, ("invalid_reference", "invalid_reference")),
        ("AccessDeniedException", 400, ("policy_blocked", "access_denied")),
        ("DecryptionFailure", 400, ("policy_blocked", "decryption_denied")),
        ("UnrecognizedClientException", 400, ("io", "bad_credentials")),
        ("ExpiredTokenException", 400, ("io", "bad_credentials")),
        ("ThrottlingException", 400, ("io", "quota")),
        ("Whatever", 429, ("io", "quota")),
        ("InternalServiceError", 500, ("io", "service_error")),
        (CANARY, 503, ("io", "service_error")),
    ],
)
def test_every_error_has_its_kind(script, code, status, expected):
    """Hazards U15, S20: everything was one error. And it is asked once: who tries again is the resolver."""
    script.fails(code, status)
    for texts in (["aws://one"], ["aws://one", "aws://two"]):
        script.calls.clear()
        assert {problem(each) for each in resolve(script.url, *texts)} == {expected}
        assert len(script.calls) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry_After": "7"}, 7.0), ({"Retry_After": "soon"}, 1.0), ({}, 1.0)]
)
def test_a_quota_says_when_to_come_back(script, headers, seconds):
    script.fails("ThrottlingException", **headers)
    (answer,) = resolve(script.url, "aws://one")
    assert isinstance(answer, SecretError)
    assert answer.retry_after_seconds == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"<html>a proxy's login page</html>",
        b'{"Name": "one"',
        b"[]",
        {"Name": "another", "ARN": f"{ACCOUNT}:another-AbCdEf", "SecretString": "of somebody else"},
        {"SecretString": "whose?"},
        {"Name": "one", "ARN": f"{ACCOUNT}:one-AbCdEf"},
        b'{"Name": "one", "ARN": "%s:one-AbCdEf", "SecretString": "\\ud800"}' % ACCOUNT.encode(),
        {"Name": "one", "ARN": f"{ACCOUNT}:one-AbCdEf", "SecretBinary": "not base64!"},
    ],
)
def test_what_is_no_answer_is_no_value(script, body):
    """Another secret's value, half of one, or a login page: none of them is the secret, and none is 'missing'."""
    script.says(body)
    (answer,) = resolve(script.url, "aws://one")
    assert problem(answer)[0] == "io"


def test_a_server_that_never_answers_is_given_up(script):
    """The time limit of the client is what is left of the deadline, not a minute of its own."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert {problem(each) for each in resolve(url, "aws://a", "aws://b", seconds=0.5)} == {
            ("timeout", "deadline")
        }


def test_a_server_that_is_down_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    assert [problem(each) for each in resolve(url, "aws://one")] == [("io", "unreachable")]


def test_names_and_arns_are_matched_not_counted(script):
    whole, partial = f"{ACCOUNT}:b-AbCdEf", f"{ACCOUNT}:c"
    script.says({"SecretValues": [entry("c", "C"), entry("a", "A"), entry("b", "B")]})
    by_arn = resolve(script.url, f"aws://{whole}", f"aws://{partial}")
    assert by_arn == [b"B", b"C"]
    assert resolve(script.url, "aws://a", "aws://b") == [b"A", b"B"]


def test_an_arn_is_asked_for_in_its_region(script):
    """Elsewhere it is 'not found', and a fallback would answer with another key."""
    there = "arn:aws:secretsmanager:us-west-2:123456789012:secret:one-AbCdEf"
    script.says({**entry("one", "value"), "ARN": there})
    assert resolve(script.url, f"aws://{there}") == [b"value"]
    assert "/us-west-2/secretsmanager/" in script.calls[0][2]["Authorization"]
    source = opened(script.url)
    assert source.batch_key(SecretRef.parse(f"aws://{there}")) == "us-west-2"
    assert source.batch_key(SecretRef.parse("aws://one")) == ""


def test_a_secret_that_is_being_deleted_is_missing(server, manager):
    for name in ("one", "two"):
        manager.create_secret(Name=name, SecretString=name)
    manager.delete_secret(SecretId="one")
    (alone,) = resolve(server, "aws://one")
    assert problem(alone) == ("missing", "scheduled_for_deletion")
    gone, kept = resolve(server, "aws://one", "aws://two")
    assert (problem(gone)[0], kept) == ("missing", b"two")


def test_versions_are_asked_for_by_id_and_by_stage(server, manager):
    first = manager.create_secret(Name="one", SecretString="first")["VersionId"]
    manager.put_secret_value(SecretId="one", SecretString="second")
    found = resolve(
        server, "aws://one", f"aws://one?version_id={first}", "aws://one?version_stage=AWSPREVIOUS"
    )
    assert found == [b"second", b"first", b"first"]


def test_without_credentials_the_hint_says_so(script):
    source = AwsSource.open(SourcePlace(settings={"region": "eu-central-1", "endpoint_url": script.url}))
    ref = SecretRef.parse("aws://one")
    answer = source.resolve([ref], Deadline.after(30))[ref]
    assert problem(answer) == ("io", "no_credentials")
    assert "access_key_id" in repr(answer)


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"region": "eu-central-1", "profile": "nobody"}, "no_credentials"), ({}, "no_region")],
)
def test_what_is_not_configured_is_named(settings, code):
    ref = SecretRef.parse("aws://one")
    answer = AwsSource.open(SourcePlace(settings=settings)).resolve([ref], Deadline.after(30))[ref]
    assert problem(answer) == ("io", code)


@pytest.mark.parametrize("where", ["environment", "profile"])
def test_an_endpoint_that_the_client_finds_is_not_in_the_clear(monkeypatch, tmp_path, where):
    """Only that of the settings was looked at: a variable made every secret travel in the clear."""
    if where == "environment":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://192.0.2.1:80")
    else:
        (tmp_path / "config").write_text("[default]\nendpoint_url = http://192.0.2.1:80\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    source = AwsSource.open(SourcePlace(settings=KEYS))
    for texts in (["aws://one"], ["aws://one", "aws://two"]):
        refs = [SecretRef.parse(text) for text in texts]
        for answer in source.resolve(refs, Deadline.after(30)).values():
            assert problem(answer) == ("policy_blocked", "unsafe_endpoint")


def test_a_session_token_is_sent_and_logged_nowhere(script, caplog):
    """At level DEBUG the client prints what it signs, tokens included."""
    script.says(entry("one", CANARY))
    with caplog.at_level(logging.DEBUG):
        resolve(script.url, "aws://one", session_token=SensitiveBytes(b"token-d00d"))
    assert script.calls[0][2]["X-Amz-Security-Token"] == "token-d00d"
    assert "token-d00d" not in caplog.text
    assert CANARY not in caplog.text


def test_other_users_of_the_client_log_as_before(script, caplog):
    """Whoever debugs a bucket in the same process must not find an empty log."""
    script.says(entry("one", "value"))
    resolve(script.url, "aws://one")
    client = boto3.session.Session("testing", "testing", region_name="eu-central-1").client(
        "secretsmanager", endpoint_url=script.url
    )
    with caplog.at_level(logging.DEBUG):
        client.get_secret_value(SecretId="one")
    client.close()
    assert "Response body" in caplog.text


def test_the_client_is_imported_when_it_is_needed():
    """It takes a quarter of a second, and most runs ask for nothing."""
    code = (
        "import sys, palyra_source_aws as plugin; from palyra_kernel import SourcePlace;"
        "plugin.AwsSource.open(SourcePlace(settings={})).capabilities();"
        "print([name for name in ('boto3', 'botocore') if name in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
