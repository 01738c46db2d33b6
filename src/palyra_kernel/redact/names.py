"""Names that mean a secret, values that look like one, and both together: assignments, headers, query pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKERS = (
    *(
        "access_token",
        "api_key",
        "apikey",
        "authorization",
        "bearer",
        "client_secret",
        "cookie",
        "credential",
    ),
    *(
        "password",
        "private_key",
        "refresh_token",
        "secret",
        "session",
        "set_cookie",
        "signature",
        "sig",
        "token",
    ),
    *("vault_ref", "x_amz_credential", "x_amz_security_token", "x_amz_signature"),
    *("x_goog_credential", "x_goog_signature"),
)
_WEAK = ("cookie", "credential", "session", "signature", "sig", "token", "vault_ref", "bearer")
"""Markers that stand in ordinary names too (``tokens``, ``design``, ``session_count``)."""
_SHORT = "sig"
_STRONG = tuple(marker for marker in _MARKERS if marker not in _WEAK)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]")
_LOOKS = ("bearer", "sk-", "ghp_", "github_pat_", "xox")
_WORD_CHARACTERS = re.compile(r"[A-Za-z0-9_-]")
_STAND_INS = ("<redacted", "vault://", "env://", "file://", "exec://", "${", "$(", "{{", "***", "...")
"""What stands in place of a value: redaction, references, templates."""

_GATE = re.compile(
    r"authorization|bearer|cookie|credential|key|password|secret|session|sig|token|vault", re.IGNORECASE
)
_ASSIGNED = re.compile(  # possessive, here and below: time stays linear
    r"""(?<![\w.-])([\w.-]++)\\?["']?(\s*+(?::(?!//|:)|=>?)\s*+)"""
)
_VALUE = re.compile(
    r"""[bru]?(?:
        \\"((?:[^"\\\r\n]|\\(?!")[^\r\n])++)  # inside JSON that is quoted itself
        |"{1,3}((?:[^"\\\r\n]|\\[^\r\n])++)
        |'{1,3}((?:[^'\\\r\n]|\\[^\r\n])++)
    )|((?:[^\s,;&"'<>\\]|\\(?![nrt"']))++)""",
    re.VERBOSE,
)
_UNQUOTED = 4
_HEADER = re.compile(
    r"(?i)(?<![\w-])(?:proxy-)?(?:authorization|(?:set-)?cookie)[\"']?:\s*+[\"']?([^\r\n\"'\\]++)"
)


def is_secret_name(name: str) -> bool:
    """Whether the value of a variable, member, header or parameter of this *name* is a secret: one of 23 markers
    stands in it, whatever its case and with any other character for ``_``. ``sig`` has to be a word of its own:
    a signer or a design is no secret."""
    return any(_has(form, _MARKERS) for form in _forms(name))


def looks_secret(value: str) -> bool:
    """Whether *value* looks like a token: 16 characters and more without white space, 6 of them of ``A-Z a-z 0-9 _ -``;
    or it says so."""
    lowered = value.lower()
    if lowered.startswith(_LOOKS) or "secret" in lowered:
        return True
    return len(value) >= 16 and value.split() == [value] and len(_WORD_CHARACTERS.findall(value)) >= 6


def find_named(text: str) -> Iterator[tuple[int, int]]:
    """Where values of secret names stand in *text*: ``name=value``, ``"name": "value"``, ``Cookie: a=b; c=d``."""
    if not _GATE.search(text):
        return
    for header in _HEADER.finditer(text):
        yield header.span(1)
    position = 0
    while assigned := _ASSIGNED.search(text, position):
        position = assigned.end()  # what stands behind another name may be a name
        if is_secret_name(assigned[1]) and (value := _VALUE.match(text, position)):
            group = value.lastindex or 0
            if _is_value(assigned[1], assigned[2], value[group], quoted=group != _UNQUOTED):
                yield value.span(group)
                position = value.end()


def _is_value(name: str, separator: str, value: str, *, quoted: bool) -> bool:
    if value.startswith(_STAND_INS) or _OTHER.sub("_", value.lower()) in _forms(name):
        return False
    strong = any(_has(form, _STRONG) for form in _forms(name))
    prose = not quoted and separator.startswith(":") and separator != ":"  # "password: must not be empty"
    return looks_secret(value) or (strong and not prose)


def _forms(name: str) -> tuple[str, str]:
    return _OTHER.sub("_", name.lower()), _OTHER.sub("_", _CAMEL.sub("_", name).lower())


def _has(form: str, markers: tuple[str, ...]) -> bool:
    return any(marker in form if marker != _SHORT else marker in form.split("_") for marker in markers)
