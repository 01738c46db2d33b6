"""Secrets in command lines: ``--password x``, ``curl -u user:x``, ``mysql -px``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from palyra_kernel.redact.names import Says, says
from palyra_kernel.redact.values import is_stand_in, repeats

Span = tuple[int, int]

_BETWEEN = r"""(?:[^\S\r\n]++["']?|["'],\s*+["'])"""
_FLAG = re.compile(rf"""(?<![\w-])(--?)([A-Za-z][\w.-]*+){_BETWEEN}([^\s"'`-][^\s"'`]*+)(?!["']\s*+:)""")
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
    rf"""(?<![\w-])(-[uUpPaN]|--(?:proxy-)?user)(?:{_BETWEEN}|=["']?|["'])?+([^\s"'`=,;)\\-][^\s"'`]*+)"""
)
_OPTIONS = ("-u", "-U", "-p", "-P", "-a", "-N")
_PROGRAM = re.compile(
    r"""(?<![\w-])(curl|xh|https?|smbclient|redis-cli|ssh-keygen|zip|unzip|sshpass|mongo(?:sh|dump|restore)?
    |mysql(?:dump|admin|import|show)?|mariadb(?:-dump|-admin)?
    |(?:docker|podman|helm|nerdctl|oras|az)["',\s]++(?:registry\s++)?login)(?![\w-])""",
    re.VERBOSE,
)
_WHOLE = re.compile(r"(.++)", re.DOTALL)
_BEHIND_COLON = re.compile(r"[^\s:\"'/]*+:(.++)", re.DOTALL)
_BEHIND_PERCENT = re.compile(r"[^\s%\"']*+%(.++)", re.DOTALL)
_ARGUMENTS = (
    (("curl", "xh", "http"), ("-u", "-U", "--user", "--proxy-user"), _BEHIND_COLON),
    (("smbclient",), ("-U",), _BEHIND_PERCENT),
    (("redis-cli",), ("-a",), _WHOLE),
    (("ssh-keygen",), ("-N",), _WHOLE),
    (("zip", "unzip"), ("-P",), _WHOLE),
    (("",), ("-p",), _WHOLE),
)
"""Of which programs which options have a secret in their argument, and where in it; the first that fits counts."""
_ATTACHED = ("mysql", "mariadb")
"""Here ``-p word`` asks for the password, and names a database."""
_NEXT_COMMAND = re.compile(r"[|;&\r\n]")
_REACH = 200
"""Characters in front of an option in which its program is looked for."""
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
        secret = _secret_of(program[1], option) if program else None
        if secret and not is_stand_in(secret[1]):
            yield option.start(2) + secret.start(1), option.end()


def _secret_of(program: str, option: re.Match[str]) -> re.Match[str] | None:
    if program.startswith(_ATTACHED) and option.end(1) != option.start(2):
        return None
    flags, form = next((flags, form) for names, flags, form in _ARGUMENTS if program.startswith(names))
    return form.fullmatch(option[2]) if option[1] in flags else None
