"""Types are learnt one at a time, whoever decodes first."""

from __future__ import annotations

import ast
import subprocess
import sys

import msgspec
import pytest

from palyra_kernel.values.decoding import convert, decode_json, decoder
from tests.test_arrows import SOURCE

_TYPES = 100
_CROWD = """
from __future__ import annotations
import sys, threading, types
from palyra_kernel.values.decoding import decode_json
sys.setswitchinterval(1e-6)
MODULE = '''
from __future__ import annotations
import msgspec
class Inner(msgspec.Struct):
    a: int; b: str; c: dict[str, int]; d: list[str] | None = None
class Middle(msgspec.Struct):
    a: Inner; b: Inner | None = None; c: tuple[str, ...] = ()
class Outer(msgspec.Struct):
    x: Middle; y: Inner; z: int = 0
'''
outer = []
for number in range(int(sys.argv[1])):
    module = sys.modules[f"shapes{number}"] = types.ModuleType(f"shapes{number}")
    exec(MODULE, vars(module))
    outer.append(module.Outer)
DOCUMENT = b'{"x":{"a":{"a":1,"b":"","c":{}}},"y":{"a":1,"b":"","c":{}}}'
together = threading.Barrier(4)
def decode():
    for type in outer:
        together.wait()
        assert decode_json(DOCUMENT, type).y.a == 1
threads = [threading.Thread(target=decode) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


class Shape(msgspec.Struct):
    number: int


def test_threads_that_decode_first_together_live():
    """Whoever was second used what the first had half filled in, and the process ended with a segmentation fault: among
    a hundred types, each time."""
    done = subprocess.run(
        [sys.executable, "-c", _CROWD, str(_TYPES)], capture_output=True, text=True, check=False, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_one_decoder_a_type():
    assert decoder(Shape) is decoder(Shape)
    assert decode_json(b'{"number": 3}', Shape) == convert({"number": 3}, Shape) == Shape(3)
    with pytest.raises(msgspec.ValidationError):
        decode_json(b'{"number": "3"}', Shape)


def test_nothing_else_decodes_into_a_type():
    """One call past the lock is enough to end the process."""
    for path in SOURCE.rglob("*.py"):
        if path.name == "decoding.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                typed = name == "msgspec.json.decode" and (node.keywords or len(node.args) > 1)
                past = typed or name in ("msgspec.convert", "msgspec.json.Decoder")
                assert not past, f"{path}:{node.lineno} decodes past palyra_kernel.values.decoding"
