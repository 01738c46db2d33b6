"""What stands between a text and Cedar's parser, which ends the process on deep nesting."""

import subprocess
import sys
import threading

import cedarpy
import pytest

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.policy import bounds, formatting
from palyra_kernel.policy.bundle import Bundle
from tests.policy.asking import bundle

PAIRS = ["()", "[]", "{}"]
HEAD = "permit (principal, action, resource) when "


def nested(depth, pair="()"):
    """A rule whose brackets nest *depth* deep."""
    left, right = pair
    return f'@id("deep") {HEAD}{{ ' + left * (depth - 1) + "true" + right * (depth - 1) + " };"


@pytest.mark.parametrize("pair", PAIRS)
def test_the_parser_never_sees_what_nests_too_deep(monkeypatch, pair):
    """Hazard C8: deep nesting of ( [ { overflows the stack of the parser: the interpreter is gone, exit code 139."""
    for name in ("policies_to_json_str", "validate_policies", "format_policies"):
        monkeypatch.setattr(cedarpy, name, lambda *args, **kwargs: pytest.fail("the parser was called"))
    for depth in (33, 40, 5_000):
        text = nested(depth, pair)
        for read in (bounds_of, lambda text: formatting.formatted(text, "x.cedar")):
            with pytest.raises(InvalidInputError) as caught:
                read(text)
            assert caught.value.code == "policy_too_deep"


def bounds_of(text):
    return bounds.split_rules(text, bounds.MAX_BUNDLE_BYTES)


def test_five_thousand_brackets_in_another_process():
    """Hazard C8 without a mock: who asks is still alive, and gets an error of ours."""
    program = (
        "from palyra_kernel.errors import InvalidInputError\n"
        f"text = {nested(5_000)!r}\n"
        "from palyra_kernel.policy.bundle import Bundle\n"
        "files = dict(Bundle.default().files)\n"
        "files['organisation.cedar'] = text\n"
        "try:\n    Bundle(files)\nexcept InvalidInputError as error:\n    print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout) == (0, "policy_too_deep\n"), done.stderr


@pytest.mark.parametrize(
    ("size", "expected"), [(128 * 1024, "deny policy.deny.evaluation_error"), (640 * 1024, "allow")]
)
def test_the_deepest_text_is_parsed_on_a_small_stack(size, expected):
    """At 256 KiB of stack 18 levels pass, so the parser has a thread of its own. Rules are evaluated on that of the
    caller, where Cedar looks how much is left. (A thread may get the stack of one that ended, up to four times as
    large as it asked for.)"""
    from tests.policy.asking import OWNER, answer, engine_of

    answers = []
    worker = threading.Thread(
        target=lambda: answers.append(answer(engine_of(nested(32)), OWNER, "secret.read", "secret:global/x"))
    )
    with bounds._stack_size:  # or the worker's parser takes this size for that of the process, and leaves it
        before = threading.stack_size(size)
        try:
            worker.start()
        finally:
            threading.stack_size(before)
    worker.join(50)
    assert answers == [expected]


def test_a_size_of_stacks_that_another_thread_sets_meanwhile_stays(monkeypatch):
    """It is one setting for the whole process: what was read before came back, and threads of the program that had
    asked for more, or for less, got that."""

    class Meanwhile(threading.Thread):
        def start(self):
            super().start()
            threading.stack_size(512 * 1024)

    monkeypatch.setattr(threading, "Thread", Meanwhile)
    try:
        assert bounds.on_large_stack(lambda: "parsed") == "parsed"
    finally:
        left = threading.stack_size(0)
    assert left == 512 * 1024


@pytest.mark.parametrize(
    "text",
    [
        'a == "((((" ',
        'a == "\\"((((" ',
        "// ((((((\n a ",
        "// ((((\r a ",
        "// ((((\r\n a ",
        '"//" ( )',
        '"a" // "(\n',
    ],
)
def test_brackets_in_strings_and_comments_do_not_count(text):
    assert bounds_of(text) == [text, ""] or bounds_of(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "// x\r" + "(" * 33,  # for Cedar a comment ends at a carriage return
        '"a" ' + "(" * 33,
        "/* " + "(" * 33,  # there are no such comments
        "'" + "(" * 33 + "'",  # nor such strings
    ],
)
def test_nothing_nests_unseen(text):
    """The scanner sees at least every bracket that Cedar's lexer sees."""
    with pytest.raises(InvalidInputError) as caught:
        bounds_of(text)
    assert caught.value.code == "policy_too_deep"


@pytest.mark.parametrize(
    "text",
    [
        '"' + "(" * 33,
        '"\\\n"' + "(" * 33 + '"',
        "( ]",
        "(]" * 40,
        "}",
        "((",
        "{ ( }",
        "permit (principal, action, resource",
    ],
)
def test_brackets_and_strings_that_do_not_end_are_refused(text):
    with pytest.raises(InvalidInputError) as caught:
        bounds_of(text)
    assert caught.value.code == "policy_syntax"


def test_ten_megabytes_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(bounds, "_ends", lambda text: pytest.fail("it was scanned"))
    with pytest.raises(InvalidInputError) as caught:
        bounds_of("a" * 10 * 2**20)
    assert caught.value.code == "policy_too_large"


def test_a_bundle_and_a_session_have_their_limits():
    with pytest.raises(InvalidInputError) as caught:
        bundle("// " + "x" * 2**20)
    assert caught.value.code == "policy_too_large"
    with pytest.raises(InvalidInputError) as caught:
        Bundle.default().session_layer("// " + "x" * bounds.MAX_LAYER_BYTES)
    assert caught.value.code == "policy_too_large"


def test_what_the_parser_raises_arrives_where_it_was_asked_for():
    def fail():
        raise LookupError("x")

    with pytest.raises(LookupError):
        bounds.on_large_stack(fail)
    assert bounds.on_large_stack(lambda: threading.current_thread().name) == "palyra-policy-parser"
