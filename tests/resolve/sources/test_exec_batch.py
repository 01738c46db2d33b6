"""``exec://NAME#ID``: many secrets from one start."""

import json
import sys

import pytest

from palyra_kernel.contracts.sources import SecretError
from palyra_kernel.values.deadline import Deadline
from palyra_kernel.values.secret_ref import SecretRef
from tests.resolve.sources.asking import ECHO, commands, error, python, value

if sys.platform == "win32":
    pytest.skip("owners, modes, handles and processes of POSIX", allow_module_level=True)


def answering(text, **settings):
    """A command that reads its question and prints *text*."""
    code = "import sys; sys.stdin.read(); sys.stdout.buffer.write(sys.argv[1].encode('utf-8', 'surrogateescape'))"
    printed = text if isinstance(text, str) else json.dumps(text)
    return commands(a={"command": python(code, printed), "batch": True, **settings})


def outcome(source, ref):
    found = error(source, ref)
    return found.kind, found.code


def ask(source, *refs):
    parsed = [SecretRef.parse(ref) for ref in refs]
    found = source.resolve(parsed, Deadline.after(30))
    return [found[ref] for ref in parsed]


def test_a_hundred_references_are_one_start(tmp_path):
    """Hazard P: 84 calls for 28 things, 2.3 s each; here 100 references cost one start."""
    starts = tmp_path / "starts"
    source = commands(a={"command": python(ECHO, str(starts)), "batch": True})
    names = [f"db/p{number} ü?" for number in range(100)]
    found = ask(source, *(f"exec://a#{name}" for name in names))
    assert [secret.reveal().decode() for secret in found] == [f"value of {name}" for name in names]
    assert starts.read_bytes() == b"x"


def test_references_to_one_id_have_a_buffer_each(tmp_path):
    source = commands(a={"command": python(ECHO, str(tmp_path / "starts")), "batch": True})
    first, second, small = ask(
        source, "exec://a#x", {"ref": "exec://a#x", "required": False}, {"ref": "exec://a#x", "max_bytes": 3}
    )
    first.wipe()
    assert second.reveal() == b"value of x"
    assert small.kind == "too_large"
    assert (tmp_path / "starts").read_bytes() == b"x"


def test_references_that_need_another_start_get_one(tmp_path):
    source = commands(
        a={"command": python(ECHO, str(tmp_path / "starts")), "batch": True, "inherited_env": ["ONE", "TWO"]}
    )
    ask(source, "exec://a#x", {"ref": "exec://a#y", "inherited_env": ["ONE"]}, "exec://a#z")
    assert (tmp_path / "starts").read_bytes() == b"xx"


def test_one_broken_command_fails_its_own_references_only(tmp_path):
    """Wish 23: one stale reference took down everything."""
    source = commands(a={"command": ["/bin/echo", "value"]}, b={"command": ["/bin/sh", "-c", "exit 1"]})
    fine, broken, unknown = ask(source, "exec://a", "exec://b", "exec://c")
    assert fine.reveal() == b"value\n"
    assert (broken.code, unknown.code) == ("exit_code", "unknown_command")


def test_a_command_with_ids_also_answers_without(tmp_path):
    source = commands(a={"command": ["/bin/sh", "-c", "cat; echo plain"], "batch": True})
    assert value(source, "exec://a") == b"plain\n"


def test_binary_values_are_base64():
    answer = {"version": 1, "values": {"x": {"base64": "AP+A"}, "y": ""}}
    binary, empty = ask(answering(answer), "exec://a#x", "exec://a#y")
    assert binary.reveal() == b"\x00\xff\x80"
    assert empty.reveal() == b""


