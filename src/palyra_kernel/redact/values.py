"""Is what stands behind a secret's name its value, or a word about it, a piece of code, something in its place?"""

from __future__ import annotations

import re

from palyra_kernel.redact.names import Says, forms, looks_secret, says

_OTHER = re.compile(r"[^a-z0-9]")
_WORDS = frozenset(
    re.findall(
        r"\S+",
        """absent accepted added any array base64 basic bearer bool boolean byte bytes cannot changed char correct
        created default deleted denied disabled empty enabled encrypted expired false found given hidden ignored
        incorrect int integer invalid is isn't list lost masked mismatch missing must n/a nil no none not null
        number object ok omitted optional present private provided public redacted refused rejected removed required
        reset revoked rotated self set shown str string text true type undefined unknown unset unused updated uuid
        valid value varchar void was weak wrong yes""",
    )
)
"""What is said about a secret. Who has one of these words as a password has it shown."""
_STAND_INS = (
    *("<redacted", "global/", "principal:", "channel:", "skill:", "vault://", "env://", "file://", "exec://"),
    *("${", "$(", "{{", "%("),
)
_STAND_IN = re.compile(
    r"([*xX.#_\u2022-])\1{2,}|\*{3}.*|\*|\?|\u2026|\$\d|(?:%[sdr][:/@]?)+|\{\}|\$[A-Z_][A-Z0-9_]*|%[A-Z_]+%|\{[A-Za-z_][\w.]*\}"
    r"|<[^<>]*>|\[[A-Za-z_ ]+\]|(?i:your)[-_ ].*",
    re.DOTALL,
)
"""What stands in place of a value: redaction, references, templates."""
_CODE = re.compile(
    r"await|new|lambda|function|return"
    r"|[A-Za-z_$][\w$]*+(?:(?:\.|::|->)[A-Za-z_$][\w$]*+)*+(?:[(\[{]|[(\[{](?!\d+[)\]}]).*[)\]}](?:\.\w*+)*+[(\[]?)"
    r"|&(?:str\b|mut\b|self\b|\[|[A-Z]\w*+\Z).*"
    r"|(?:self|this|os|env|settings|config|conf|cfg|args|opts|options|params|request|req|process|user|data|ctx)"
    r"(?:\.|->)[A-Za-z_].*",
    re.DOTALL,
)
_CALL = re.compile(r"[A-Za-z_][\w.]{2,}+[(\[][^()\[\]]*+")
"""A call whose arguments go on."""
_TYPE = re.compile(r"[A-Z][a-z]\w*(?:Buffer|Bytes|Key|Password|Ref|Secret|Str|String|Token|Type|Value)")
_VARIABLE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_SENTENCE = re.compile(
    r"(?:must|is|are|was|cannot|can't|should|may not|has to|does not|do not|will be|too|at least|your|the|this|enter"
    r"|please|invalid|choose|forgot|confirm)\s",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s,:;\\[\]{}()]*+")
"""What stands between two texts: the quote in front of it was an end."""
_WORDLIKE = re.compile(r"[A-Za-z]++(?:[-_./:](?:[A-Za-z]++|\d{1,4}(?!\d)))*+|(?:[A-Z]?[a-z]{2,}+)++")
_PLACE = re.compile(r"(?:[a-z][a-z0-9+.-]*+://|\.{0,2}/|~/|[A-Za-z]:\\)", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*[.!?\u2026:]?")
_AMOUNT = re.compile(r"\d{1,4}(?:[-\u2013.]\d{1,4})?")
_MIXED = re.compile(r"(?=[^\W\d_]*+\d)(?=\d*+[^\W\d_])[\w.~+/=-]{6,}+")
_LAST = re.compile(
    r"[^\S\r\n]*+(?:[\r\n,;|}\])#<]|\\+[nrt\"']|//|--|\Z)|[\"'`](?![^\W_])"
    r"|[^\S\r\n]++[\"']?[\w.-]++[\"']?[^\S\r\n]*+[:=]"
)
"""Nothing of a sentence follows: the end of a line or list, a comment, or the next pair."""


def is_value(
    name: str, meaning: Says, value: str, *, quoted: bool, spaced: bool, text: str, end: int
) -> bool:
    """Whether *value*, which ends at *end* of *text*, is the secret that *name* announces.

    *spaced*: it stands behind a colon and a space, as words do too.
    """
    if is_stand_in(value) or repeats(name, value):
        return False
    if not quoted and _is_code(value, text[end : end + 1]):
        return False
    if meaning is Says.PERHAPS:
        return _is_token(name, value)
    if quoted:
        return not (_SENTENCE.match(value) or _BETWEEN.fullmatch(value))
    if spaced and (
        value[0] == "#" or _TYPE.fullmatch(value) or ("/" in value and _WORDLIKE.fullmatch(value))
    ):
        return False  # a comment, a type, and `no such secret: prod/database`
    if spaced and name.lower() == "pass":
        return is_mixed(value)  # tests pass, and so do trains
    return not spaced or _is_alone(value, text, end)


def is_stand_in(value: str) -> bool:
    """Whether *value* is none: a word about it, a reference, a template, or a mask."""
    return (
        value.lower().rstrip(".,!?:)") in _WORDS
        or value.startswith(_STAND_INS)
        or _STAND_IN.fullmatch(value) is not None
    )


def repeats(name: str, value: str) -> bool:
    """Whether *value* says *name* again: ``API_KEY=api_key``, ``self.password = password``."""
    said = _OTHER.sub("_", value.lower()).lstrip("_")
    return bool(said) and any(form == said or form.endswith(f"_{said}") for form in forms(name))


def is_mixed(value: str) -> bool:
    """Whether *value* has letters and digits, as names seldom have: 6 characters and more."""
    return _MIXED.fullmatch(value) is not None


def _is_code(value: str, after: str) -> bool:
    """Whether *value*, with *after* behind it, is an expression of a program."""
    inner = value.lstrip("([{\\").rstrip("\\")
    if not inner or _CODE.fullmatch(inner) or (_CALL.fullmatch(inner) and after in (",", '"', "'", " ")):
        return True
    return _VARIABLE.fullmatch(value) is not None and says(value) is not Says.NOTHING


def _is_token(name: str, value: str) -> bool:
    if _WORDLIKE.fullmatch(value) or _PLACE.match(value):
        return False
    if looks_secret(value):
        return True
    return name.lower().endswith("token") and is_mixed(value)


def _is_alone(value: str, text: str, end: int) -> bool:
    """Prose goes on: ``password: must not be empty``, ``password: 12 characters``. A word with a digit or a sign in it
    is no prose."""
    plain = _LETTERS.fullmatch(value) or _AMOUNT.fullmatch(value)
    return plain is None or _LAST.match(text, end) is not None
