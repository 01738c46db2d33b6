"""What ``palyra secrets import`` reads and refuses: .env grammar, JSON members; no word of a wrong file is repeated."""

from __future__ import annotations

import base64
import json

import pytest

CANARY = "canary"


def write(call, text, name=".env"):
    path = call.base / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("K=a=b==", b"a=b=="),
        ("K = spaced ", b"spaced"),
        ("K='a'\"'", None),
        ('K="\\t\\\\n\\"\'"', b"\t\\n\"'"),
        ("K='\\n\\'\\\\'", b"\\n'\\"),
        ('K="one\ntwo"', b"one\ntwo"),
        ('K="one\r\ntwo"', b"one\r\ntwo"),
        ("K='one\ntwo'", b"one\ntwo"),
        ("K=${OTHER}", b"${OTHER}"),
        ("OTHER=1\nK=\"${OTHER}\"", b"${OTHER}"),
        ("K=`id`", b"`id`"),
        ("K=#x", b"#x"),
        ("K= # comment", b""),
        ("K=\u2028x", b"x"),
        ("K='grüße'", "grüße".encode()),
        ("K", None),
        ("K=\"open", None),
        ("K='open", None),
        ("K='a' b", None),
        ("=x", None),
        ("K: x", None),
        ("K\0=x", None),
        ("K!=x", None),
        ("../K=x", None),
    ],
)  # fmt: skip
def test_the_grammar(call, line, value):
    outcome = call("secrets", "import", write(call, f"{line}\n"), "--yes")
    assert (outcome.code == 0) == (value is not None)
    if value is not None:
        assert call.reveal("K") == value
    else:
        assert outcome.code == 2
        assert call("secrets", "list").out == b""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"A=1\n\n\n{CANARY} no equals\n", 4),
        (f'A=1\nB="{CANARY}\nC=2\n', 2),
        (f"A=1\n{CANARY}+x=2\n", 2),
        (f"{CANARY}=1\n\n{CANARY}=2\n", 3),
        (f"A=1\nB='{CANARY}' {CANARY}\n", 2),
        (f"A=1\n{CANARY}{'x' * 200}=1\n", 2),
        (f"A=1\nB={CANARY * 11_000}\n", 2),
        (f"A={CANARY}\nB=".encode() + b"\xff\n", 2),
        (f'{{"A": "1",\n"{CANARY}": {CANARY}}}', 2),
    ],
)
def test_a_wrong_line_is_named_and_never_repeated(call, text, line):
    for options in ((), ("--json",)):
        outcome = call("secrets", "import", write(call, text), "--yes", *options)
        assert outcome.code == 2
        assert f"line {line}:" in outcome.err
        assert CANARY not in outcome.err + outcome.text
    assert call("secrets", "list").out == b""


@pytest.mark.parametrize(
    "text",
    [
        f'["{CANARY}"]', f'"{CANARY}"', "{", "", f'{{"A": "1", "A": "{CANARY}"}}', '{"A": 1}', '{"A": null}',
        '{"A": NaN}',         '{"A": true}', '{"A": ["1"]}', '{"A": {"value": 1}}', '{"A": {"text": "x"}}',
        '{"A": {"value": "1", "base64": ""}}',
        '{"A": {"base64": "?"}}', '{"A": {"base64": "YQ"}}', '{"A": {}}', '{"A": "\\ud800"}', f'{{"{CANARY}!": "1"}}',
        '{"A":' * 100_000, '{"A": ' + "9" * 5000 + "}",
    ],
)  # fmt: skip
def test_wrong_json_is_refused_without_a_word_of_it(call, text):
    outcome = call("secrets", "import", write(call, text, "x.json"), "--yes", "--json")
    assert (outcome.code, outcome.error["code"]) == (2, "invalid_import")
    assert CANARY not in outcome.err
    assert call("secrets", "list").out == b""


def test_json_members(call):
    document = {
        "a/text": "grüße\0",
        "b": {"value": ""},
        "c": {"base64": base64.b64encode(bytes(range(256))).decode()},
    }
    path = write(call, "\ufeff " + json.dumps(document), "no-suffix")
    assert call("secrets", "import", path, "--yes").code == 0
    assert call.reveal("a/text") == "grüße\0".encode()
    assert call.reveal("b") == b""
    assert call.reveal("c") == bytes(range(256))
