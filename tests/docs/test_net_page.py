"""``docs/net.md``: limits, error codes and the example are those of the client."""

from __future__ import annotations

import ast
from pathlib import Path

import palyra_kernel.net
from palyra_kernel.net import NOTHING_SENT, Limits, client
from palyra_kernel.net.lookup import _AT_ONCE
from tests.docs.pages import blocks, page, section, table_rows

PAGE = page("net.md")
ROOM = Path(palyra_kernel.net.__file__).parent
CODES = {
    name.strip("` "): row[3] for row in table_rows(section(PAGE, "## Errors")) for name in row[1].split(",")
}


def raised():
    """The codes that the room gives to errors: the first argument of every error that is made."""
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name.endswith("Error") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield first.value
                elif isinstance(first, ast.JoinedStr):
                    yield from (f"address_not_{kind}" for kind in ("public", "loopback"))


def test_every_code_is_on_the_page():
    text = section(PAGE, "## Errors")
    for code in set(raised()) - {"internal"}:
        assert f"`{code}`" in text, code


def test_what_was_sent_is_what_the_code_says():
    """Whoever believes that nothing was sent sends it again."""
    assert {code for code, sent in CODES.items() if sent == "no"} == NOTHING_SENT
    assert CODES.keys() - {"response_type"} <= set(raised())


def test_the_limits_are_those_of_the_code():
    limits = Limits()
    shown = {row[0].strip("`"): row[1] for row in table_rows(section(PAGE, "## Limits"))}
    for name, value in shown.items():
        number, _, unit = value.partition(" ")
        assert getattr(limits, name) == int(number) * (1024 if unit == "KiB" else 1), name
    assert shown.keys() == set(Limits.__dataclass_fields__)
    assert f"at most {_AT_ONCE} of them" in PAGE
    assert limits.wire_bytes == 8 * limits.body_bytes + limits.head_bytes


def test_the_example_runs(monkeypatch):
    """Against a name that nobody can resolve: nothing was sent, so it may be sent again."""
    (example,) = blocks(PAGE, "python")

    def nobody(host, port):
        raise OSError

    monkeypatch.setitem(client.HttpClient.__init__.__kwdefaults__, "resolver", nobody)
    names: dict[str, object] = {}
    exec(compile(example, "net.md", "exec"), names)
    assert names["may_be_sent_again"] is True
