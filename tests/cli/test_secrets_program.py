"""``palyra secrets`` as a real program: the bytes that pass through it, and what it imports."""

from __future__ import annotations

import subprocess
import sys

ALL_BYTES = bytes(range(256))
_MODULES = """
import sys
from palyra_kernel.cli.start import run
assert run(sys.argv[1:]) == 0
print(*sys.modules, file=sys.stderr)
"""


def test_reveal_is_byte_exact_through_a_pipe(palyra):
    """Hazard U6: binary values were damaged when they were shown."""
    assert palyra("secrets", "set", "a", stdin=ALL_BYTES).code == 0
    assert palyra("secrets", "get", "a", "--reveal") == (0, ALL_BYTES, "")


def test_revealing_imports_little(palyra):
    palyra("secrets", "set", "a", stdin=b"value")
    arguments = [*palyra.places, "secrets", "get", "a", "--reveal"]
    done = subprocess.run(
        [sys.executable, "-c", _MODULES, *arguments], capture_output=True, timeout=50, check=True
    )
    assert done.stdout == b"value"
    modules = set(done.stderr.decode().split())
    heavy = {
        "asyncio", "cryptography.x509", "dotenv", "email", "httpx", "hypercorn", "importlib.metadata",
        "keyring", "packaging", "platformdirs", "pydantic", "rich", "shutil", "socket", "ssl", "stevedore",
        "subprocess", "tempfile",
    }  # fmt: skip
    assert "palyra_kernel.cli.reveal" in modules
    assert not {name for name in modules if any(name == one or name.startswith(f"{one}.") for one in heavy)}
    assert not {name for name in modules if name.startswith("palyra_kernel.cli.")} - {
        f"palyra_kernel.cli.{name}"
        for name in ("start", "core_dumps", "outcome", "plain", "context", "files", "reveal")
    }
