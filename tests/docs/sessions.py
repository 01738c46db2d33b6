"""Console sessions on pages: run in a throwaway home, and compared with what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_CHANGING = (
    (r"PALYRA-RECOVERY(-[A-Z2-7]{1,5})+", "KEY"),
    (r"([A-Z2-7]{5}-){5}[A-Z2-7]\b", "SIGNER"),
    (r"\b[0-9a-f]{32}\b", "ID"),
    (r"\b[0-9a-f]{16}\b", "FINGERPRINT"),
    (r"\b[0-9a-f]{8}\b", "SLOT"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME"),
    (r"\b\d+ bytes", "N bytes"),
)
"""What differs from run to run: keys, ids, times and sizes."""


def environment(home: Path) -> dict[str, str]:
    """The variables of a person whose home is *home* and who has ``palyra`` on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PALYRA_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "HOME": str(home), "PATH": path}


def ran(shown: str, home: Path) -> str:
    """Run each line of *shown* that starts with ``$`` in *home*; return the session as it went. All must succeed."""
    lines = []
    for command in re.findall(r"^\$ (.*)$", shown, re.MULTILINE):
        done = subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            env=environment(home),
            cwd=home,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
        output = done.stdout
        lines.append(f"$ {command}\n{output}" + ("\n" if output and not output.endswith("\n") else ""))
    return normal("".join(lines), home)


def normal(text: str, home: Path | None = None) -> str:
    """*text* without what differs from run to run; the reader's home is not ours."""
    if home is not None:
        text = text.replace(str(home), "~")
    for pattern, word in _CHANGING:
        text = re.sub(pattern, word, text)
    return text
