"""What the room costs who only passes by."""

import subprocess
import sys
from pathlib import Path

import palyra_kernel.identity

ROOM = Path(palyra_kernel.identity.__file__).parent


def test_no_module_imports_x509_before_it_is_used():
    """``cryptography.x509`` would cost every start of the command 70 ms, and few runs look at a certificate."""
    names = [
        ".".join(("palyra_kernel.identity", *path.relative_to(ROOM).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in ROOM.rglob("*.py")
    ]
    load = "[importlib.import_module(name) for name in names]"
    program = f"import sys, importlib; names = {names!r}; {load}; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert "'palyra_kernel.identity.ca.authority'" in loaded
    assert "'cryptography.x509'" not in loaded
