"""Values that are secrets because of what they are called: assignments, headers, elements, pairs of name and value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from palyra_kernel.redact.commands import find_flags, find_in_commands
from palyra_kernel.redact.names import Says, says
from palyra_kernel.redact.values import is_mixed, is_stand_in, is_value

Span = tuple[int, int]

_HINTS = re.findall(
    r"\S+",
    """auth bearer cookie cred key pass pw secret sess sig sid token vault identified
    contrase haslo hasło heslo jelszó kennwort lösenord parola senha şifre
    wachtwoord пароль 비밀번호 암호 パスワード 口令 密码 密碼""",
)
"""What stands in every text in which something is called a secret."""
_ASSIGNED = re.compile(  # possessive, here and below: time stays linear
    r"""(?<![\w.-])([\w.-]++)\\?["']?([^\S\r\n]*+(?::(?!//|:)=?|=(?![=~])>?|\uff1a|%3[dDaA])[^\S\r\n]*+)"""
)
_PLAIN = r"""[^\s,;&"'`<>\\\uff0c\u3002\uff1b\u3001]|&(?![\w.%-]{0,64}+=)|\\(?![nrt"'])"""
_VALUE = re.compile(
    r"""(?:\[[^\S\r\n]*+(?=["']))?[bfru]?(?:
        \\"((?:[^"\\\r\n]|\\(?!")[^\r\n])++)(?:\\"|\Z)  # inside JSON that is quoted itself
        |(?:"{3}|"(?!"))((?:[^"\\\r\n]|\\[^\r\n])++)(?:"|(?<=\w)\Z)  # a text may be cut
        |(?:'{3}|'(?!'))((?:[^'\\\r\n]|\\[^\r\n])++)(?:'|(?<=\w)\Z)
        |[|>][+-]?\d?[^\S\r\n]*+\r?\n[^\S\r\n]++([^\r\n]++)  # a block of YAML
    )|((?:"""
    + _PLAIN
    + r"""){1,256}+)""",
    re.VERBOSE,
)
_REST = re.compile(rf"(?:{_PLAIN})*+")
"""Of a value without quotes that is longer: what is refused must not be read again and again."""
_UNQUOTED = 5
_CLOSES = {")": "(", "]": "[", "}": "{"}
_HEADER = re.compile(
    r"""(?i)(?<![\w-])(?:
        (?:proxy-)?authorization[\\"']{0,3}:\s*+[\\"']{0,3}(?:
            ((?:basic|bearer|token|apikey|negotiate|ntlm)\s++[^\s"'\\,;]++)  # then something else may follow
            |((?:digest|aws4-[\w-]++|oauth|hawk)\s[^\r\n\\]++)
            |([^\s"'\\,;]++)(?![^\S\r\n]*+\w)
        )
        |(?:set-)?cookie[\\"']{0,3}:\s*+[\\"']{0,3}([^\s=;,"'\\]{1,128}+=[^\r\n"'\\]++)
    )""",
    re.VERBOSE,
)
_ELEMENT = re.compile(r"<(?:[\w.-]++:)?+([\w.-]++)(?:\s[^<>]*+)?+>([^<>]++)</")
_PAIR = re.compile(
    r"""(?i)(?<!\w)(?:key|name)["']?\s*+[=:]\s*+["']?([\w.-]++)["']?[\s,]*+["']?(?:value|default)["']?\s*+[=:]\s*+"""
    r"""(?:"([^"\r\n]++)|'([^'\r\n]++)|([^\s"',;<>]++))"""
)
_TUPLE = re.compile(r"""[(\[]\s*+["']([\w.-]++)["']\s*+,\s*+b?["']([^"'\r\n]++)["']\s*+,?\s*+[)\]]""")
_FORM_PART = re.compile(r"""name="([\w.-]++)"(?:\\r)?(?:\r?\n|\\n){2,4}([^\r\n\\]++)""")
_SAID = re.compile(r"""(?i)\b(?:identified\s++by|password|passphrase)\s++(?:"([^"\r\n]++)"|'([^'\r\n]++)')""")
_NETRC = re.compile(r"\blogin\s++\S++\s++password\s++(\S++)")


def find_named(text: str) -> Iterator[Span]:
    """Where values of secret names stand in *text*: ``name=value``, ``"name": "value"``, ``Cookie: a=b; c=d``,
    ``<name>value</name>``, ``--name value``."""
    lowered = text.lower()
    if any(hint in lowered for hint in _HINTS):
        for header in _HEADER.finditer(text):
            if not is_stand_in(header[header.lastindex or 0].split()[-1]):
                yield header.span(header.lastindex or 0)
        yield from _assigned(text)
        for called in (_ELEMENT, _PAIR, _TUPLE, _FORM_PART):
            yield from _called(called, text)
        for said in (_SAID, _NETRC):
            yield from (match.span(match.lastindex or 0) for match in said.finditer(text))
        yield from find_flags(text)
    yield from find_in_commands(text)


def _assigned(text: str) -> Iterator[Span]:
    position = 0
    while assigned := _ASSIGNED.search(text, position):
        position = assigned.end()  # what stands behind another name may be a name
        meaning = says(assigned[1], text[max(0, assigned.start() - 16) : assigned.start()])
        if meaning is Says.NOTHING or text[max(0, assigned.start() - 3) : assigned.start()] == "://":
            continue
        value = _VALUE.match(text, position)
        if value is None or _closes(text, assigned):
            continue
        group = value.lastindex or 0
        end = _end(text, assigned, value) if group == _UNQUOTED else value.end(group)
        spaced = (assigned[2][-1].isspace() and ":" in assigned[2]) or "\uff1a" in assigned[2]
        quoted = group != _UNQUOTED
        content = text[value.start(group) : end]
        if is_value(assigned[1], meaning, content, quoted=quoted, spaced=spaced, text=text, end=end):
            if not quoted and end == value.end() and (rest := _REST.match(text, end)):
                end = rest.end()
            yield value.start(group), end
            position = end


def _closes(text: str, assigned: re.Match[str]) -> bool:
    """Whether the quote behind a pair of name and sign is the one in front of it: ``input("Password: ")``."""
    before = text[max(0, assigned.start() - 2) : assigned.start()]
    quote = before if before.startswith("\\") else before[-1:]
    if quote not in ('"', "'", '\\"', "\\'"):
        return False
    return quote not in assigned[0] and text.startswith(quote, assigned.end())


def _end(text: str, assigned: re.Match[str], value: re.Match[str]) -> int:
    """Where a value without quotes ends: not with a bracket that was opened before it, nor behind the fragment or the
    escaped sign that ends a pair in a URL."""
    content = value[_UNQUOTED]
    if assigned[2].startswith("%"):
        content = content.partition("%26")[0]
    if text[max(0, assigned.start() - 1) : assigned.start()] in ("?", "&"):
        content = content.partition("#")[0]
    while content and content[-1] in _CLOSES and _CLOSES[content[-1]] not in content:
        content = content[:-1]
    return value.start(_UNQUOTED) + len(content)


def _called(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        group = match.lastindex or 0
        meaning, value = says(match[1]), match[group]
        if pattern is _TUPLE and not is_mixed(value):
            continue  # `["password", "token"]` is a list of names
        if meaning is not Says.NOTHING and is_value(
            match[1], meaning, value, quoted=True, spaced=False, text=text, end=match.end()
        ):
            yield match.span(group)