@pytest.mark.parametrize(
    ("code", "kind", "ours"),
    [
        ("not_found", "missing", "not_found"),
        ("denied", "policy_blocked", "denied"),
        ("rate_limited", "io", "quota"),
        ("its_own", "exec_failed", "command_error"),
    ],
)
def test_an_error_concerns_its_id_and_its_words_are_not_shown(code, kind, ours):
    """Wish 21 and 22: errors of sources were one kind, so quota and absence were treated alike."""
    problem = {"code": code, "message": "hunter2 is wrong", "retry_after_seconds": 7}
    fine, failed, absent = ask(
        answering({"version": 1, "values": {"x": "v"}, "errors": {"y": problem}}),
        "exec://a#x",
        "exec://a#y",
        "exec://a#z",
    )
    assert fine.reveal() == b"v"
    assert (failed.kind, failed.code) == (kind, ours)
    assert failed.retry_after_seconds == (7 if ours == "quota" else None)
    assert "hunter2" not in repr(failed)
    assert (absent.kind, absent.code) == ("missing", "no_answer")


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "hunter2",
        '{"version": 1, "values": {"x": "hun',
        '{"version": 1, "values": {"x": "v"}} {"version": 1}',
        '{"version": 1, "values": {"x": "\\ud800"}}',
        '{"version": 1, "values": {"x": "\udcff"}}',
        "[" * 100_000,
        {"version": 2, "values": {"x": "v"}},
        {"version": True, "values": {"x": "v"}},
        {"values": {"x": "v"}},
        {"version": 1, "values": {"x": 1}},
        {"version": 1, "values": {"x": None}},
        {"version": 1, "errors": {"x": {"code": "denied", "secret": "hun"}}},
        {"version": 1, "errors": {"x": {"code": "rate_limited", "retry_after_seconds": 1e9}}},
        {"version": 1, "values": {"x": {"base64": "???"}}},
        {"version": 1, "values": {"x": {"hex": "00"}}},
        {"version": 1, "values": {"x": "v"}, "more": 1},
        {"version": 1, "values": {"x": "v"}, "errors": {"y": "denied"}},
        {"version": 1, "values": {"x": "v"}, "errors": {"y": {"message": "denied"}}},
        {"version": 1, "values": {"x": "v", "z": "of somebody else"}},
        {"version": 1, "values": {"x": "v"}, "errors": {"z": {"code": "denied", "message": ""}}},
        {"version": 1, "values": {"x": "v"}, "errors": {"x": {"code": "denied", "message": ""}}},
    ],
)
def test_an_answer_of_another_shape_is_none_for_all(answer):
    """Half an answer, one of somebody else's, or plain words: nobody can tell what is true of it."""
    if isinstance(answer, str) and len(answer) > 1000:
        source = commands(a={"command": python("print('[' * 100_000)"), "batch": True})
    else:
        source = answering(answer)
    found = ask(source, "exec://a#x", "exec://a#y")
    for each in found:
        assert isinstance(each, SecretError)
        assert (each.kind, each.code) == ("decode_failed", "batch_answer")
        assert "hun" not in repr(each)


def test_the_limit_of_a_batch_is_the_commands_and_of_a_value_the_references():
    text = json.dumps({"version": 1, "values": {"x": "v" * 100}})
    assert outcome(answering(text, max_output_bytes=len(text) - 1), "exec://a#x")[0] == "too_large"
    source = answering(text, max_output_bytes=len(text))
    assert outcome(source, {"ref": "exec://a#x", "max_bytes": 99}) == ("too_large", "too_large")
    assert value(source, {"ref": "exec://a#x", "max_bytes": 100}) == b"v" * 100


def test_a_command_that_does_not_read_its_question_may_answer():
    """A closed pipe is no reason to fail, nor to die of."""
    code = 'import os; os.close(0); print(\'{"version": 1, "values": {"x": "v"}}\')'
    refs = [f"exec://a#{'x' * 4000}{number}" for number in range(100)]
    source = commands(a={"command": python(code), "batch": True})
    assert ask(source, "exec://a#x", *refs)[0].reveal() == b"v"


def test_an_exit_code_spoils_the_answer():
    code = 'print(\'{"version": 1, "values": {"x": "v"}}\'); raise SystemExit(3)'
    assert outcome(commands(a={"command": python(code), "batch": True}), "exec://a#x") == (
        "exec_failed",
        "exit_code",
    )
