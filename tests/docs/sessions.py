"""Console sessions on pages: run in a throwaway home, and compared with what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.docs.terminal import on_terminal

_ULID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
_CHANGING = (
    (_ULID.pattern, "APPROVAL"),
    (r"PALYRA-RECOVERY(-[A-Z2-7]{1,5})+", "KEY"),
    (r"([A-Z2-7]{5}-){5}[A-Z2-7]\b", "SIGNER"),
    (r"\b[0-9a-f]{32}\b", "ID"),
    (r"\b[0-9a-f]{16}\b", "FINGERPRINT"),
    (r"\b[0-9a-f]{8}\b", "SLOT"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME"),
    (r"\b\d+ bytes", "N bytes"),
    (r"\buser:\d+\b", "user:UID"),
    (r"(?<=\S) {2,}(?=\S)", "  "),
)
"""What differs from run to run, or from user to user: keys, ids, times, sizes, names, and the width of columns."""


def environment(home: Path) -> dict[str, str]:
    """The variables of a person whose home is *home* and who has ``palyra`` on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "PALYRA_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "HOME": str(home), "PATH": path}


def ran(shown: str, home: Path, typed: Mapping[str, Sequence[str]] | None = None) -> str:
    """Run each line of *shown* that starts with ``$`` in *home*; return the session as it went. All must succeed.

    A command that begins with one in *typed* runs on a terminal, where that is typed. An approval that a command names
    is the one that was shown last.
    """
    lines: list[str] = []
    approval = ""
    for command in re.findall(r"^\$ (.*)$", shown, re.MULTILINE):
        real = _ULID.sub(approval, command)
        answers = [each for begin, each in (typed or {}).items() if command.startswith(begin)]
        if answers:
            done = on_terminal(real, answers[0], environment(home), home)
        else:
            done = subprocess.run(
                ["sh", "-c", real],
                capture_output=True,
                text=True,
                env=environment(home),
                cwd=home,
                check=False,
            )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        output = done.stdout
        approval = (_ULID.findall(output) or [approval])[-1]
        lines.append(f"$ {command}\n{output}" + ("\n" if output and not output.endswith("\n") else ""))
    return normal("".join(lines), home)


def normal(text: str, home: Path | None = None) -> str:
    """*text* without what differs from run to run; the reader's home is not ours."""
    if home is not None:
        text = text.replace(str(home), "~")
    for pattern, word in _CHANGING:
        text = re.sub(pattern, word, text)
    return text
