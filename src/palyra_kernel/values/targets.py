"""What may stand behind ``vault://``, ``env://``, ``file://`` and ``exec://``; plugins have rules of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from palyra_kernel.errors import InvalidInputError
from palyra_kernel.values.refs import VaultRef

MAX_PATH_BYTES = 4096
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}", re.ASCII)
_COMMAND = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE_IN_PATH = "/:@!$&'()*+,;=-._~"


def check_vault(rest: str) -> str:
    """``SCOPE/KEY?version=N#FIELD``, see :class:`VaultRef`."""
    try:
        return str(VaultRef.parse(f"vault://{rest}")).removeprefix("vault://")
    except InvalidInputError:
        pass  # its message quotes what it was given
    raise invalid("vault:// is followed by SCOPE/KEY or KEY, then perhaps ?version=N and #FIELD")


def check_env(rest: str) -> str:
    """``NAME``: the name of a variable, 1 to 256 bytes, and perhaps ``#FIELD``."""
    name, hash_sign, field = rest.partition("#")
    if not is_variable(name):
        raise invalid("env:// is followed by the name of a variable")
    return f"{name}#{field}" if hash_sign else name


def check_file(rest: str) -> str:
    """``/ABSOLUTE/PATH``, percent-encoded as in RFC 8089 (always ``%``, ``?`` and ``#``), and perhaps ``#FIELD``."""
    path, hash_sign, field = rest.partition("#")
    if "?" in path:
        raise invalid("a file reference has no query; write %3F for a question mark")
    plain = decode_path(path)
    return quote(plain, safe=_SAFE_IN_PATH) + (f"#{field}" if hash_sign else "")


def decode_path(encoded: str) -> str:
    """The path that a file reference means."""
    if _BARE_PERCENT.search(encoded):
        raise invalid("in a file reference % begins %XX; write %25 for a percent sign")
    try:
        path = unquote(encoded, errors="strict")
        size = len(path.encode())
    except UnicodeError:  # it holds the path: ours is raised outside, or would carry it
        path, size = "", 0
    if not path:
        raise invalid("file:// is followed by an absolute path in UTF-8")
    if not path.startswith("/") or "\0" in path or size > MAX_PATH_BYTES:
        raise invalid(f"file:// is followed by an absolute path of at most {MAX_PATH_BYTES} bytes")
    if any(step in ("..", ".", "") for step in path[1:].split("/")):
        raise invalid("the path of a file reference has no '.', '..' or empty step")
    return path


def check_exec(rest: str) -> str:
    """``NAME`` or ``NAME#ID``: the name of a configured command, and what it is asked for."""
    name, hash_sign, wanted = rest.partition("#")
    if not _COMMAND.fullmatch(name):
        raise invalid("exec:// is followed by the name of a command in palyra.toml, not by a command line")
    return f"{name}#{wanted}" if hash_sign else name


BUILT_IN: Mapping[str, Callable[[str], str]] = {
    "vault": check_vault,
    "env": check_env,
    "file": check_file,
    "exec": check_exec,
}
"""Scheme to the function that checks what follows ``://`` and returns its canonical form."""


def is_variable(name: str) -> bool:
    """Whether *name* can be the name of an environment variable."""
    return _VARIABLE.fullmatch(name) is not None


def invalid(message: str) -> InvalidInputError:
    """The error for a reference that is not one. It quotes nothing: what is mistaken for one may be a secret."""
    return InvalidInputError(
        "invalid_reference",
        message,
        hint="vault://KEY, env://NAME, file:///PATH, exec://COMMAND, or the scheme of an enabled plugin",
    )
