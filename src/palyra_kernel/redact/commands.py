"""Secrets in command lines: ``--password x``, ``curl -u user:x``, ``mysql -px``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from palyra_kernel.redact.names import Says, says
from palyra_kernel.redact.values import is_stand_in, repeats

Span = tuple[int, int]

_BETWEEN = r"""(?:[^\S\r\n]++["']?|["'],\s*+["'])"""
_FLAG = re.compile(rf"""(?<![\w-])(--?)([A-Za-z][\w.-]*+){_BETWEEN}([^\s"'-][^\s"']*+)""")
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\S+",
        """a also an and argument arguments as at be but by can cannot could does flag flags for from has have if in
        instead into is it its may must needs nor not of on only option options or parameter requires should so
        takes than that the then this to unless until use used uses via was when where which while will with without
        would""",
    )
)
_ELSEWHERE = ("pass:", "env:", "file:", "fd:")
"""Where openssl is told to find a password; what is behind ``pass:`` is one."""
_OPTION = re.compile(
    rf"""(?<![\w-])(-[uUpPaN]|--(?:proxy-)?user)(?:{_BETWEEN}|=["']?|["'])?+([^\s"'=-][^\s"']*+)"""
)
_OPTIONS = ("-u", "-U", "-p", "-P", "-a", "-N")
_PROGRAM = re.compile(
    r"(?<![\w-])(curl|xh|https?|mysql(?:dump|admin|import|show)?|mariadb(?:-dump|-admin)?|sshpass|ssh-keygen|mongo(?:sh|dump|restore)?"
    r"|redis-cli|smbclient|(?:docker|podman|helm|nerdctl|oras)[\"',\s]++(?:registry\s++)?login|az[\"',\s]++login|zip|unzip)(?![\w-])"
)
_NEXT_COMMAND = re.compile(r"[|;&\r\n]")
_REACH = 200
"""Characters in front of an option in which its program is looked for."""
_USER = re.compile(r"[^\s:\"'/]*+:(.++)", re.DOTALL)
_SHARE_USER = re.compile(r"[^\s%\"']*+%(.++)", re.DOTALL)
_PASS_SOURCE = re.compile(r"-pass(?:in|out)?\s++pass:(\S++)")
_DSN = re.compile(r"(?<![\w./:-])[\w.-]++:([^\s@/:\"']++)@(?:tcp|udp|unix)\(")


def find_flags(text: str) -> Iterator[Span]:
    """The values of options whose names say that they are secret."""
    for flag in _FLAG.finditer(text):
        if _is_secret(flag[1], flag[2], flag[3]):
            yield flag.span(3)


def find_in_commands(text: str) -> Iterator[Span]:
    """The secrets in arguments of programs that are known by their name."""
    if any(option in text for option in _OPTIONS) and _PROGRAM.search(text):
        yield from _of_programs(text)
    for pattern, gate in ((_PASS_SOURCE, "pass:"), (_DSN, "@")):
        if gate in text:
            yield from (match.span(1) for match in pattern.finditer(text))


def _is_secret(dashes: str, name: str, value: str) -> bool:
    meaning = says(name)
    if dashes == "-" and (meaning is not Says.SURELY or len(name) < 4):
        return False
    if (
        meaning is Says.NOTHING
        or value.lower().rstrip(".,;:)") in _FUNCTION_WORDS
        or value.startswith(_ELSEWHERE)
    ):
        return False
    return not (
        is_stand_in(value) or repeats(name, value) or (value.isupper() and says(value) is not Says.NOTHING)
    )


def _of_programs(text: str) -> Iterator[Span]:
    for option in _OPTION.finditer(text):
        before = text[max(0, option.start() - _REACH) : option.start()]
        program = _PROGRAM.search(_NEXT_COMMAND.split(before)[-1])
        start = option.start(2) + _skipped(program[1], option) if program else -1
        if program and start >= option.start(2) and not is_stand_in(text[start : option.end()]):
            yield start, option.end()


def _skipped(program: str, option: re.Match[str]) -> int:
    """Characters of the argument in front of the secret; -1 if there is none in it."""
    flag, argument = option[1], option[2]
    attached = option.end(1) == option.start(2)
    if program in ("curl", "xh", "http", "https"):
        match = _USER.fullmatch(argument) if flag in ("-u", "-U", "--user", "--proxy-user") else None
        return match.start(1) if match else -1
    if program == "smbclient":
        match = _SHARE_USER.fullmatch(argument) if flag == "-U" else None
        return match.start(1) if match else -1
    if program == "redis-cli":
        return 0 if flag == "-a" else -1
    if program.startswith(("mysql", "mariadb")):
        return 0 if flag == "-p" and attached else -1
    if program in ("zip", "unzip"):
        return 0 if flag == "-P" else -1
    if program == "ssh-keygen":
        return 0 if flag == "-N" else -1
    return 0 if flag == "-p" else -1
