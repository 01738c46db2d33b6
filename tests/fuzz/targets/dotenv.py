"""``.env`` files to import."""

import re

from palyra_kernel.cli.secrets.dotenv_format import dotenv_line, parse_dotenv
from palyra_kernel.cli.secrets.import_files import guess_format, name_items, read_items
from palyra_kernel.values.scopes import GLOBAL
from tests.fuzz.oracles import result

JSON = False

_NAME = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)
_WHERE = re.compile(r"line [1-9][0-9]*")


def seeds():
    return {
        "plain": b"A=1\nexport B=two words # comment\n# comment\nC=a=b==\n",
        "quoted": b"A='it''s'\nB='\\'\\\\'\nC=\"\\t\\\\n\\\"'\"\n",
        "lines": b"A=\"one\ntwo\"\r\nB='one\r\ntwo'\n",
        "dollar": b"A=${B}\nB=$(id)`id`\n",
        "open": b"A=\"1\nB='2\n",
        "no-equals": b"A\nB=1\n",
        "bom": b"\xef\xbb\xbfA=1\n",
        "separators": "A=\u2028x\x0b\x1c\x85\n".encode(),
        "nul": b"A\0=1\nB=\0\n",
        "key": b"myapp/a.b-c=1\nMYAPP/A.B-C=2\n",
        "not-utf8": b"A=1\nB=\xff\n",
    }


def check(data: bytes) -> None:
    """Any text is written so that it reads back exactly; what a file says is said again by its items, and what is
    wrong with it is told in our own words."""
    text = data.decode("utf-8", "ignore")
    items, problems = parse_dotenv(dotenv_line("A", text))
    assert ([(item.name, item.value) for item in items], problems) == ([("A", text.encode())], [])
    items, problems = parse_dotenv(text)
    places = [item.where for item in items] + [problem.where for problem in problems]
    assert all(_WHERE.fullmatch(place) for place in places)
    assert {problem.why for problem in problems} <= {
        "not NAME=VALUE, or a quote that is not closed",
        "a name without =",
    }
    legal = [item for item in items if _NAME.fullmatch(item.name)]
    again, _ = parse_dotenv("".join(dotenv_line(item.name, item.value.decode()) for item in legal))
    assert [(item.name, item.value) for item in again] == [(item.name, item.value) for item in legal]
    assert guess_format(".env", data) in ("dotenv", "json")
    found = result(read_items, data, "dotenv")
    named = result(name_items, found or [], GLOBAL, prefix="p/", lower=True, limit=1000)
    assert len({name.ref for name in named or []}) == len(named or [])
